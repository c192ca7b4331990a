#include "tools/bench/workload.h"

#include <nlohmann/json.hpp>

#include "engine/conv_algorithm.h"
#include "engine/random.h"
#include "tools/bench/timing.h"
#include "tools/commands.h"
#include "tools/devices.h"

namespace facet::bench {
namespace {

LearnerConfig config_of(const StepBench& options) {
    LearnerConfig config;
    config.network.backbone = options.backbone;
    config.network.image = options.image;
    config.network.embedding = options.embedding;
    config.head.loss = options.loss;
    for (const std::string& text : options.set) {
        config.head.loss_parameters.push_back(split_assignment(text));
    }
    config.seed = globals().seed;
    return config;
}

}  // namespace

std::string title_of(const StepBench& o) {
    return fmt::format("{} at {} px, batch {}, D {}, {} classes, {}", o.backbone, o.image, o.batch,
                       o.embedding, o.classes, o.loss);
}

nlohmann::ordered_json to_json(const StepBench& o) {
    return {{"backbone", o.backbone},   {"image", o.image},     {"batch", o.batch},
            {"embedding", o.embedding}, {"classes", o.classes}, {"loss", o.loss}};
}

Workload::Workload(const StepBench& options) {
    set_conv_algorithm(conv_algorithm_named("--conv", options.conv));
    Device& device = chosen_device(precision_named("--precision", options.precision));
    const LearnerConfig config = config_of(options);
    learner_ = std::make_unique<Learner>(device, config, options.classes);
    const Loss& loss = learner_->loss();
    refuse_unused(loss.info(), loss.settings(), config.head.loss_parameters);
    Random random(globals().seed, Purpose::Test);
    const Shape shape{options.batch, 3, options.image, options.image};
    std::vector<float> pixels(count(shape));
    for (float& pixel : pixels) pixel = static_cast<float>(random.uniform(-1, 1));
    pixels_ = Tensor::from<float>(device, shape, pixels);
    for (int64_t b = 0; b < options.batch; ++b) {
        labels_.push_back(static_cast<int64_t>(random.below(options.classes)));
    }
}

void Workload::step() {
    // Random labels cannot be learned; a small rate keeps the numbers in their range for ever.
    learner_->step(pixels_, labels_, 1e-4, steps_++);
}

Workload::Costs Workload::costs_of_a_step() {
    ledger_start();
    const double seconds = seconds_of([&] { step(); });
    return {ledger_entries(ledger_stop(), name_and_detail), seconds};
}

}  // namespace facet::bench
