#include "train/optimizer.h"

#include <cmath>

namespace facet {

void check_optimizer(const OptimizerConfig& config) {
    const auto unit = [](const char* name, double value) {
        FACET_USAGE(value >= 0 && value < 1, "optimizer: {} must lie in [0, 1), found {}", name,
                    value);
    };
    FACET_USAGE(config.kind == "sgd" || config.kind == "adamw",
                "unknown optimizer '{}', expected sgd or adamw", config.kind);
    unit("momentum", config.momentum);
    unit("beta1", config.beta1);
    unit("beta2", config.beta2);
    FACET_USAGE(config.weight_decay >= 0 && std::isfinite(config.weight_decay),
                "optimizer: weight_decay must not be negative, found {}", config.weight_decay);
    FACET_USAGE(config.clip >= 0, "optimizer: clip must not be negative, found {}", config.clip);
    FACET_USAGE(config.eps > 0, "optimizer: eps must be positive, found {}", config.eps);
}

Optimizer::Optimizer(const OptimizerConfig& config, std::vector<Parameter> network,
                     std::vector<Parameter> head)
    : config_(config), parameters_(std::move(network)), network_(parameters_.size()) {
    check_optimizer(config);
    parameters_.insert(parameters_.end(), head.begin(), head.end());
    for (const Parameter& parameter : parameters_) {
        const Tensor& w = parameter.var->value;
        const auto add = [&](const char* what) {
            moments_.push_back({parameter.name + what, Tensor::full(w.device(), w.shape(), 0)});
        };
        if (config.kind == "sgd") {
            add(".momentum");
        } else {
            add(".mean");
            add(".square");
        }
    }
}

void Optimizer::clear_gradients() {
    for (const Parameter& parameter : parameters_) parameter.var->clear_grad();
}

double Optimizer::gradient_norm(size_t begin, size_t end) const {
    double squares = 0;
    for (size_t i = begin; i < end; ++i) {
        const Parameter& parameter = parameters_[i];
        if (!parameter.var->needs_grad || !parameter.var->has_grad()) continue;
        const double square = parameter.var->grad.device().sum_of_squares(parameter.var->grad);
        if (!std::isfinite(square)) {
            throw Error(fmt::format("the gradient of {} is not finite", parameter.name),
                        "a smaller --lr or a longer --warmup usually helps");
        }
        squares += square;
    }
    return std::sqrt(squares);
}

void Optimizer::move(size_t i, double lr, double gradient_scale) {
    const Parameter& parameter = parameters_[i];
    const Tensor &w = parameter.var->value, &dw = parameter.var->grad;
    const double decay = parameter.decay ? config_.weight_decay : 0;
    if (config_.kind == "sgd") {
        w.device().sgd_step({lr, config_.momentum, decay, config_.nesterov, gradient_scale}, dw,
                            moments_[i].value, w);
    } else {
        w.device().adamw_step(
            {lr, config_.beta1, config_.beta2, config_.eps, decay, steps_, gradient_scale}, dw,
            moments_[2 * i].value, moments_[2 * i + 1].value, w);
    }
}

double Optimizer::step(double lr) {
    const double norm = gradient_norm(0, network_);
    gradient_norm(network_, parameters_.size());
    const double scale = config_.clip > 0 && norm > config_.clip ? config_.clip / norm : 1;
    ++steps_;
    for (size_t i = 0; i < parameters_.size(); ++i) {
        const Var& var = parameters_[i].var;
        if (var->needs_grad && var->has_grad()) move(i, lr, i < network_ ? scale : 1);
    }
    return norm;
}

}  // namespace facet
