// Convolutions of the CUDA device: cuDNN's plans between channels-last tensors. Filters and images
// are plain outside; they are small, and rearranged at every call.
#include "engine/cuda/cuda_device.h"
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

// x itself, or its copy as a map.
Tensor CudaDevice::as_map(const Tensor& x) {
    if (x.layout() == Layout::Map) return x;
    const Tensor map(*this, x.shape(), Layout::Map);
    copy({x.count()}, x, map);
    return map;
}

// And back, as a gradient.
void CudaDevice::from_map(const Tensor& map, const Tensor& plain, Grad mode) {
    const Tensor part = accumulates(mode) ? plain.like() : plain;
    copy({map.count()}, map, part);
    if (accumulates(mode)) axpby(1, part, 1, plain);
}

void CudaDevice::conv_forward(const ConvShape& shape, const Tensor& x, const Tensor& w,
                              ConvGeometry /*g*/, const Tensor& y) {
    const Tensor filters = as_map(w), images = as_map(x);
    run(key_of(cuda::ConvOperation::Forward, precision_, shape, Grad::Overwrite),
        {images.address(), filters.address(), y.address()});
}

void CudaDevice::conv_backward_data(const ConvShape& shape, const Tensor& dy, const Tensor& w,
                                    ConvGeometry /*g*/, const Tensor& dx, Grad mode) {
    const Tensor filters = as_map(w);
    const auto operation = cuda::ConvOperation::BackwardData;
    if (dx.layout() == Layout::Map) {
        run(key_of(operation, precision_, shape, mode),
            {dx.address(), filters.address(), dy.address()});
        return;
    }
    const Tensor images(*this, dx.shape(), Layout::Map);
    run(key_of(operation, precision_, shape, Grad::Overwrite),
        {images.address(), filters.address(), dy.address()});
    from_map(images, dx, mode);
}

void CudaDevice::conv_backward_filter(const ConvShape& shape, const Tensor& x, const Tensor& dy,
                                      ConvGeometry /*g*/, const Tensor& dw, Grad mode) {
    const Tensor images = as_map(x), filters(*this, dw.shape(), Layout::Map);
    run(key_of(cuda::ConvOperation::BackwardFilter, precision_, shape, Grad::Overwrite),
        {images.address(), filters.address(), dy.address()});
    from_map(filters, dw, mode);
}

}  // namespace facet
