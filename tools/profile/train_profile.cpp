#include "tools/profile/train_profile.h"

namespace facet::profile {

TrainProfile::TrainProfile(OutputFolder folder, int64_t skip, int64_t count)
    : folder_(std::move(folder)), skip_(skip), count_(count) {
    report_.peaks = measure_peaks();
}

TrainProfile::~TrainProfile() {
    if (ledger_is_on()) ledger_stop();
}

// A step lasts from the end of the one before it to its own: waiting for pictures, logging and
// checkpoints are parts of it.
void TrainProfile::after_step() {
    ++seen_;
    if (seen_ == skip_) {
        ledger_start();
        step_start_ = ledger_now();
    } else if (seen_ > skip_ && seen_ <= skip_ + count_) {
        const int64_t now = ledger_now();
        steps_.emplace_back(step_start_, now);
        step_start_ = now;
        if (seen_ == skip_ + count_) stop();
    }
}

void TrainProfile::stop() { report_.recording.add(ledger_stop(), steps_); }

std::string TrainProfile::finish(const std::string& title, const std::string& device,
                                 const Learner& learner, int64_t batch) {
    if (ledger_is_on()) stop();
    report_.title = title;
    report_.device = device;
    report_.batch = batch;
    report_.flops = check_flops(report_.recording, learner.network(), batch);
    write_report(folder_, report_);
    return fmt::format("profile of {} steps, {:.1f} ms each, {:.1f} % accounted for: {}",
                       report_.recording.steps().size(), report_.recording.step_seconds() * 1e3,
                       100 * report_.accounted(), folder_.path().string());
}

}  // namespace facet::profile
