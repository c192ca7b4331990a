#include "losses/cuda/device_head.h"

#include "engine/cuda/cuda_device.h"
#include "losses/cuda/driver.h"

namespace facet {
namespace {

Transpose transposed(Op op) { return op == Op::transpose ? Transpose::Yes : Transpose::No; }

class CudaHeadDevice final : public cuda::HeadDevice {
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

std::vector<float> numbers_of(const Tensor& tensor) {
    return tensor.defined() ? tensor.to_vector<float>() : std::vector<float>();
}

double run_on_host(Loss& loss, const Tensor& x, const Tensor& w, HeadBatch<float> batch,
                   const Tensor& dx, const Tensor& dw, HeadWorkspace<float>& workspace,
                   const HeadOptions& options) {
    const std::vector<float> host_x = numbers_of(x), host_w = numbers_of(w);
    std::vector<float> host_dx(host_x.size()), host_dw(host_w.size());
    batch.x = host_x.data();
    batch.w = w.defined() ? host_w.data() : nullptr;
    const HeadGradient<float> gradient{dx.defined() ? host_dx.data() : nullptr,
                                       dw.defined() ? host_dw.data() : nullptr, nullptr};
    const double value = loss.forward_backward(batch, gradient, workspace, options);
    if (dx.defined()) dx.device().upload(host_dx.data(), dx);
    if (dw.defined()) dw.device().upload(host_dw.data(), dw);
    return value;
}

}  // namespace

double run_loss_on_cuda(Loss& loss, const Tensor& x, const Tensor& w,
                        const std::vector<std::int64_t>& y, const Tensor& dx, const Tensor& dw,
                        HeadWorkspace<float>& workspace, const HeadOptions& options) {
    auto* device = dynamic_cast<CudaDevice*>(&x.device());
    FACET_CHECK(device, "run_loss_on_cuda: the embeddings lie on device {}, expected cuda",
                x.device().name());
    HeadBatch<float> batch{nullptr,  nullptr, y.data(), x.size(0), w.defined() ? w.size(0) : 0,
                           x.size(1)};
    HeadForm<float>* form = loss.form();
    if (!form) return run_on_host(loss, x, w, batch, dx, dw, workspace, options);
    batch.x = x.raw<float>();
    batch.w = w.raw<float>();
    CudaHeadDevice head(*device);
    const double value =
        cuda::run_head(head, *form, cuda::kernels_of(loss.name()), batch,
                       {address_or_null(dx), address_or_null(dw), nullptr}, workspace, options);
    loss.state().end_call();
    return value;
}

}  // namespace facet
