// The reference device: float64, plain loops, the definition of every primitive.
//
// It is what gradients are checked on and what other devices are tested against, so it is written
// to be read, not to be fast. Maps are stored plainly, (N, C, H, W) in row-major order.
#pragma once

#include "engine/device.h"

namespace facet {

class ReferenceDevice final : public Device {
public:
    std::string name() const override { return "reference"; }
    std::string description() const override { return "float64, plain loops"; }
    DType dtype() const override { return DType::F64; }
    int64_t channel_block() const override { return 1; }

    // reference_convolution.cpp; reference_batch_norm.cpp; reference.cpp: all else
#include "engine/primitives.def"
    double sum_of_squares(const Tensor& x) override;
};

// target = value or target += value.
inline void write(double& target, double value, Grad mode) {
    target = accumulates(mode) ? target + value : value;
}

}  // namespace facet
