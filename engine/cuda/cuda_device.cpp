#include "engine/cuda/cuda_device.h"

#include <array>

#include "engine/cuda/element_type.h"
#include "engine/cuda/kernels.h"
#include "engine/shapes.h"

namespace facet {
namespace {

// Where no stream or handle can be had, the reason is said before the library's own words.
Precision checked(Precision precision) {
    const cuda::Presence presence = cuda::find_devices();
    if (presence.devices == 0) {
        throw Error("cuda: there is no GPU to run on: " + presence.reason,
                    "`facet doctor` tells what was found; --device cpu runs without a GPU");
    }
    FACET_CUDA(cudaSetDevice(0));
    return precision;
}

cudnnHandle_t new_cudnn_handle(const cuda::Stream& stream) {
    cudnnHandle_t handle = nullptr;
    FACET_CUDNN(cudnnCreate(&handle));
    FACET_CUDNN(cudnnSetStream(handle, stream.raw()));
    return handle;
}

const char* in_words(Precision precision) {
    switch (precision) {
        case Precision::Float32:
            return "float32";
        case Precision::Tf32:
            return "float32 tensors, TF32 products";
        case Precision::Bfloat16:
            return "bfloat16 maps, float32 parameters";
    }
    return "";
}

}  // namespace

CudaDevice::CudaDevice(Precision precision)
    : precision_(checked(precision)),
      memory_(device_memory_),
      recorded_(device_memory_, cuda::MemoryPool::Shortage::Keep),
      pinned_(pinned_memory_),
      transfers_(stream_, pinned_),
      dropout_step_(memory_.allocate(sizeof(uint64_t))),
      cublas_(stream_, memory_),
      cudnn_(new_cudnn_handle(stream_)),
      properties_(cudnn_.get()),
      plans_(properties_) {}

// Memory goes back to the pools while work may still use it.
CudaDevice::~CudaDevice() { FACET_CUDA_WARN(cudaStreamSynchronize(stream_.raw())); }

std::string CudaDevice::description() const {
    const size_t version = cudnnGetVersion();
    return fmt::format("{} ({}), {}, cuDNN {}.{}.{}", properties_.name(),
                       properties_.architecture(), in_words(precision_), version / 10000,
                       version / 100 % 100, version % 100);
}

std::shared_ptr<void> CudaDevice::allocate(size_t bytes) {
    const auto block = std::make_shared<cuda::Block>(scratch(bytes));
    return {block, block->data()};
}

MemoryUse CudaDevice::memory_use() const {
    const MemoryUse eager = memory_.use(), recorded = recorded_.use();
    return {eager.in_use + recorded.in_use, eager.peak + recorded.peak,
            eager.cached + recorded.cached};
}

void CudaDevice::reset_peak_memory() {
    memory_.reset_peak();
    recorded_.reset_peak();
}

class CudaDevice::Recorded final : public RecordedWork {
public:
    Recorded(CudaDevice& device, const std::function<void()>& work)
        : device_(device), graph_(device.stream_, work) {}

    void run(uint64_t step) override {
        device_.transfers_.upload(device_.dropout_step_.data(), &step, sizeof step);
        graph_.launch(device_.stream_);
    }

private:
    CudaDevice& device_;
    cuda::Graph graph_;
};

std::unique_ptr<RecordedWork> CudaDevice::record(const std::function<void()>& work) {
    FACET_CHECK(!recording_, "cuda: a recording within a recording");
    memory_.release_cached();  // what the same work took when it was not recorded
    recording_ = true;
    try {
        auto recorded = std::make_unique<Recorded>(*this, work);
        recording_ = false;
        return recorded;
    } catch (...) {
        recording_ = false;
        throw;
    }
}

void CudaDevice::upload(const void* from, const Tensor& y) {
    expect_layout("upload", "y", y, Layout::Plain);
    const LedgerScope scope = ledger("upload", 0, {y});
    if (y.count() > 0) transfers_.upload(y.address(), from, y.bytes());
}

void CudaDevice::upload_beside(const void* from, const Tensor& y) {
    expect_layout("upload_beside", "y", y, Layout::Plain);
    if (y.count() > 0) transfers_.upload_beside(y.address(), from, y.bytes());
}

void CudaDevice::download(const Tensor& x, void* to) {
    expect_layout("download", "x", x, Layout::Plain);
    const LedgerScope scope = ledger("download", 0, {x});
    if (x.count() > 0) transfers_.download(to, x.address(), x.bytes());
}

void CudaDevice::fill(const ElementShape& shape, const Tensor& y, double value) {
    if (shape.stored == 0) return;
    by_element_type(y, [&]<class T>(T* to) {
        FACET_CUDA(cuda::fill(to, shape.stored, static_cast<float>(value), raw()));
    });
}

void CudaDevice::copy(const ElementShape& shape, const Tensor& x, const Tensor& y) {
    if (shape.stored == 0) return;
    if (x.layout() == y.layout()) {
        cuda::copy_on_device(y.address(), x.address(), x.bytes(), stream_);
        return;
    }
    const int64_t N = x.size(0), C = x.size(1), pixels = x.size(2) * x.size(3);
    if (y.layout() == Layout::Map) {
        by_element_type(y, [&](auto* to) {
            FACET_CUDA(cuda::channels_last(x.raw<float>(), N, C, pixels, to, raw()));
        });
    } else {
        by_element_type(x, [&](const auto* from) {
            FACET_CUDA(cuda::channels_first(from, N, C, pixels, y.raw<float>(), raw()));
        });
    }
}

void CudaDevice::gemm(const GemmShape& shape, Transpose ta, Transpose tb, double alpha,
                      const Tensor& a, const Tensor& b, double beta, const Tensor& c) {
    const auto [M, N, K] = shape;
    if (M == 0 || N == 0) return;
    const auto compute =
        precision_ == Precision::Tf32 ? cuda::GemmCompute::Tf32 : cuda::GemmCompute::Float32;
    cublas_.gemm(compute, ta, tb, M, N, K, alpha, {a.raw<float>(), a.size(1)},
                 {b.raw<float>(), b.size(1)}, beta, {c.raw<float>(), c.size(1)});
}

// Never destroyed: tensors of static life time may outlive everything else.
Device& cuda_device(Precision precision) {
    static std::array<CudaDevice*, 3> devices{};
    CudaDevice*& device = devices.at(static_cast<size_t>(precision));
    if (!device) device = new CudaDevice(precision);
    return *device;
}

std::string why_no_cuda() {
    const cuda::Presence presence = cuda::find_devices();
    return presence.devices > 0 ? "" : presence.reason;
}

}  // namespace facet
