#include "losses/cuda/device_head.h"

#include "engine/cuda/cuda_device.h"
#include "losses/cuda/center_driver.h"
#include "losses/cuda/driver.h"
#include "losses/cuda/pair_driver.h"

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
    void download(std::span<const cuda::Download> pieces) override {
        device_.transfers().download(pieces);
    }
    DeviceClock* clock() override { return &device_.clock(); }
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

float* address_or_null(const Tensor& tensor) {
    return tensor.defined() ? tensor.raw<float>() : nullptr;
}

// Of whichever kind the loss is.
double run(HeadDevice& device, Loss& loss, const HeadBatch<float>& batch,
           const HeadGradient<float>& gradient, HeadWorkspace<float>& workspace,
           const HeadOptions& options) {
    if (HeadForm<float>* form = loss.form()) {
        return run_head(device, *form, kernels_of(loss.name()), batch, gradient, workspace,
                        options);
    }
    if (Pairs* pairs = loss.pairs()) {
        return run_pairs(device, *pairs, pair_kernels_of(loss.name()),
                         *loss.state().find("no_pairs"), batch, gradient, workspace);
    }
    auto* center = dynamic_cast<Center*>(&loss);
    FACET_CHECK(center,
                "loss {}: it has no CUDA kernels, as it is neither a class loss nor a pair loss",
                loss.name());
    return run_center(device, *center, batch, gradient, workspace);
}

}  // namespace
}  // namespace cuda

double run_loss_on_cuda(Loss& loss, const Tensor& x, const Tensor& w,
                        const std::vector<std::int64_t>& y, const Tensor& dx, const Tensor& dw,
                        HeadWorkspace<float>& workspace, const HeadOptions& options) {
    auto* device = dynamic_cast<CudaDevice*>(&x.device());
    FACET_CHECK(device, "run_loss_on_cuda: the embeddings lie on device {}, expected cuda",
                x.device().name());
    const HeadBatch<float> batch{x.raw<float>(), cuda::address_or_null(w),    y.data(),
                                 x.size(0),      w.defined() ? w.size(0) : 0, x.size(1)};
    const HeadGradient<float> gradient{cuda::address_or_null(dx), cuda::address_or_null(dw),
                                       nullptr};
    cuda::CudaHeadDevice head(*device);
    const double value = cuda::run(head, loss, batch, gradient, workspace, options);
    loss.state().end_call();
    return value;
}

}  // namespace facet
