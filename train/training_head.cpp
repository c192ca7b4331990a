#include "train/training_head.h"

#include <cmath>

#include "engine/place.h"
#include "losses/head/class_sampling.h"
#include "losses/head/run_loss.h"

namespace facet {

TrainingHead::TrainingHead(Initialiser& init, const HeadConfig& config, int64_t C, int64_t D,
                           uint64_t seed)
    : config_(config), seed_(seed), loss_(make_loss(config.loss, config.loss_parameters)) {
    check_sampling(*loss_, config.sample_rate);
    loss_->state().seed = seed;
    if (loss_->has_proxies()) proxies_ = init.normal({C, D}, 0.01);
    prepare_sampled(*loss_, C, sampled_classes(C, config.sample_rate));
    for (const auto& array : loss_->state().arrays()) {
        if (!array->learnable) continue;
        const Tensor value = Tensor::from(init.device(), {std::ssize(array->value)}, array->value);
        learned_.push_back({array.get(), std::make_shared<Variable>(value, true)});
    }
    publish();
    begin({}, {});
}

void TrainingHead::begin(const Tensor& x, const std::vector<int64_t>& labels) {
    step_.x = x;
    step_.dx = step_.dw = Tensor();
    step_.w = proxies_ ? proxies_->value : Tensor();
    step_.labels = labels;
    step_.diagnostics = {};
    sampled_.clear();
}

double TrainingHead::run(uint64_t index, TapeObserver* observer) {
    std::optional<SampledState> state_of_the_sample;
    if (sampling()) {
        ClassSample sample = sample_classes(step_.labels, proxies_->value.size(0),
                                            config_.sample_rate, seed_, index);
        step_.w = gathered_rows(proxies_->value, sample.classes);
        step_.labels = std::move(sample.labels);
        sampled_ = std::move(sample.classes);
        state_of_the_sample.emplace(loss_->state(), sampled_);
    }
    step_.dx = step_.x.like();
    if (sampling()) {
        step_.dw = step_.w.like();
    } else if (proxies_) {  // in the same memory in every step
        step_.dw = proxies_->contribute().tensor;
    }
    const double value = run_loss(*loss_, {step_.x, step_.w, step_.labels, step_.dx, step_.dw},
                                  step_.diagnostics, config_.options);
    if (observer) show(*observer, value);
    return value;
}

void TrainingHead::show(TapeObserver& observer, double value) const {
    const auto input = [](const Tensor& value, const Tensor& gradient, const char* name) {
        auto variable = std::make_shared<Variable>(value, true, name);
        variable->contribute_whole(gradient);
        return variable;
    };
    std::vector<Var> inputs{input(step_.x, step_.dx, "embeddings")};
    if (sampling()) {
        inputs.push_back(input(step_.w, step_.dw, "head.weight"));
    } else if (proxies_) {
        inputs.push_back(proxies_);
    }
    observer.after_forward(loss_->name(), inputs, Tensor::full(step_.x.device(), {1}, value));
    if (!std::isfinite(value)) return;  // the step ends here
    const InPhase backward(Phase::Backward);
    observer.after_backward(loss_->name(), inputs, Tensor::full(step_.x.device(), {1}, 1));
}

std::vector<RowGradient> TrainingHead::collect_gradients() {
    std::vector<RowGradient> rows;
    if (sampling()) rows.push_back({proxies_, sampled_, step_.dw});
    for (const auto& [array, var] : learned_) {
        const Tensor gradient =
            Tensor::from(step_.x.device(), {std::ssize(array->gradient)}, array->gradient);
        if (sampling() && array->per_class()) {
            rows.push_back({var, sampled_, gradient});
        } else {  // to the same place in every step
            var->value.device().copy(gradient, var->contribute().tensor);
        }
    }
    return rows;
}

void TrainingHead::publish() {
    for (const auto& [array, var] : learned_) array->value = var->value.to_doubles();
}

std::vector<Parameter> TrainingHead::moved(bool whole, bool by_rows) const {
    std::vector<Parameter> all;
    const auto add = [&](const std::string& name, const Var& var, bool decay, bool per_class) {
        if (sampling() && per_class ? by_rows : whole) all.push_back({"head." + name, var, decay});
    };
    if (proxies_) add("weight", proxies_, true, true);
    for (const auto& [array, var] : learned_) add(array->name, var, false, array->per_class());
    return all;
}

}  // namespace facet
