#include "losses/head/apply_loss.h"

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
    // Rounded as a tensor of its type has it.
    return T(loss.forward_backward(batch, {address(in.dx), address(in.dw), nullptr}, diagnostics,
                                   options));
}

double run_loss(Loss& loss, const LossTensors& in, HeadDiagnostics& diagnostics,
                const HeadOptions& options) {
    if (!in.x.device().has_host_memory())
        return float(run_loss_on_cuda(loss, in, diagnostics, options));
    return in.x.dtype() == DType::F64 ? run_on_host<double>(loss, in, diagnostics, options)
                                      : run_on_host<float>(loss, in, diagnostics, options);
}

}  // namespace

Var apply_loss(Tape& tape, Loss& loss, const Var& x, const Var& w,
               const std::vector<int64_t>& labels, HeadDiagnostics& diagnostics,
               const HeadOptions& options, double* end) {
    expect_rank("loss", "x", x->value, 2);
    FACET_CHECK(static_cast<int64_t>(labels.size()) == x->value.size(0),
                "loss: {} labels for embeddings {}", labels.size(), to_string(x->value.shape()));
    FACET_CHECK((w != nullptr) == loss.has_proxies(), "loss: {} {} proxies", loss.name(),
                loss.has_proxies() ? "needs" : "has no");
    const Tensor dx = x->value.like();
    std::vector<Var> inputs{x};
    Tensor proxies, dw;
    if (w) {
        expect_shape("loss", "w", w->value, {w->value.size(0), x->value.size(1)});
        proxies = w->value;
        // The memory of the last step's gradient, unless this step's is there already.
        const bool reusable = w->grad.defined() && !w->has_grad();
        dw = reusable ? w->grad : proxies.like();
        inputs.push_back(w);
    }
    const double value = run_loss(loss, {x->value, proxies, labels, dx, dw}, diagnostics, options);
    if (end) *end = value;
    Device& device = x->value.device();
    const auto hand_on = [x, w, dx, dw, is_end = end != nullptr](const Tensor& dy) {
        const double scale = is_end ? 1 : dy.item();
        const auto add = [&](const Var& to, const Tensor& gradient) {
            if (scale != 1) dy.device().axpby(scale, gradient, 0, gradient);
            if (to->needs_grad) to->contribute_whole(gradient);
        };
        add(x, dx);
        if (w) add(w, dw);
    };
    return tape.record(loss.name(), inputs, Tensor::full(device, {1}, value), hand_on);
}

}  // namespace facet
