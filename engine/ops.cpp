#include "engine/ops.h"

namespace facet {
namespace {

BatchNorm values_of(const BatchNormVars& bn) {
    return {bn.gamma->value, bn.beta->value, bn.slope ? bn.slope->value : Tensor(), bn.eps};
}

std::vector<Var> inputs_of(const Var& x, const BatchNormVars& bn, const Var& addend) {
    std::vector<Var> inputs{x, bn.gamma, bn.beta};
    if (bn.slope) inputs.push_back(bn.slope);
    if (addend) inputs.push_back(addend);
    return inputs;
}

// Somewhere to put a gradient that is not asked for (a frozen parameter beside a trained one).
Variable::Target contribute_or_discard(const Var& variable) {
    if (variable->needs_grad) return variable->contribute();
    return {variable->value.like(), Grad::Overwrite};
}

// Where the gradients of gamma, beta and slope go: batch_norm_backward writes them in one mode.
struct BatchNormTargets {
    Tensor dgamma, dbeta, dslope;
    Grad mode = Grad::Overwrite;
};

BatchNormTargets contribute_parameters(const BatchNormVars& bn) {
    BatchNormTargets targets;
    bool any = false;  // a trained one has set the mode; frozen ones follow it
    const auto target_of = [&](const Var& variable) {
        const auto [tensor, mode] = contribute_or_discard(variable);
        if (variable->needs_grad) {
            FACET_CHECK(!any || mode == targets.mode,
                        "batch_norm: the gradients of gamma, beta and slope are cleared or kept "
                        "together, found a mixture");
            targets.mode = mode;
            any = true;
        }
        return tensor;
    };
    targets.dgamma = target_of(bn.gamma);
    targets.dbeta = target_of(bn.beta);
    if (bn.slope) targets.dslope = target_of(bn.slope);
    return targets;
}

}  // namespace

Var conv2d(Tape& tape, const Var& x, const Var& w, ConvGeometry g) {
    const Shape& in = x->value.shape();
    const Shape& filter = w->value.shape();
    FACET_CHECK(
        in.size() == 4 && filter.size() == 4 && in[1] == filter[1] && filter[2] == filter[3],
        "conv2d: x {} and w {} do not fit: expected (N, C, H, W) and (K, C, R, R)", to_string(in),
        to_string(filter));
    const int64_t H = in[2], W = in[3], R = filter[2];
    FACET_CHECK(g.stride >= 1 && g.pad >= 0 && H + 2 * g.pad >= R && W + 2 * g.pad >= R,
                "conv2d: windows of {} at stride {} and pad {} do not fit x {}", R, g.stride, g.pad,
                to_string(in));
    const Tensor y(x->value.device(), {in[0], filter[0], g.out(H, R), g.out(W, R)}, Layout::Map);
    y.device().conv_forward(x->value, w->value, g, y);
    return tape.record("conv2d", {x, w}, y, [x, w, g](const Tensor& dy) {
        Device& device = dy.device();
        if (w->needs_grad) {
            const auto dw = w->contribute();
            device.conv_backward_filter(x->value, dy, g, dw.tensor, dw.mode);
        }
        if (x->needs_grad) {
            const auto dx = x->contribute();
            device.conv_backward_data(dy, w->value, g, dx.tensor, dx.mode);
        }
    });
}

Var batch_norm_train(Tape& tape, const Var& x, const BatchNormVars& bn, const Var& addend,
                     const RunningStatistics& running) {
    Device& device = x->value.device();
    const Shape& channels = bn.gamma->value.shape();
    Tensor y = x->value.like(), mean(device, channels), invstd(device, channels);
    device.batch_norm_train(values_of(bn), x->value, addend ? addend->value : Tensor(), running,
                            mean, invstd, y);
    return tape.record(
        "batch_norm", inputs_of(x, bn, addend), y, [x, bn, addend, mean, invstd](const Tensor& dy) {
            const auto parameters = contribute_parameters(bn);
            const auto dx = contribute_or_discard(x);
            dy.device().batch_norm_backward(values_of(bn), x->value, mean, invstd, dy,
                                            parameters.dgamma, parameters.dbeta, parameters.dslope,
                                            parameters.mode, dx.tensor, dx.mode);
            if (addend && addend->needs_grad) addend->contribute_whole(dy);
        });
}

Var batch_norm_eval(Tape& tape, const Var& x, const BatchNormVars& bn, const Var& addend,
                    const RunningStatistics& running) {
    Tensor y = x->value.like();
    x->value.device().batch_norm_eval(values_of(bn), x->value, addend ? addend->value : Tensor(),
                                      running, y);
    return tape.record("batch_norm_eval", inputs_of(x, bn, addend), y, [](const Tensor&) {
        throw Error("batch_norm_eval: it has no gradient; train with the training form");
    });
}

Var flatten(Tape& tape, const Var& x) {
    expect_rank("flatten", "x", x->value, 4);
    Device& device = x->value.device();
    const Shape in = x->value.shape();
    const Shape flat{in[0], in[1] * in[2] * in[3]};
    Tensor plain(device, in);
    device.copy(x->value, plain);
    return tape.record("flatten", {x}, plain.reshape(flat), [x, in](const Tensor& dy) {
        Tensor dx = x->value.like();
        dy.device().copy(dy.reshape(in), dx);
        x->contribute_whole(dx);
    });
}

Var linear(Tape& tape, const Var& x, const Var& w, const Var& b) {
    const Shape& in = x->value.shape();
    const Shape& weight = w->value.shape();
    FACET_CHECK(in.size() == 2 && weight.size() == 2 && in[1] == weight[1],
                "linear: x {} and w {} do not fit: expected (B, D) and (K, D)", to_string(in),
                to_string(weight));
    Device& device = x->value.device();
    Tensor y(device, {in[0], weight[0]});
    device.gemm(Transpose::No, Transpose::Yes, 1, x->value, w->value, 0, y);
    std::vector<Var> inputs{x, w};
    if (b) {
        device.add_bias(y, b->value);
        inputs.push_back(b);
    }
    return tape.record("linear", inputs, y, [x, w, b](const Tensor& dy) {
        Device& device = dy.device();
        const auto beta = [](Grad mode) { return accumulates(mode) ? 1.0 : 0.0; };
        if (w->needs_grad) {
            const auto dw = w->contribute();
            device.gemm(Transpose::Yes, Transpose::No, 1, dy, x->value, beta(dw.mode), dw.tensor);
        }
        if (b && b->needs_grad) {
            const auto db = b->contribute();
            device.sum_rows(dy, db.tensor, db.mode);
        }
        if (x->needs_grad) {
            const auto dx = x->contribute();
            device.gemm(Transpose::No, Transpose::No, 1, dy, w->value, beta(dx.mode), dx.tensor);
        }
    });
}

Var dropout(Tape& tape, const Var& x, double p, uint64_t seed, uint64_t step) {
    Tensor y = x->value.like();
    x->value.device().dropout(x->value, p, seed, step, y, Grad::Overwrite);
    return tape.record("dropout", {x}, y, [x, p, seed, step](const Tensor& dy) {
        const auto dx = x->contribute();
        dy.device().dropout(dy, p, seed, step, dx.tensor, dx.mode);
    });
}

}  // namespace facet
