// Batch norm, PReLU and pooling of the CUDA device: checks of the call, then the kernels.
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/element_type.h"
#include "engine/cuda/kernels.h"
#include "engine/flops.h"
#include "engine/shapes.h"

namespace facet {
namespace {

cuda::BatchNormParameters parameters_of(const BatchNorm& bn) {
    return {bn.gamma.raw<float>(), bn.beta.raw<float>(),
            bn.slope.defined() ? bn.slope.raw<float>() : nullptr, static_cast<float>(bn.eps)};
}

cuda::Pooling pooling_of(const ConvShape& s) {
    const auto narrow = [](int64_t size) { return static_cast<int>(size); };
    return {s.N,         s.C,         narrow(s.H),      narrow(s.W),  narrow(s.P),
            narrow(s.Q), narrow(s.R), narrow(s.stride), narrow(s.pad)};
}

float* or_null(const Tensor& x) { return x.defined() ? x.raw<float>() : nullptr; }

bool accumulates(Grad mode) { return mode == Grad::Accumulate; }

}  // namespace

void CudaDevice::batch_norm_train(const BatchNorm& bn, const Tensor& x, const Tensor& addend,
                                  const RunningStatistics& running, const Tensor& mean,
                                  const Tensor& invstd, const Tensor& y) {
    const ChannelShape s = batch_norm_train_shape(bn, x, addend, running, mean, invstd, y);
    const LedgerScope scope =
        ledger("batch_norm_train",
               flops::batch_norm_train(x.count(), bn.slope.defined(), addend.defined()),
               {x, x, addend, y});
    const cuda::Block workspace = scratch(cuda::batch_norm_workspace(s.per_channel(), s.C));
    const cuda::BatchNormStatistics statistics{
        running.mean.raw<float>(), running.variance.raw<float>(),
        static_cast<float>(running.momentum), mean.raw<float>(), invstd.raw<float>()};
    by_element_type(x, [&](const auto* from) {
        FACET_CUDA(cuda::batch_norm_train(parameters_of(bn), statistics, from,
                                          like_elements(from, addend), s.per_channel(), s.C,
                                          like_elements(from, y), workspace.data(), raw()));
    });
}

void CudaDevice::batch_norm_eval(const BatchNorm& bn, const Tensor& x, const Tensor& addend,
                                 const RunningStatistics& running, const Tensor& y) {
    const ChannelShape s = batch_norm_eval_shape(bn, x, addend, running, y);
    const LedgerScope scope = ledger(
        "batch_norm_eval", flops::batch_norm_eval(x.count(), bn.slope.defined(), addend.defined()),
        {x, addend, y});
    by_element_type(x, [&](const auto* from) {
        FACET_CUDA(cuda::batch_norm_eval(
            parameters_of(bn), running.mean.raw<float>(), running.variance.raw<float>(), from,
            like_elements(from, addend), s.per_channel(), s.C, like_elements(from, y), raw()));
    });
}

void CudaDevice::batch_norm_backward(const BatchNorm& bn, const Tensor& x, const Tensor& mean,
                                     const Tensor& invstd, const Tensor& dy, const Tensor& dgamma,
                                     const Tensor& dbeta, const Tensor& dslope, Grad parameter_mode,
                                     const Tensor& dx, Grad dx_mode) {
    const ChannelShape s =
        batch_norm_backward_shape(bn, x, mean, invstd, dy, dgamma, dbeta, dslope, dx);
    const LedgerScope scope =
        ledger("batch_norm_backward",
               flops::batch_norm_backward(x.count(), bn.slope.defined(), accumulates(dx_mode)),
               {x, dy, x, dy, dx});
    const cuda::Block workspace = scratch(cuda::batch_norm_workspace(s.per_channel(), s.C));
    const cuda::BatchNormGradients gradients{dgamma.raw<float>(), dbeta.raw<float>(),
                                             or_null(dslope), accumulates(parameter_mode)};
    by_element_type(x, [&](const auto* from) {
        FACET_CUDA(cuda::batch_norm_backward(
            parameters_of(bn), from, mean.raw<float>(), invstd.raw<float>(),
            like_elements(from, dy), s.per_channel(), s.C, gradients, like_elements(from, dx),
            accumulates(dx_mode), workspace.data(), raw()));
    });
}

void CudaDevice::prelu_forward(const Tensor& x, const Tensor& slope, const Tensor& y) {
    const ChannelShape s = prelu_shape(x, slope, y);
    const LedgerScope scope = ledger("prelu_forward", 2.0 * x.count(), {x, y});
    by_element_type(x, [&](const auto* from) {
        FACET_CUDA(cuda::prelu_forward(from, slope.raw<float>(), s.per_channel(), s.C,
                                       like_elements(from, y), raw()));
    });
}

void CudaDevice::prelu_backward(const Tensor& x, const Tensor& slope, const Tensor& dy,
                                const Tensor& dslope, Grad slope_mode, const Tensor& dx,
                                Grad dx_mode) {
    const ChannelShape s = prelu_backward_shape(x, slope, dy, dslope, dx);
    const LedgerScope scope = ledger("prelu_backward", 4.0 * x.count(), {x, dy, dx});
    const cuda::Block workspace = scratch(cuda::prelu_workspace(s.per_channel(), s.C));
    by_element_type(x, [&](const auto* from) {
        FACET_CUDA(cuda::prelu_backward(from, slope.raw<float>(), like_elements(from, dy),
                                        s.per_channel(), s.C, or_null(dslope),
                                        accumulates(slope_mode), like_elements(from, dx),
                                        accumulates(dx_mode), workspace.data(), raw()));
    });
}

void CudaDevice::max_pool_forward(const Tensor& x, int64_t window, ConvGeometry g,
                                  const Tensor& y) {
    const cuda::Pooling pool = pooling_of(pool_shape("max_pool_forward", x, window, g, y));
    const LedgerScope scope = ledger("max_pool_forward", 1.0 * y.count() * window * window, {x, y});
    by_element_type(x, [&](const auto* from) {
        FACET_CUDA(cuda::max_pool_forward(from, pool, like_elements(from, y), raw()));
    });
}

void CudaDevice::max_pool_backward(const Tensor& x, const Tensor& dy, int64_t window,
                                   ConvGeometry g, const Tensor& dx, Grad mode) {
    const cuda::Pooling pool = pooling_of(pool_shape("max_pool_backward", x, window, g, dy));
    expect_like("max_pool_backward", "dx", dx, x);
    const LedgerScope scope =
        ledger("max_pool_backward", 2.0 * dy.count() * window * window, {x, dy, dx});
    by_element_type(x, [&](const auto* from) {
        FACET_CUDA(cuda::max_pool_backward(from, like_elements(from, dy), pool,
                                           like_elements(from, dx), accumulates(mode), raw()));
    });
}

void CudaDevice::average_pool_forward(const Tensor& x, const Tensor& y) {
    const ChannelShape s = average_pool_shape("average_pool_forward", "x", x, "y", y);
    const LedgerScope scope = ledger("average_pool_forward", 1.0 * x.count(), {x, y});
    by_element_type(x, [&](const auto* from) {
        FACET_CUDA(cuda::average_pool_forward(from, s.N, s.pixels, s.C, y.raw<float>(), raw()));
    });
}

void CudaDevice::average_pool_backward(const Tensor& dy, const Tensor& dx, Grad mode) {
    const ChannelShape s = average_pool_shape("average_pool_backward", "dx", dx, "dy", dy);
    const LedgerScope scope = ledger("average_pool_backward", 1.0 * dx.count(), {dx, dy});
    by_element_type(dx, [&](auto* to) {
        FACET_CUDA(cuda::average_pool_backward(dy.raw<float>(), s.N, s.pixels, s.C, to,
                                               accumulates(mode), raw()));
    });
}

}  // namespace facet
