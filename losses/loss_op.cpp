#include "losses/loss_op.h"

namespace facet {

template <class T>
Var apply_loss(Tape& tape, Loss& loss, const Var& x, const Var& w,
               const std::vector<int64_t>& labels, HeadWorkspace<T>& workspace,
               const HeadOptions& options) {
    expect_rank("loss", "x", x->value, 2);
    FACET_CHECK(static_cast<int64_t>(labels.size()) == x->value.size(0),
                "loss: {} labels for embeddings {}", labels.size(), to_string(x->value.shape()));
    FACET_CHECK((w != nullptr) == loss.has_proxies(), "loss: {} {} proxies", loss.name(),
                loss.has_proxies() ? "needs" : "has no");
    HeadBatch<T> batch{
        x->value.template data<T>(), nullptr, labels.data(), x->value.size(0), 0, x->value.size(1)};
    const Tensor dx = x->value.like();
    HeadGradient<T> gradient{dx.template data<T>(), nullptr, nullptr};
    std::vector<Var> inputs{x};
    Tensor dw;
    if (w) {
        expect_shape("loss", "w", w->value, {w->value.size(0), x->value.size(1)});
        batch.w = w->value.template data<T>();
        batch.C = w->value.size(0);
        dw = w->value.like();
        gradient.dw = dw.template data<T>();
        inputs.push_back(w);
    }
    const double value = loss.forward_backward(batch, gradient, workspace, options);
    Device& device = x->value.device();
    const auto hand_on = [x, w, dx, dw](const Tensor& dy) {
        const double scale = dy.item();
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
                               HeadWorkspace<float>&, const HeadOptions&);
template Var apply_loss<double>(Tape&, Loss&, const Var&, const Var&, const std::vector<int64_t>&,
                                HeadWorkspace<double>&, const HeadOptions&);

}  // namespace facet
