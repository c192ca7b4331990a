// Which images make which batch.
//
// Plain: an epoch is a random order of all images, drawn from (seed, epoch); step s takes positions
// s * B .. s * B + B - 1 of it. The images of the last, incomplete batch are dropped: a different
// few every epoch.
//
// Balanced, K images of each person: a batch holds B / K different people with K images each, one
// person's side by side. People come in rounds: all of them in random order, B / K a batch; those
// left over sit the round out. Each person has a deck, their images in random order, which deals K
// at a time and is shuffled again when fewer than K are left; somebody with fewer than K images
// gives all of them, and again from the first until there are K. So people, not images, come
// equally often. An epoch has as many batches as a plain one and follows from (seed, epoch).
//
// Nothing is remembered between batches, so (epoch, step) is all it takes to go on after an
// interruption.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace facet {

// Throws UsageError unless K >= 2 divides the batch into at least two people.
void check_balance(int64_t batch, int64_t per_person);

class Sampler {
public:
    // Throws UsageError unless 1 <= batch <= images.
    Sampler(uint64_t images, int batch, uint64_t seed);

    // Balanced. labels (N), not negative. Throws UsageError as check_balance does, and for a batch
    // of more people than have images.
    Sampler(std::span<const int32_t> labels, int batch, int per_person, uint64_t seed);

    int batch() const { return batch_; }
    int64_t steps_per_epoch() const { return static_cast<int64_t>(images_) / batch_; }

    // The images of a batch, positions in the data set. Epochs and steps count from 0. The span is
    // valid until the next call. Throws Error for a step that the epoch does not have.
    std::span<const uint32_t> indices(int64_t epoch, int64_t step);

private:
    void shuffle(int64_t epoch);
    void shuffle_balanced(int64_t epoch);

    uint64_t images_;
    int batch_, per_person_ = 0;
    uint64_t seed_;
    int64_t epoch_ = -1;                         // whose order `order_` holds
    std::vector<uint32_t> order_;                // plain (N), balanced (steps per epoch, B)
    std::vector<std::vector<uint32_t>> people_;  // balanced: the images of each person
};

}  // namespace facet
