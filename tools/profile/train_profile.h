// Some steps of a real run with the ledger on. The run's numbers do not change.
#pragma once

#include "tools/profile/profile.h"
#include "train/learner.h"

namespace facet::profile {

class TrainProfile {
public:
    // Of the steps to come the first `skip` warm up, the next `count` are recorded. Measures the
    // machine's peaks.
    TrainProfile(OutputFolder folder, int64_t skip, int64_t count);
    ~TrainProfile();  // turns the ledger off

    void after_step();                            // call it after every step of the run
    bool any() const { return !steps_.empty(); }  // steps recorded
    // Writes the report of the steps recorded, at least one, and returns a line about it.
    std::string finish(const std::string& title, const std::string& device, const Learner& learner,
                       int64_t batch);

private:
    void stop();

    OutputFolder folder_;
    int64_t skip_, count_, seen_ = 0;
    int64_t step_start_ = 0;
    std::vector<std::pair<int64_t, int64_t>> steps_;
    Report report_;
};

}  // namespace facet::profile
