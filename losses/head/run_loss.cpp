#include "losses/head/run_loss.h"

#include "engine/device.h"
#include "losses/head/cuda/loss_on_cuda.h"

namespace facet {
namespace {

template <class T>
double run_on_host(Loss& loss, const LossTensors& in, HeadDiagnostics& diagnostics,
                   const HeadOptions& options) {
    const auto address = [](const Tensor& tensor) {
        return tensor.defined() ? tensor.data<T>() : nullptr;
    };
    const HeadBatch<T> batch{address(in.x),
                             address(in.w),
                             in.labels.data(),
                             in.x.size(0),
                             in.w.defined() ? in.w.size(0) : 0,
                             in.x.size(1)};
    return T(loss.forward_backward(batch, {address(in.dx), address(in.dw), nullptr}, diagnostics,
                                   options));
}

void check(const Loss& loss, const LossTensors& in) {
    expect_rank("loss", "x", in.x, 2);
    expect_shape("loss", "dx", in.dx, in.x.shape());
    FACET_CHECK(std::ssize(in.labels) == in.x.size(0), "loss: {} labels for embeddings {}",
                in.labels.size(), to_string(in.x.shape()));
    FACET_CHECK(in.w.defined() == loss.has_proxies(), "loss: {} {} proxies", loss.name(),
                loss.has_proxies() ? "needs" : "has no");
    if (!in.w.defined()) return;
    expect_shape("loss", "w", in.w, {in.w.size(0), in.x.size(1)});
    expect_shape("loss", "dw", in.dw, in.w.shape());
}

}  // namespace

double run_loss(Loss& loss, const LossTensors& in, HeadDiagnostics& diagnostics,
                const HeadOptions& options) {
    check(loss, in);
    if (!in.x.device().has_host_memory())
        return float(run_loss_on_cuda(loss, in, diagnostics, options));
    return in.x.dtype() == DType::F64 ? run_on_host<double>(loss, in, diagnostics, options)
                                      : run_on_host<float>(loss, in, diagnostics, options);
}

}  // namespace facet
