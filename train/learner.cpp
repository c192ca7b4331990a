#include "train/learner.h"

#include <cmath>
#include <numeric>

#include "engine/ledger.h"
#include "losses/head/apply_loss.h"
#include "losses/head/class_sampling.h"

namespace facet {
namespace {

Error diverged(const char* what, int64_t step) {
    return Error(fmt::format("{} at step {}", what, step),
                 "a smaller learning rate or a longer warm-up usually helps");
}

}  // namespace

Learner::Learner(Device& device, const LearnerConfig& config, int64_t C)
    : device_(device),
      config_(config),
      init_(device, config.seed),
      network_(init_, config.network),
      loss_(make_loss(config.loss, config.loss_parameters)),
      pass_(network_) {
    create_head(init_, C);
    std::vector<Parameter> head, by_rows;
    const bool sampling = config.sample_rate < 1;
    if (proxies_) (sampling ? by_rows : head).push_back({"head.weight", proxies_, true});
    for (const LossParameter& p : loss_parameters_) {
        (sampling && p.per_class ? by_rows : head).push_back({"head." + p.array, p.var, false});
    }
    optimizer_ = std::make_unique<Optimizer>(config.optimizer, network_.inventory().parameters,
                                             std::move(head), std::move(by_rows));
}

void Learner::create_head(Initialiser& init, int64_t C) {
    check_sampling(*loss_, config_.sample_rate);
    loss_->state().seed = config_.seed;
    if (loss_->has_proxies()) proxies_ = init.normal({C, config_.network.embedding}, 0.01);
    prepare_sampled(*loss_, C, sampled_classes(C, config_.sample_rate));
    for (const auto& array : loss_->state().arrays()) {
        if (!array->learnable) continue;
        const Shape shape{static_cast<int64_t>(array->value.size())};
        const Tensor value = Tensor::from(device_, shape, array->value);
        loss_parameters_.push_back(
            {array->name, std::make_shared<Variable>(value, true), array->per_class()});
    }
    publish_loss_parameters();
}

Var Learner::apply(Tape& tape, const Var& embeddings, const std::vector<int64_t>& labels,
                   int64_t index, double& value) {
    if (config_.sample_rate == 1) {
        return apply_loss(tape, *loss_, embeddings, proxies_, labels, diagnostics_, config_.head,
                          &value);
    }
    ClassSample sample = sample_classes(labels, proxies_->value.size(0), config_.sample_rate,
                                        config_.seed, static_cast<uint64_t>(index));
    // A leaf of this step's tape.
    const Var proxies =
        tape.variable(gathered_rows(proxies_->value, sample.classes), "head.weight");
    const SampledState state_of_the_sample(loss_->state(), sample.classes);
    sampled_ = Sampled{std::move(sample.classes), std::move(sample.labels), proxies};
    return apply_loss(tape, *loss_, embeddings, proxies, sampled_->labels, diagnostics_,
                      config_.head, &value);
}

// Hands what the loss says of its own parameters to them; returns the gradients of sampled rows.
std::vector<RowGradient> Learner::collect_head_gradients() {
    std::vector<RowGradient> rows;
    if (sampled_) rows.push_back({proxies_, sampled_->classes, sampled_->proxies->grad});
    for (const LossParameter& parameter : loss_parameters_) {
        const std::vector<double>& gradient = loss_->state().find(parameter.array)->gradient;
        const Tensor tensor = Tensor::from(device_, {std::ssize(gradient)}, gradient);
        if (sampled_ && parameter.per_class) {
            rows.push_back({parameter.var, sampled_->classes, tensor});
        } else {  // to the same place in every step
            device_.copy(tensor, parameter.var->contribute().tensor);
        }
    }
    return rows;
}

StepResult Learner::step(const Tensor& pixels, const std::vector<int64_t>& labels, double lr,
                         int64_t index) {
    optimizer_->clear_gradients();
    sampled_.reset();  // head() and its kin tell of this step only
    embeddings_ = Tensor();
    Tape tape(true, nullptr, observer_);  // of the head
    const Var embeddings = tape.variable(
        pass_.forward(pixels, config_.seed, static_cast<uint64_t>(index)), "embeddings");
    embeddings_ = embeddings->value;
    std::optional<InPart> in_head(std::in_place, "head");
    std::optional<InPhase> forward(std::in_place, Phase::Forward);
    const double squares = device_.sum_of_squares(embeddings->value);
    if (!std::isfinite(squares)) throw diverged("the embeddings are not finite", index);
    StepResult result;
    const Var value = apply(tape, embeddings, labels, index, result.loss);
    if (!std::isfinite(result.loss)) throw diverged("the loss is not finite", index);
    const auto& cosines = diagnostics_.target_cosine;
    if (!cosines.empty()) {
        result.target_cosine = std::accumulate(cosines.begin(), cosines.end(), 0.0) /
                               static_cast<double>(cosines.size());
    }
    tape.backward(value, Tensor::full(device_, {1}, 1));
    if (on_head_) {
        const Var& proxies = sampled_ ? sampled_->proxies : proxies_;
        on_head_({embeddings->value, embeddings->grad, head_proxies(),
                  proxies ? proxies->grad : Tensor(), head_labels(labels), diagnostics_});
    }
    forward.reset();
    in_head.reset();
    {
        const InPhase update(Phase::Update);
        optimizer_->open(lr, collect_head_gradients());
    }
    pass_.backward_and_update(embeddings->grad, *optimizer_);
    const InPhase update(Phase::Update);
    result.gradient_norm = optimizer_->close();
    publish_loss_parameters();
    return result;
}

void Learner::watch(TapeObserver* observer) {
    observer_ = observer;
    pass_.watch(observer);
}

Tensor Learner::head_proxies() const {
    if (sampled_) return sampled_->proxies->value;
    return proxies_ ? proxies_->value : Tensor();
}

std::vector<int64_t> Learner::head_labels(const std::vector<int64_t>& labels) const {
    return sampled_ ? sampled_->labels : labels;
}

void Learner::publish_loss_parameters() {
    for (const LossParameter& parameter : loss_parameters_) {
        loss_->state().find(parameter.array)->value = parameter.var->value.to_doubles();
    }
}

std::vector<Parameter> Learner::parameters() const {
    std::vector<Parameter> all = network_.inventory().parameters;
    if (proxies_) all.push_back({"head.weight", proxies_, true});
    for (const LossParameter& parameter : loss_parameters_) {
        all.push_back({"head." + parameter.array, parameter.var, false});
    }
    return all;
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
    for (const LossParameter& parameter : loss_parameters_) {
        all.push_back({"head." + parameter.array, parameter.var->value});
    }
    for (const auto& moment : optimizer_->moments()) all.push_back({moment.name, moment.value});
    return all;
}

std::string Learner::parameter_hash() const {
    const LedgerScope scope("hash", 0, 0);
    const Inventory inventory = network_.inventory();
    std::vector<Tensor> all;
    for (const Parameter& parameter : inventory.parameters) all.push_back(parameter.var->value);
    for (const Statistic& statistic : inventory.statistics) all.push_back(statistic.value);
    if (proxies_) all.push_back(proxies_->value);
    for (const LossParameter& parameter : loss_parameters_) all.push_back(parameter.var->value);
    Hash hash;
    device_.add_to_hash(all, hash);
    return hash.hex();
}

}  // namespace facet
