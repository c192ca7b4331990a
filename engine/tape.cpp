#include "engine/tape.h"

#include "engine/place.h"

namespace facet {

void Variable::release_grad() {
    grad = Tensor();
    has_grad_ = false;
}

Variable::Target Variable::contribute() {
    if (!grad.defined()) grad = value.like();
    const Grad mode = has_grad_ ? Grad::Accumulate : Grad::Overwrite;
    has_grad_ = true;
    return {grad, mode};
}

void Variable::contribute_whole(const Tensor& gradient) {
    expect_shape("gradient", name.c_str(), gradient, value.shape());
    if (!has_grad_) {
        grad = gradient;
        has_grad_ = true;
    } else {
        value.device().axpby(1, gradient, 1, grad);
    }
}

Var Tape::constant(Tensor value) const {
    return std::make_shared<Variable>(std::move(value), false);
}

Var Tape::variable(Tensor value, std::string name) const {
    return std::make_shared<Variable>(std::move(value), true, std::move(name));
}

Var Tape::record(std::string name, const std::vector<Var>& inputs, Tensor output,
                 std::function<void(const Tensor&)> backward) {
    bool needs_grad = false;
    for (const Var& input : inputs) needs_grad |= input->needs_grad;
    needs_grad &= recording_;
    auto result = std::make_shared<Variable>(std::move(output), needs_grad, name);
    if (observer_) observer_->after_forward(name, inputs, result->value);
    if (needs_grad) {
        nodes_.push_back({std::move(name), current_place().part,
                          observer_ ? inputs : std::vector<Var>(), result, std::move(backward)});
    }
    return result;
}

void Tape::backward(const Var& output, const Tensor& gradient) {
    FACET_CHECK(recording_, "backward: the tape of '{}' was not recording", output->name);
    expect_shape("backward", "the gradient given", gradient, output->value.shape());
    const InPhase phase(Phase::Backward);
    output->contribute_whole(gradient.clone());
    while (!nodes_.empty()) {
        Node node = std::move(nodes_.back());
        nodes_.pop_back();
        const AtPart part(std::move(node.part));
        if (!node.output->has_grad()) continue;  // the output does not depend on it
        const Tensor dy = node.output->grad;
        node.output->release_grad();
        // The observer needs dy, which its operation may hand on.
        const Tensor seen = observer_ ? dy.clone() : Tensor();
        node.backward(dy);
        if (observer_) observer_->after_backward(node.name, node.inputs, seen);
    }
}

}  // namespace facet
