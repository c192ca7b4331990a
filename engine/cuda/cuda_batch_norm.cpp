// Batch norm of the CUDA device: from tensors to kernels.
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/element_type.h"
#include "engine/cuda/kernels.h"
#include "engine/shapes.h"

namespace facet {
namespace {

cuda::BatchNormParameters parameters_of(const BatchNorm& bn) {
    return {bn.gamma.raw<float>(), bn.beta.raw<float>(),
            bn.slope.defined() ? bn.slope.raw<float>() : nullptr, static_cast<float>(bn.eps)};
}

float* or_null(const Tensor& x) { return x.defined() ? x.raw<float>() : nullptr; }

}  // namespace

void CudaDevice::batch_norm_train(const ChannelShape& s, const BatchNorm& bn, const Tensor& x,
                                  const Tensor& addend, const RunningStatistics& running,
                                  const Tensor& mean, const Tensor& invstd, const Tensor& y) {
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

void CudaDevice::batch_norm_eval(const ChannelShape& s, const BatchNorm& bn, const Tensor& x,
                                 const Tensor& addend, const RunningStatistics& running,
                                 const Tensor& y) {
    by_element_type(x, [&](const auto* from) {
        FACET_CUDA(cuda::batch_norm_eval(
            parameters_of(bn), running.mean.raw<float>(), running.variance.raw<float>(), from,
            like_elements(from, addend), s.per_channel(), s.C, like_elements(from, y), raw()));
    });
}

void CudaDevice::batch_norm_backward(const ChannelShape& s, const BatchNorm& bn, const Tensor& x,
                                     const Tensor& mean, const Tensor& invstd, const Tensor& dy,
                                     const Tensor& dgamma, const Tensor& dbeta,
                                     const Tensor& dslope, Grad parameter_mode, const Tensor& dx,
                                     Grad dx_mode) {
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

}  // namespace facet
