#include "losses/loss_op.h"

#include <type_traits>

#include "losses/cuda/device_head.h"

namespace facet {

namespace {

template <class T>
double run_loss_on_host(Loss& loss, const Tensor& x, const Tensor& w, const std::vector<int64_t>& y,
                        const Tensor& dx, const Tensor& dw, HeadWorkspace<T>& workspace,
                        const HeadOptions& options) {
    HeadBatch<T> batch{x.data<T>(), nullptr, y.data(), x.size(0), 0, x.size(1)};
    HeadGradient<T> gradient{dx.data<T>(), nullptr, nullptr};
    if (w.defined()) {
        batch.w = w.data<T>();
        batch.C = w.size(0);
        gradient.dw = dw.data<T>();
    }
    return loss.forward_backward(batch, gradient, workspace, options);
}

// Where x lies.
template <class T>
double run_loss(Loss& loss, const Tensor& x, const Tensor& w, const std::vector<int64_t>& y,
                const Tensor& dx, const Tensor& dw, HeadWorkspace<T>& workspace,
                const HeadOptions& options) {
    if constexpr (std::is_same_v<T, float>) {
        if (!x.device().has_host_memory()) {
            return run_loss_on_cuda(loss, x, w, y, dx, dw, workspace, options);
        }
    }
    return run_loss_on_host(loss, x, w, y, dx, dw, workspace, options);
}

}  // namespace

template <class T>
Var apply_loss(Tape& tape, Loss& loss, const Var& x, const Var& w,
               const std::vector<int64_t>& labels, HeadWorkspace<T>& workspace,
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
    const double value = run_loss<T>(loss, x->value, proxies, labels, dx, dw, workspace, options);
    if (end) *end = static_cast<T>(value);
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

template Var apply_loss<float>(Tape&, Loss&, const Var&, const Var&, const std::vector<int64_t>&,
                               HeadWorkspace<float>&, const HeadOptions&, double*);
template Var apply_loss<double>(Tape&, Loss&, const Var&, const Var&, const std::vector<int64_t>&,
                                HeadWorkspace<double>&, const HeadOptions&, double*);

}  // namespace facet
