// The bare cost of a network: its convolutions and matrix products alone, as the library runs
// them, without anything in between. No step on this library can be faster, so the ratio of a whole
// step to it says what everything else costs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/cpu/onednn.h"
#include "train/learner.h"

namespace facet::bench {

struct Variant {
    std::string name;  // direct | winograd | sgemm
    std::function<void()> run;
    std::vector<double> samples;  // seconds
};

struct BarePrimitive {
    std::string name, shape;  // "conv_forward", "x (64, 3, 64, 64) w (32, 3, 3, 3) stride 1"
    int64_t calls;            // in a step
    double flops;             // of one call
    std::vector<Variant> variants;

    const Variant* variant(const std::string& name) const;  // nullptr if there is none
    double seconds() const;  // of one call: the median of the fastest variant
};

class BareCost {
public:
    // `convolutions`: those of one step, with their calls. The matrix products are those of the
    // learner's matrices for a batch of B: of every W (K, D) the product x W^T, the gradient dy W
    // by x and the gradient dy^T x by W.
    BareCost(const std::vector<onednn::ConvUse>& convolutions, const Learner& learner, int64_t B);

    // Adds a sample to every variant of every primitive.
    void measure();

    double seconds() const;  // of all calls of a step
    const std::vector<BarePrimitive>& primitives() const { return primitives_; }

private:
    void add(const onednn::ConvUse& use);
    void add_products(const Shape& weight, int64_t B);
    void add_product(bool transpose_a, bool transpose_b, int64_t M, int64_t N, int64_t K);

    Tensor first_, second_, result_, filter_;  // as large as the largest primitive needs
    std::vector<BarePrimitive> primitives_;
};

}  // namespace facet::bench
