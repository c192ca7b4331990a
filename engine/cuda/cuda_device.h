// The CUDA device: convolutions by cuDNN, matrix products by cuBLAS, everything else by own kernels
// (kernels.h), all in the order of one stream.
//
// Maps lie channels last, (N, H, W, C), in float32 or, with Precision::Bfloat16, in bfloat16. All
// other tensors are float32: parameters, moments, statistics, embeddings, gradients of parameters.
// A primitive enqueues its work and returns. Same input, same bits: engines that are not
// deterministic are never chosen, and sums of own kernels have an order that depends on the shape
// alone.
//
// Verified by simulation and with doubles of the libraries (tests/gpusim, tests/gpudoubles), not
// yet run on a GPU.
#pragma once

#include "engine/cuda/clock.h"
#include "engine/cuda/cublas.h"
#include "engine/cuda/cudnn_plan.h"
#include "engine/cuda/graph.h"
#include "engine/cuda/kernels.h"
#include "engine/cuda/memory_pool.h"
#include "engine/cuda/runtime.h"
#include "engine/cuda/transfers.h"
#include "engine/device.h"

namespace facet {

class CudaDevice final : public Device {
public:
    // The first GPU. Throws Error with the library's words when there is none to run on.
    explicit CudaDevice(Precision precision);
    ~CudaDevice() override;

    std::string name() const override { return "cuda"; }
    std::string description() const override;
    DType dtype() const override { return DType::F32; }
    DType map_dtype() const override {
        return precision_ == Precision::Bfloat16 ? DType::BF16 : DType::F32;
    }
    int64_t channel_block() const override { return 1; }

    // cuda_device.cpp: storage
    bool has_host_memory() const override { return false; }
    std::shared_ptr<void> allocate(size_t bytes) override;
    MemoryUse memory_use() const override;  // its peak counts what recordings keep
    void reset_peak_memory() override;
    void upload(const void* from, const Tensor& y) override;
    void upload_beside(const void* from, const Tensor& y) override;
    void await_uploads() override { transfers_.await_uploads(); }
    void download(const Tensor& x, void* to) override;
    void synchronize() override { stream_.synchronize(); }
    std::unique_ptr<RecordedWork> record(const std::function<void()>& work) override;

    // cuda_convolution.cpp; cuda_batch_norm.cpp; cuda_device.cpp: fill, copy, matrix product;
    // cuda_rows.cpp: all else
#include "engine/primitives.def"
    double sum_of_squares(const Tensor& x) override;
    std::vector<double> sums_of_squares(std::span<const Tensor> all) override;
    void gather_rows(const Tensor& x, std::span<const int64_t> rows, const Tensor& y) override;
    void scatter_rows(const Tensor& x, std::span<const int64_t> rows, const Tensor& y) override;
    void add_to_hash(std::span<const Tensor> all, Hash& hash) override;

    // --- for drivers that run kernels of their own (losses/head/cuda, train/optimiser/cuda) ---
    const cuda::Stream& stream() const { return stream_; }
    cuda::MemoryPool& memory() { return memory_; }  // blocks are reused in the stream's order
    cuda::Transfers& transfers() { return transfers_; }
    const cuda::Cublas& cublas() const { return cublas_; }
    DeviceClock* clock() override { return &clock_; }
    // *sum, in device memory, is written.
    void enqueue_sum_of_squares(const Tensor& x, double* sum);

private:
    class Recorded;

    cudaStream_t raw() const { return stream_.raw(); }
    // Memory for the work enqueued while the block lives. Recorded work has a pool of its own, so
    // that nothing else lies in its memory when it runs again.
    cuda::Block scratch(size_t bytes) { return (recording_ ? recorded_ : memory_).allocate(bytes); }
    Tensor as_map(const Tensor& x);
    void from_map(const Tensor& map, const Tensor& plain, Grad mode);
    void run(const cuda::ConvKey& key, const cuda::ConvPointers& data);

    struct DestroyCudnn {
        void operator()(cudnnHandle_t handle) const { cudnnDestroy(handle); }
    };

    Precision precision_;
    cuda::Stream stream_;
    cuda::Clock clock_{stream_};
    cuda::DeviceMemory device_memory_;
    cuda::PinnedMemory pinned_memory_;
    cuda::MemoryPool memory_, recorded_, pinned_;
    cuda::Transfers transfers_;
    cuda::Block dropout_step_;  // of the recorded work that runs; a uint64_t
    bool recording_ = false;
    cuda::Cublas cublas_;
    std::unique_ptr<cudnnContext, DestroyCudnn> cudnn_;
    cuda::CudnnDevice properties_;
    cuda::ConvPlans plans_;
};

}  // namespace facet
