// Which images make which batch.
//
// An epoch is a random order of all images, drawn from (seed, epoch); step s takes positions
// s * B .. s * B + B - 1 of it. The images of the last, incomplete batch are dropped: a different
// few every epoch. Nothing is remembered between batches, so (epoch, step) is all it takes to go on
// after an interruption.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace facet {

class Sampler {
public:
    // Throws UsageError unless 1 <= batch <= images.
    Sampler(uint64_t images, int batch, uint64_t seed);

    int batch() const { return batch_; }
    int64_t steps_per_epoch() const { return static_cast<int64_t>(order_.size()) / batch_; }

    // The images of a batch, positions in the data set. Epochs and steps count from 0. The span is
    // valid until the next call. Throws Error for a step that the epoch does not have.
    std::span<const uint32_t> indices(int64_t epoch, int64_t step);

private:
    void shuffle(int64_t epoch);

    int batch_;
    uint64_t seed_;
    int64_t epoch_ = -1;           // whose order `order_` holds
    std::vector<uint32_t> order_;  // (N)
};

}  // namespace facet
