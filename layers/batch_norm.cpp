#include "layers/batch_norm.h"

#include "engine/flops.h"

namespace facet {

BatchNormLayer::BatchNormLayer(Initialiser& init, int64_t C)
    : vars_{init.constant({C}, 1), init.constant({C}, 0), nullptr, eps},
      running_{Tensor::full(init.device(), {C}, 0), Tensor::full(init.device(), {C}, 1), momentum} {
}

BatchNormLayer& BatchNormLayer::with_prelu(Initialiser& init) {
    vars_.slope = init.constant(vars_.gamma->value.shape(), 0.25);
    return *this;
}

BatchNormLayer& BatchNormLayer::with_fixed_scale() {
    vars_.gamma->needs_grad = false;
    return *this;
}

Var BatchNormLayer::forward(const Pass& pass, const Var& x, const Var& addend) {
    return pass.mode == Mode::Train ? batch_norm_train(pass.tape, x, vars_, addend, running_)
                                    : batch_norm_eval(pass.tape, x, vars_, addend, running_);
}

void BatchNormLayer::collect(const std::string& name, Inventory& inventory) const {
    collect(name, name + ".prelu", inventory);
}

void BatchNormLayer::collect(const std::string& name, const std::string& prelu_name,
                             Inventory& inventory) const {
    inventory.parameters.push_back({name + ".weight", vars_.gamma, false});
    inventory.parameters.push_back({name + ".bias", vars_.beta, false});
    if (vars_.slope) inventory.parameters.push_back({prelu_name + ".weight", vars_.slope, false});
    inventory.statistics.push_back({name + ".running_mean", running_.mean});
    inventory.statistics.push_back({name + ".running_var", running_.variance});
}

Shape BatchNormLayer::describe(const std::string& name, const Shape& in,
                               std::vector<SummaryRow>& rows) const {
    const int64_t C = vars_.gamma->value.size(0);
    FACET_CHECK(!in.empty() && in[0] == C, "{}: expected {} channels, found {}", name, C,
                to_string(in));
    const int64_t parameters = C * ((vars_.gamma->needs_grad ? 2 : 1) + (vars_.slope ? 1 : 0));
    const bool prelu = vars_.slope != nullptr;
    rows.push_back({name, prelu ? "batch norm + PReLU" : "batch norm", in, parameters,
                    flops::batch_norm_train(count(in), prelu, false), count(in),
                    flops::batch_norm_backward(count(in), prelu, false)});
    return in;
}

}  // namespace facet
