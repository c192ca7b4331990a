// Convolutions of the CUDA device: cuDNN's plans between channels-last tensors. Filters and images
// are plain outside; they are small, and rearranged at every call.
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/element_type.h"
#include "engine/cuda/kernels.h"
#include "engine/flops.h"
#include "engine/shapes.h"

namespace facet {
namespace {

cuda::ConvCompute compute_of(Precision precision) {
    switch (precision) {
        case Precision::Float32:
            return cuda::ConvCompute::Float32;
        case Precision::Tf32:
            return cuda::ConvCompute::Tf32;
        case Precision::Bfloat16:
            return cuda::ConvCompute::Bfloat16;
    }
    throw Error("unknown precision");
}

cuda::ConvKey key_of(cuda::ConvOperation operation, Precision precision, const ConvShape& s,
                     Grad mode) {
    return {operation, compute_of(precision), s.N, s.C, s.H, s.W, s.K, s.R, s.stride, s.pad, mode};
}

}  // namespace

void CudaDevice::run(const cuda::ConvKey& key, const cuda::ConvPointers& data) {
    const cuda::ConvPlan& plan = plans_.get(key);
    const cuda::Block workspace = scratch(std::max<size_t>(plan.workspace_bytes(), 1));
    plan.execute(cudnn_.get(), data, workspace.data());
}

// A plain (N, C, H, W) or (K, C, R, R) in the layout and type of maps.
cuda::Block CudaDevice::to_channels_last(const Tensor& plain) {
    cuda::Block block = scratch(plain.count() * size_of(map_dtype()));
    const int64_t pixels = plain.size(2) * plain.size(3);
    const auto convert = [&](auto* to) {
        FACET_CUDA(cuda::channels_last(plain.raw<float>(), plain.size(0), plain.size(1), pixels, to,
                                       raw()));
    };
    if (map_dtype() == DType::BF16) {
        convert(static_cast<cuda::bfloat16*>(block.data()));
    } else {
        convert(static_cast<float*>(block.data()));
    }
    return block;
}

// And back, as a gradient.
void CudaDevice::from_channels_last(const cuda::Block& block, const Tensor& plain, Grad mode) {
    if (mode == Grad::Accumulate) {
        const Tensor part = plain.like();
        from_channels_last(block, part, Grad::Overwrite);
        axpby(1, part, 1, plain);
        return;
    }
    const int64_t pixels = plain.size(2) * plain.size(3);
    const auto convert = [&](const auto* from) {
        FACET_CUDA(cuda::channels_first(from, plain.size(0), plain.size(1), pixels,
                                        plain.raw<float>(), raw()));
    };
    if (map_dtype() == DType::BF16) {
        convert(static_cast<const cuda::bfloat16*>(block.data()));
    } else {
        convert(static_cast<const float*>(block.data()));
    }
}

void CudaDevice::conv_forward(const Tensor& x, const Tensor& w, ConvGeometry g, const Tensor& y) {
    const ConvShape shape = conv_shape("conv_forward", x, w, g, y);
    const LedgerScope scope = ledger("conv_forward", flops::convolution(shape), {x, w, y});
    const cuda::Block filters = to_channels_last(w);
    cuda::Block images;
    if (x.layout() == Layout::Plain) images = to_channels_last(x);
    run(key_of(cuda::ConvOperation::Forward, precision_, shape, Grad::Overwrite),
        {images.data() ? images.data() : x.address(), filters.data(), y.address()});
}

void CudaDevice::conv_backward_data(const Tensor& dy, const Tensor& w, ConvGeometry g,
                                    const Tensor& dx, Grad mode) {
    const ConvShape shape = conv_shape("conv_backward_data", dx, w, g, dy);
    const LedgerScope scope = ledger("conv_backward_data", flops::convolution(shape), {dx, w, dy});
    const cuda::Block filters = to_channels_last(w);
    const auto operation = cuda::ConvOperation::BackwardData;
    if (dx.layout() == Layout::Map) {
        run(key_of(operation, precision_, shape, mode),
            {dx.address(), filters.data(), dy.address()});
        return;
    }
    const cuda::Block images = scratch(dx.count() * size_of(map_dtype()));
    run(key_of(operation, precision_, shape, Grad::Overwrite),
        {images.data(), filters.data(), dy.address()});
    from_channels_last(images, dx, mode);
}

void CudaDevice::conv_backward_filter(const Tensor& x, const Tensor& dy, ConvGeometry g,
                                      const Tensor& dw, Grad mode) {
    const ConvShape shape = conv_shape("conv_backward_filter", x, dw, g, dy);
    const LedgerScope scope =
        ledger("conv_backward_filter", flops::convolution(shape), {x, dy, dw});
    cuda::Block images;
    if (x.layout() == Layout::Plain) images = to_channels_last(x);
    const cuda::Block filters = scratch(dw.count() * size_of(map_dtype()));
    run(key_of(cuda::ConvOperation::BackwardFilter, precision_, shape, Grad::Overwrite),
        {images.data() ? images.data() : x.address(), filters.data(), dy.address()});
    from_channels_last(filters, dw, mode);
}

}  // namespace facet
