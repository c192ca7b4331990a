// A learner with random images and labels: the training step that the benchmarks time.
#pragma once

#include <memory>
#include <vector>

#include "engine/ledger.h"
#include "tools/bench/bench.h"
#include "train/learner.h"

namespace facet::bench {

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
