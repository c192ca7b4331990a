// The convolution that was said to cuDNN, and its computation.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engine/cuda/cudnn_graph.h"
#include "tests/plans/recorder.h"

namespace gpudoubles {

// A tensor as described: sizes N, C, H, W or K, C, R, S, strides in elements in the same order.
struct SaidTensor {
    int64_t id;
    cudnnDataType_t type;  // float or bfloat16
    std::array<int64_t, 4> sizes, strides;
    int64_t alignment;  // bytes

    int64_t element() const { return type == CUDNN_DATA_BFLOAT16 ? 2 : 4; }
    int64_t bytes() const;  // from the first element's first byte to the last one's last
};

struct SaidConvolution {
    facet::cuda::ConvOperation operation;
    SaidTensor x, w, y;
    std::array<int64_t, 2> pads, strides;  // H, W; the pads before the first pixel
    double alpha, beta;
    bool tf32 = false;  // float32 inputs are rounded (tf32.h)
};

// The one convolution of a graph. Throws Misuse for anything else.
SaidConvolution convolution_of(const facet::cuda::Said& graph);

// output = alpha convolution + beta output, summed in float32, rounded once to the output's type.
void convolve(const SaidConvolution& convolution, void* x, void* w, void* y);

}  // namespace gpudoubles
