// A convolution as a cuDNN operation graph: forward, backward-data and backward-filter.
//
// Maps are stored as N, H, W, C (channels innermost), filters as K, R, R, C; sizes are given in the
// order N, C, H, W and K, C, R, R as everywhere in facet. All pointers are aligned to 16 bytes.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "engine/cuda/cudnn_descriptor.h"
#include "engine/device.h"

namespace facet::cuda {

enum class ConvOperation {
    Forward,        // y = x * w
    BackwardData,   // dx from dy, w
    BackwardFilter  // dw from x, dy
};

// How products are formed; sums are float32 in each.
enum class ConvCompute {
    Float32,  // float32 maps and filters, float32 products: no tensor cores
    Tf32,     // float32 maps and filters, products of 10-bit mantissas allowed (tensor cores)
    Bfloat16  // bfloat16 maps and filters, dw too
};

// All that a convolution's plan depends on, but for the device.
struct ConvKey {
    ConvOperation operation;
    ConvCompute compute;
    int64_t N, C, H, W;  // x, dx
    int64_t K, R;        // filters (K, C, R, R)
    int64_t stride, pad;
    Grad mode = Grad::Overwrite;  // of the output

    int64_t out_height() const { return ConvGeometry{stride, pad}.out(H, R); }
    int64_t out_width() const { return ConvGeometry{stride, pad}.out(W, R); }
    auto operator<=>(const ConvKey&) const = default;
};

// One tensor of the graph: logical sizes, stored with the second innermost.
struct ConvTensor {
    cudnnDataType_t type;
    int64_t N, C, H, W;
};

// x or dx, w or dw, y or dy.
struct ConvTensors {
    ConvTensor x, w, y;
};

// The names by which a plan's execution attaches pointers to the tensors, and their alignment.
struct ConvTensorIds {
    static constexpr int64_t x = 1, w = 2, y = 3;
    static constexpr int64_t alignment = 16;  // bytes: one vector load of the kernels
};

// The tensors that a key means. Throws Error when its sizes make no convolution.
ConvTensors conv_tensors(const ConvKey& key);

// The finalised operation: output = convolution + (accumulated ? output : 0). Throws Error when
// cuDNN finds that the tensors do not belong together.
CudnnDescriptor conv_operation(const ConvKey& key, const ConvTensors& tensors);

// The finalised graph of that operation alone.
CudnnDescriptor conv_graph(const ConvKey& key, const ConvTensors& tensors);

const char* to_string(ConvOperation operation);           // "forward"
const char* to_string(ConvCompute compute);               // "float32"
const char* to_string(cudnnBackendNumericalNote_t note);  // "tensor core"
std::string to_string(const ConvKey& key);

}  // namespace facet::cuda
