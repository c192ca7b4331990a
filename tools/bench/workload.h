// A learner with random images and labels: the training step that the benchmarks time.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "engine/ledger.h"
#include "tools/bench/bench.h"
#include "train/learner.h"

namespace facet::bench {

// "r10 at 64 px, batch 64, D 256, 1000 classes, cosface", and the same as JSON.
std::string title_of(const StepBench& options);
nlohmann::ordered_json to_json(const StepBench& options);

class Workload {
public:
    // On the device that --device and options.precision choose. Throws UsageError for an unknown
    // backbone, loss or setting.
    explicit Workload(const StepBench& options);

    void step();  // forward, loss, backward, update

    // One step with the ledger on.
    struct Costs {
        std::vector<LedgerEntry> entries;  // by (name, shapes), costliest first
        double seconds;                    // of the whole step
    };
    Costs costs_of_a_step();

    const Learner& learner() const { return *learner_; }
    Device& device() const { return learner_->device(); }

private:
    std::unique_ptr<Learner> learner_;
    Tensor pixels_;  // (B, 3, S, S) in [-1, 1]
    std::vector<int64_t> labels_;
    int64_t steps_ = 0;
};

}  // namespace facet::bench
