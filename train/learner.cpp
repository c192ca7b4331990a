#include "train/learner.h"

#include <cmath>
#include <numeric>

#include "losses/loss_op.h"
#include "train/hash.h"

namespace facet {
namespace {

Error diverged(const char* what, int64_t step) {
    return Error(fmt::format("{} at step {}", what, step),
                 "a smaller --lr or a longer --warmup usually helps");
}

}  // namespace

Learner::Learner(Device& device, const LearnerConfig& config, int64_t C)
    : device_(device),
      config_(config),
      init_(device, config.seed),
      network_(init_, config.network),
      loss_(make_loss(config.loss, config.loss_parameters)) {
    create_head(init_, C);
    std::vector<Parameter> head;
    if (proxies_) head.push_back({"head.weight", proxies_, true});
    for (const auto& [array, var] : loss_parameters_) head.push_back({"head." + array, var, false});
    optimizer_ = std::make_unique<Optimizer>(config.optimizer, network_.inventory().parameters,
                                             std::move(head));
}

void Learner::create_head(Initialiser& init, int64_t C) {
    if (loss_->has_proxies()) proxies_ = init.normal({C, config_.network.embedding}, 0.01);
    for (const auto& array : loss_->state().arrays()) {
        if (!array->learnable) continue;
        if (array->value.empty()) array->value.assign(C, 0.0);
        const Shape shape{static_cast<int64_t>(array->value.size())};
        const Tensor value = Tensor::from(device_, shape, array->value);
        loss_parameters_.push_back({array->name, std::make_shared<Variable>(value, true)});
    }
}

StepResult Learner::step(const Tensor& pixels, const std::vector<int64_t>& labels, double lr,
                         int64_t index) {
    Tape tape;
    const Pass pass{tape, Mode::Train, config_.seed, static_cast<uint64_t>(index)};
    const Var embeddings = network_.forward(pass, tape.constant(pixels));
    const double squares = device_.sum_of_squares(embeddings->value);
    if (!std::isfinite(squares)) throw diverged("the embeddings are not finite", index);
    const Var value =
        apply_loss(tape, *loss_, embeddings, proxies_, labels, workspace_, config_.head);
    StepResult result;
    result.loss = value->value.item();
    if (!std::isfinite(result.loss)) throw diverged("the loss is not finite", index);
    const auto& cosines = workspace_.target_cosine;
    if (!cosines.empty()) {
        result.target_cosine = std::accumulate(cosines.begin(), cosines.end(), 0.0) /
                               static_cast<double>(cosines.size());
    }
    optimizer_->clear_gradients();
    tape.backward(value, Tensor::full(device_, {1}, 1));
    for (const auto& [array, var] : loss_parameters_) {
        const StateArray& state = *loss_->state().find(array);
        var->contribute_whole(Tensor::from(device_, var->value.shape(), state.gradient));
    }
    result.gradient_norm = optimizer_->step(lr);
    publish_loss_parameters();
    return result;
}

void Learner::publish_loss_parameters() {
    for (const auto& [array, var] : loss_parameters_) {
        loss_->state().find(array)->value = var->value.to_doubles();
    }
}

std::vector<Learner::Named> Learner::tensors() const {
    std::vector<Named> all;
    const Inventory inventory = network_.inventory();
    for (const Parameter& parameter : inventory.parameters) {
        all.push_back({parameter.name, parameter.var->value});
    }
    for (const Statistic& statistic : inventory.statistics) {
        all.push_back({statistic.name, statistic.value});
    }
    if (proxies_) all.push_back({"head.weight", proxies_->value});
    for (const auto& [array, var] : loss_parameters_) all.push_back({"head." + array, var->value});
    for (const auto& moment : optimizer_->moments()) all.push_back({moment.name, moment.value});
    return all;
}

std::string Learner::parameter_hash() const {
    Hash hash;
    const Inventory inventory = network_.inventory();
    const auto add = [&](const Tensor& t) { hash.add(t.data<float>(), t.bytes()); };
    for (const Parameter& parameter : inventory.parameters) add(parameter.var->value);
    for (const Statistic& statistic : inventory.statistics) add(statistic.value);
    if (proxies_) add(proxies_->value);
    for (const auto& [array, var] : loss_parameters_) add(var->value);
    return hash.hex();
}

}  // namespace facet
