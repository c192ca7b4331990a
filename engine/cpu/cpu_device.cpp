#include "engine/cpu/cpu_device.h"

#include <omp.h>

#include "engine/cpu/onednn.h"
#include "engine/shapes.h"

namespace facet {
namespace {

ConvAlgorithm chosen_algorithm = ConvAlgorithm::Auto;

onednn::ConvProblem problem_of(const ConvShape& z, bool plain_input) {
    return {z.N, z.C, z.H, z.W, z.K, z.R, z.stride, z.pad, plain_input};
}

// Images have so few channels that blocks of them would be mostly padding; oneDNN reads up to 4
// channels in plain order.
bool reads_plainly(const Tensor& x) { return x.layout() == Layout::Plain && x.size(1) <= 4; }

// x itself, or its copy in channel blocks.
Tensor in_blocks(const Tensor& x) {
    if (x.layout() == Layout::Map) return x;
    Tensor map(x.device(), x.shape(), Layout::Map);
    x.device().copy(x, map);
    return map;
}

}  // namespace

void set_conv_algorithm(ConvAlgorithm algorithm) { chosen_algorithm = algorithm; }
ConvAlgorithm conv_algorithm() { return chosen_algorithm; }

Device& cpu_device() {
    static CpuDevice device;
    return device;
}

std::string CpuDevice::description() const {
    return fmt::format("float32, {} threads, {}", omp_get_max_threads(), onednn::description());
}

int64_t CpuDevice::channel_block() const { return onednn::channel_block(); }

void CpuDevice::conv_forward(const ConvShape& shape, const Tensor& x, const Tensor& w,
                             ConvGeometry /*g*/, const Tensor& y) {
    const auto problem = problem_of(shape, reads_plainly(x));
    const Tensor from = problem.plain_input ? x : in_blocks(x);
    onednn::convolution(problem, onednn::Direction::Forward)
        .forward(from.data<float>(), w.data<float>(), y.data<float>());
}

void CpuDevice::conv_backward_data(const ConvShape& shape, const Tensor& dy, const Tensor& w,
                                   ConvGeometry /*g*/, const Tensor& dx, Grad mode) {
    const auto problem = problem_of(shape, false);
    const bool direct = dx.layout() == Layout::Map && mode == Grad::Overwrite;
    const Tensor map = direct ? dx : Tensor(*this, dx.shape(), Layout::Map);
    onednn::convolution(problem, onednn::Direction::BackwardData)
        .backward_data(dy.data<float>(), w.data<float>(), map.data<float>());
    if (direct) return;
    Tensor converted = map;
    if (dx.layout() == Layout::Plain) {
        converted = mode == Grad::Overwrite ? dx : dx.like();
        copy(map, converted);
    }
    if (accumulates(mode)) axpby(1, converted, 1, dx);
}

void CpuDevice::conv_backward_filter(const ConvShape& shape, const Tensor& x, const Tensor& dy,
                                     ConvGeometry /*g*/, const Tensor& dw, Grad mode) {
    const auto problem = problem_of(shape, reads_plainly(x));
    const Tensor from = problem.plain_input ? x : in_blocks(x);
    const Tensor target = mode == Grad::Overwrite ? dw : dw.like();
    onednn::convolution(problem, onednn::Direction::BackwardFilter)
        .backward_filter(from.data<float>(), dy.data<float>(), target.data<float>());
    if (accumulates(mode)) axpby(1, target, 1, dw);
}

void CpuDevice::gemm(const GemmShape& shape, Transpose ta, Transpose tb, double alpha,
                     const Tensor& a, const Tensor& b, double beta, const Tensor& c) {
    const auto [M, N, K] = shape;
    onednn::gemm(ta == Transpose::Yes, tb == Transpose::Yes, M, N, K, static_cast<float>(alpha),
                 a.data<float>(), b.data<float>(), static_cast<float>(beta), c.data<float>());
}

}  // namespace facet
