#include "losses/head/cuda/loss_on_cuda.h"

#include "engine/cuda/cuda_device.h"
#include "losses/head/cuda/cuda_backend.h"

namespace facet {
namespace cuda {
namespace {

Transpose transposed(Op op) { return op == Op::transpose ? Transpose::Yes : Transpose::No; }

class CudaHeadDevice final : public HeadDevice {
public:
    explicit CudaHeadDevice(CudaDevice& device) : device_(device) {}

    cudaStream_t stream() const override { return device_.stream().raw(); }
    std::shared_ptr<void> allocate(size_t bytes) override { return device_.allocate(bytes); }
    void upload(void* device, const void* host, size_t bytes) override {
        if (bytes > 0) device_.transfers().upload(device, host, bytes);
    }
    void download(std::span<const Download> pieces) override {
        device_.transfers().download(pieces);
    }
    DeviceClock* clock() override { return device_.clock(); }
    void gemm(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const float* A, int64_t lda,
              const float* B, int64_t ldb, float beta, float* C, int64_t ldc) override {
        // Cosines keep all their digits whatever the network's precision.
        device_.cublas().gemm(cuda::GemmCompute::Float32, transposed(a_op), transposed(b_op), M, N,
                              K, 1, {A, lda}, {B, ldb}, beta, {C, ldc});
    }
    void gemm(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const double* A, int64_t lda,
              const double* B, int64_t ldb, double beta, double* C, int64_t ldc) override {
        device_.cublas().gemm(transposed(a_op), transposed(b_op), M, N, K, 1, {A, lda}, {B, ldb},
                              beta, {C, ldc});
    }

private:
    CudaDevice& device_;
};

}  // namespace
}  // namespace cuda

double run_loss_on_cuda(Loss& loss, const LossTensors& in, HeadDiagnostics& diagnostics,
                        const HeadOptions& options) {
    auto* device = dynamic_cast<CudaDevice*>(&in.x.device());
    FACET_CHECK(device, "run_loss_on_cuda: the embeddings lie on device {}, expected cuda",
                in.x.device().name());
    const auto address = [](const Tensor& tensor) {
        return tensor.defined() ? tensor.raw<float>() : nullptr;
    };
    cuda::CudaHeadDevice head_device(*device);
    cuda::CudaBackend backend(head_device);
    return loss.forward_backward(backend,
                                 {address(in.x), address(in.w), in.labels.data(), in.x.size(0),
                                  in.w.defined() ? in.w.size(0) : 0, in.x.size(1)},
                                 {address(in.dx), address(in.dw), nullptr}, diagnostics, options);
}

}  // namespace facet
