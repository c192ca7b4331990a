// Class sampling (Partial FC: An et al., "Partial FC: training 10 million identities on a single
// machine", ICCVW 2021; "Killing two birds with one stone", CVPR 2022): a step computes the loss
// over some of the classes only.
//
//   S = {y_i} of the batch, filled up to floor(rate C) with others, uniformly, without replacement
//   L = the loss of (x, w_S) with labels renamed to positions in S
//   dL/dw_j = 0 for j outside S; the optimiser leaves those rows alone
//   (train/optimiser/optimiser.h)
//
// Any class loss may run over a sample, unchanged: it sees n classes. So whatever it reads from a
// whole row ranges over S: the hard classes of sv-softmax, mv-softmax, npcface, curricularface and
// arcneg, the scale of adacos, the negatives of unpg and hm-softmax, the 1/C of proxy-anchor. A
// negative is in S with a probability of about the rate q, so npt's k = 1 sees the true nearest
// proxy in a share q of the rows and otherwise pushes a farther one: at q << 1 it is another loss.
// The value falls with the rate, too, since it counts fewer negatives: values of different rates do
// not compare. docs/class-sampling.md has measurements.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "losses/head/loss.h"

namespace facet {

// Throws UsageError unless 0 < rate <= 1, and for a rate below 1 with a loss that has no proxies.
void check_sampling(const Loss& loss, double rate);

// floor(rate C), at least 1: how many classes a step sees, unless the batch holds more. Throws
// UsageError unless 0 < rate <= 1.
int64_t sampled_classes(int64_t C, double rate);

struct ClassSample {
    std::vector<int64_t> classes;  // (n) ascending
    std::vector<int64_t> labels;   // (B) positions in `classes`; -1 stays -1
};

// Every class of the batch and, if they are fewer than sampled_classes(C, rate), others up to that
// number; if they are more, they alone. What is drawn depends on (seed, step) and the set of
// classes in the batch. O(C). Throws Error for a label outside [-1, C), naming its row.
ClassSample sample_classes(std::span<const int64_t> labels, int64_t C, double rate, uint64_t seed,
                           uint64_t step);

// First values of the loss's state for training on samples of n of C classes: arrays with one value
// a class get C values, everything else starts as for n classes (UniFace's authors start b from the
// number of sampled classes, too).
void prepare_sampled(Loss& loss, int64_t C, int64_t n);

// While it lives, the arrays with one value a class hold those of the sampled classes; afterwards
// all of them again. A call of the loss in between leaves their gradients (n) in order of
// `classes`.
class SampledState {
public:
    // Throws Error for an array that has no value for a sampled class.
    SampledState(State& state, std::span<const int64_t> classes);
    ~SampledState();
    SampledState(const SampledState&) = delete;
    SampledState& operator=(const SampledState&) = delete;

private:
    void exchange();

    struct Exchanged {
        StateArray* array;
        std::vector<double> value;  // (n) before, (C) meanwhile
    };
    std::vector<Exchanged> exchanged_;
};

}  // namespace facet
