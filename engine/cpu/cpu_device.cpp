#include "engine/cpu/cpu_device.h"

#include <omp.h>

#include "engine/cpu/batch_norm.h"
#include "engine/cpu/onednn.h"
#include "engine/flops.h"
#include "engine/ledger.h"
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

template <class... Tensors>
double bytes_of(const Tensors&... tensors) {
    return static_cast<double>(((tensors.defined() ? tensors.bytes() : 0) + ...));
}

std::string describe(const Tensor& x, const Tensor& w, ConvGeometry g) {
    return fmt::format("x {} w {} stride {}", to_string(x.shape()), to_string(w.shape()), g.stride);
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

void CpuDevice::conv_forward(const Tensor& x, const Tensor& w, ConvGeometry g, const Tensor& y) {
    const ConvShape z = conv_shape("conv_forward", x, w, g, y);
    const auto problem = problem_of(z, reads_plainly(x));
    const LedgerScope scope("conv_forward", problem.flops(), bytes_of(x, w, y),
                            [&] { return describe(x, w, g); });
    const Tensor from = problem.plain_input ? x : in_blocks(x);
    onednn::convolution(problem, onednn::Direction::Forward)
        .forward(from.data<float>(), w.data<float>(), y.data<float>());
}

void CpuDevice::conv_backward_data(const Tensor& dy, const Tensor& w, ConvGeometry g,
                                   const Tensor& dx, Grad mode) {
    const ConvShape z = conv_shape("conv_backward_data", dx, w, g, dy);
    const auto problem = problem_of(z, false);
    const LedgerScope scope("conv_backward_data", problem.flops(), bytes_of(dy, w, dx),
                            [&] { return describe(dx, w, g); });
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
    if (mode == Grad::Accumulate) axpby(1, converted, 1, dx);
}

void CpuDevice::conv_backward_filter(const Tensor& x, const Tensor& dy, ConvGeometry g,
                                     const Tensor& dw, Grad mode) {
    const ConvShape z = conv_shape("conv_backward_filter", x, dw, g, dy);
    const auto problem = problem_of(z, reads_plainly(x));
    const LedgerScope scope("conv_backward_filter", problem.flops(), bytes_of(x, dy, dw),
                            [&] { return describe(x, dw, g); });
    const Tensor from = problem.plain_input ? x : in_blocks(x);
    const Tensor target = mode == Grad::Overwrite ? dw : dw.like();
    onednn::convolution(problem, onednn::Direction::BackwardFilter)
        .backward_filter(from.data<float>(), dy.data<float>(), target.data<float>());
    if (mode == Grad::Accumulate) axpby(1, target, 1, dw);
}

void CpuDevice::gemm(Transpose ta, Transpose tb, double alpha, const Tensor& a, const Tensor& b,
                     double beta, const Tensor& c) {
    const auto [M, N, K] = gemm_shape(ta, tb, a, b, c);
    const LedgerScope scope("gemm", 2.0 * M * N * K, bytes_of(a, b, c), [&, M = M, N = N, K = K] {
        return fmt::format("M {} N {} K {}", M, N, K);
    });
    onednn::gemm(ta == Transpose::Yes, tb == Transpose::Yes, M, N, K, static_cast<float>(alpha),
                 a.data<float>(), b.data<float>(), static_cast<float>(beta), c.data<float>());
}

void CpuDevice::batch_norm_train(const BatchNorm& bn, const Tensor& x, const Tensor& addend,
                                 const RunningStatistics& running, const Tensor& mean,
                                 const Tensor& invstd, const Tensor& y) {
    batch_norm_train_shape(bn, x, addend, running, mean, invstd, y);
    // x is read twice: for its statistics and to be normalised.
    const LedgerScope scope(
        "batch_norm_train",
        flops::batch_norm_train(x.count(), bn.slope.defined(), addend.defined()),
        bytes_of(x, x, addend, y), [&] { return to_string(x.shape()); });
    cpu::batch_norm_train(bn, x, addend, running, mean, invstd, y);
}

void CpuDevice::batch_norm_eval(const BatchNorm& bn, const Tensor& x, const Tensor& addend,
                                const RunningStatistics& running, const Tensor& y) {
    batch_norm_eval_shape(bn, x, addend, running, y);
    const LedgerScope scope("batch_norm_eval",
                            flops::batch_norm_eval(x.count(), bn.slope.defined(), addend.defined()),
                            bytes_of(x, addend, y), [&] { return to_string(x.shape()); });
    cpu::batch_norm_eval(bn, x, addend, running, y);
}

void CpuDevice::batch_norm_backward(const BatchNorm& bn, const Tensor& x, const Tensor& mean,
                                    const Tensor& invstd, const Tensor& dy, const Tensor& dgamma,
                                    const Tensor& dbeta, const Tensor& dslope, Grad parameter_mode,
                                    const Tensor& dx, Grad dx_mode) {
    batch_norm_backward_shape(bn, x, mean, invstd, dy, dgamma, dbeta, dslope, dx);
    const LedgerScope scope(
        "batch_norm_backward",
        flops::batch_norm_backward(x.count(), bn.slope.defined(), dx_mode == Grad::Accumulate),
        bytes_of(x, dy, x, dy, dx), [&] { return to_string(x.shape()); });
    cpu::batch_norm_backward(bn, x, mean, invstd, dy, dgamma, dbeta, dslope, parameter_mode, dx,
                             dx_mode);
}

}  // namespace facet
