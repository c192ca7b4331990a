// The CPU device: float32, convolutions and matrix products by oneDNN, everything else by own
// vectorised loops threaded with OpenMP. Maps lie in channel blocks (engine/cpu/channels.h).
//
// Own loops and forward and backward-data convolutions give the same bits for every number of
// threads. oneDNN's filter gradients and matrix products may not, so a run records its number of
// threads.
#pragma once

#include "engine/device.h"

namespace facet {

class CpuDevice final : public Device {
public:
    std::string name() const override { return "cpu"; }
    std::string description() const override;
    DType dtype() const override { return DType::F32; }
    int64_t channel_block() const override;

    // cpu_device.cpp: convolution, matrix product; batch_norm.cpp; rows.cpp: all else
#include "engine/primitives.def"
    double sum_of_squares(const Tensor& x) override;
};

}  // namespace facet
