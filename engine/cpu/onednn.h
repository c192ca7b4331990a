// Convolutions and matrix products by oneDNN. This is the only file, with onednn.cpp, that sees
// the library: what differs between its versions 2 and 3 stays here.
//
// Primitives are created once a shape and kept, with their scratch memory. Calls come from one
// thread at a time; oneDNN parallelises inside with OpenMP.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/device.h"

namespace facet::onednn {

struct ConvProblem {
    int64_t N, C, H, W;  // input map
    int64_t K, R;        // output channels, kernel size
    int64_t stride, pad;
    bool plain_input;  // x is (N, C, H, W) row-major instead of channel blocks

    auto operator<=>(const ConvProblem&) const = default;
    int64_t out_height() const { return (H + 2 * pad - R) / stride + 1; }
    int64_t out_width() const { return (W + 2 * pad - R) / stride + 1; }
    // Multiply-adds count as two; the same for all three directions.
    double flops() const { return 2.0 * N * K * C * R * R * out_height() * out_width(); }
};

enum class Direction { Forward, BackwardData, BackwardFilter };
const char* name_of(Direction direction);

int channel_block();        // 16 with AVX-512, else 8
std::string description();  // "oneDNN 2.6.3, AVX-512 ..."

// One prepared convolution. Maps are (N, ceil(C/b), H, W, b) with zero padding channels; filters
// are plain (K, C, R, R) and are brought into oneDNN's blocked order inside.
class Convolution {
public:
    // Throws Error when oneDNN has no implementation of this algorithm for the shape.
    Convolution(const ConvProblem& shape, Direction direction, bool winograd);
    ~Convolution();

    // Forward: y from x, w. BackwardData: dx from dy, w. BackwardFilter: dw from x, dy. All
    // overwritten.
    void forward(const float* x, const float* w, float* y);
    void backward_data(const float* dy, const float* w, float* dx);
    void backward_filter(const float* x, const float* dy, float* dw);

    // The primitive alone on the filter of the last call: what a benchmark calls the bare cost.
    void run_bare(const float* map_in, float* map_out);

    const std::string& implementation() const;  // oneDNN's name of the kernel

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

// The prepared convolution for this shape under `conv_algorithm()`; kept for the next call.
Convolution& convolution(const ConvProblem& shape, Direction direction);

// How often each shape has been asked for since the process began: the difference over a step is
// the list of convolutions of a network.
struct ConvUse {
    ConvProblem shape;
    Direction direction;
    int64_t calls;
};
std::vector<ConvUse> convolution_uses();

// Whether oneDNN has Winograd F(4x4, 3x3) for it; what `conv_algorithm()` picks unless it is
// Direct.
bool has_winograd(const ConvProblem& shape, Direction direction);

// Whether it has Winograd at all: oneDNN 2 does with AVX-512, oneDNN 3 has none on x64.
bool offers_winograd();

// Row-major c (M, N) = alpha op(a) op(b) + beta c.
void gemm(bool transpose_a, bool transpose_b, int64_t M, int64_t N, int64_t K, float alpha,
          const float* a, const float* b, float beta, float* c);

// Row-major (N, C, H, W) to and from channel blocks; padding channels are written as zeros.
void to_blocks(const float* plain, int64_t N, int64_t C, int64_t spatial, float* blocked);
void from_blocks(const float* blocked, int64_t N, int64_t C, int64_t spatial, float* plain);

}  // namespace facet::onednn
