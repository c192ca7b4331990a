#include "train/optimizer.h"

#include <cmath>

#include "engine/place.h"

namespace facet {

// "conv1.weight" belongs to "conv1".
static std::string owner_of(const std::string& parameter) {
    return parameter.substr(0, parameter.rfind('.'));
}

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
                     std::vector<Parameter> head, std::vector<Parameter> by_rows)
    : config_(config), network_(network.size()) {
    check_optimizer(config);
    for (const Parameter& parameter : network) add(parameter, false);
    for (const Parameter& parameter : head) add(parameter, false);
    for (const Parameter& parameter : by_rows) add(parameter, true);
}

void Optimizer::add(const Parameter& parameter, bool by_rows) {
    entries_.push_back({parameter, moments_.size(), by_rows});
    const Tensor& w = parameter.var->value;
    const auto keep = [&](const char* what, const Shape& shape) {
        moments_.push_back({parameter.name + what, Tensor::full(w.device(), shape, 0)});
    };
    if (config_.kind == "sgd") return keep(".momentum", w.shape());
    keep(".mean", w.shape());
    keep(".square", w.shape());
    if (by_rows) keep(".steps", {w.size(0)});
}

void Optimizer::clear_gradients() {
    for (const Entry& entry : entries_) entry.parameter.var->clear_grad();
}

const Optimizer::Entry& Optimizer::entry_of(const Var& parameter) const {
    for (const Entry& entry : entries_) {
        if (entry.by_rows && entry.parameter.var == parameter) return entry;
    }
    throw Error("optimizer: a gradient of rows for a parameter that is not moved by rows");
}

void Optimizer::check_rows(const RowGradient& gradient) const {
    Shape shape = gradient.parameter->value.shape();
    for (const int64_t row : gradient.rows) {
        FACET_CHECK(row >= 0 && row < shape.at(0), "optimizer: there is no row {} in {}", row,
                    to_string(shape));
    }
    shape[0] = std::ssize(gradient.rows);
    expect_shape("optimizer", "the gradient of rows", gradient.gradient, shape);
}

bool Optimizer::moves(const Entry& entry) const {
    const Var& var = entry.parameter.var;
    return !entry.by_rows && var->needs_grad && var->has_grad();
}

// Of the network; one wait for all gradients, the rows' among them.
double Optimizer::checked_norm(const std::vector<RowGradient>& rows) const {
    std::vector<const Entry*> owners;
    std::vector<Tensor> gradients;
    for (const Entry& entry : entries_) {
        if (!moves(entry)) continue;
        owners.push_back(&entry);
        gradients.push_back(entry.parameter.var->grad);
    }
    for (const RowGradient& gradient : rows) {
        check_rows(gradient);
        owners.push_back(&entry_of(gradient.parameter));
        gradients.push_back(gradient.gradient);
    }
    if (gradients.empty()) return 0;
    const std::vector<double> squares = gradients[0].device().sums_of_squares(gradients);
    double sum = 0;
    for (size_t i = 0; i < squares.size(); ++i) {
        if (!std::isfinite(squares[i])) {
            throw Error(fmt::format("the gradient of {} is not finite", owners[i]->parameter.name),
                        "a smaller --lr or a longer --warmup usually helps");
        }
        if (owners[i] < entries_.data() + network_) sum += squares[i];
    }
    return std::sqrt(sum);
}

void Optimizer::move(const Entry& entry, const std::vector<Tensor>& moments, double lr,
                     double gradient_scale, int64_t steps, const Tensor& dw,
                     const Tensor& w) const {
    const double decay = entry.parameter.decay ? config_.weight_decay : 0;
    if (config_.kind == "sgd") {
        w.device().sgd_step({lr, config_.momentum, decay, config_.nesterov, gradient_scale}, dw,
                            moments[0], w);
    } else {
        w.device().adamw_step(
            {lr, config_.beta1, config_.beta2, config_.eps, decay, steps, gradient_scale}, dw,
            moments[0], moments[1], w);
    }
}

std::vector<Tensor> Optimizer::moments_of(const Entry& entry) const {
    std::vector<Tensor> moments{moments_[entry.moments].value};
    if (config_.kind == "adamw") moments.push_back(moments_[entry.moments + 1].value);
    return moments;
}

Optimizer::Groups Optimizer::count_steps(const Entry& entry, std::span<const int64_t> rows) const {
    Groups groups;
    if (config_.kind == "sgd") {
        for (size_t k = 0; k < rows.size(); ++k) groups[0].push_back(static_cast<int64_t>(k));
        return groups;
    }
    const Tensor& counts = moments_[entry.moments + 2].value;
    std::vector<double> steps = gathered_rows(counts, rows).to_doubles();
    for (size_t k = 0; k < steps.size(); ++k) {
        steps[k] += 1;
        groups[static_cast<int64_t>(steps[k])].push_back(static_cast<int64_t>(k));
    }
    counts.device().scatter_rows(Tensor::from(counts.device(), {std::ssize(steps)}, steps), rows,
                                 counts);
    return groups;
}

void Optimizer::move_rows(const RowGradient& gradient, double lr) const {
    const Entry& entry = entry_of(gradient.parameter);
    const std::vector<Tensor> moments = moments_of(entry);
    for (const auto& [steps, places] : count_steps(entry, gradient.rows)) {
        std::vector<int64_t> rows;
        for (const int64_t place : places) rows.push_back(gradient.rows[place]);
        const auto side_by_side = [&](const Tensor& whole) { return gathered_rows(whole, rows); };
        const Tensor w = side_by_side(gradient.parameter->value);
        std::vector<Tensor> part;
        for (const Tensor& moment : moments) part.push_back(side_by_side(moment));
        move(entry, part, lr, 1, steps, gathered_rows(gradient.gradient, places), w);
        w.device().scatter_rows(w, rows, gradient.parameter->value);
        for (size_t i = 0; i < part.size(); ++i) {
            w.device().scatter_rows(part[i], rows, moments[i]);
        }
    }
}

double Optimizer::step(double lr, const std::vector<RowGradient>& rows) {
    const double norm = checked_norm(rows);
    const double scale = config_.clip > 0 && norm > config_.clip ? config_.clip / norm : 1;
    ++steps_;
    for (size_t i = 0; i < entries_.size(); ++i) {
        const Var& var = entries_[i].parameter.var;
        if (!moves(entries_[i])) continue;
        const InPart part(owner_of(entries_[i].parameter.name));
        move(entries_[i], moments_of(entries_[i]), lr, i < network_ ? scale : 1, steps_, var->grad,
             var->value);
    }
    for (const RowGradient& gradient : rows) move_rows(gradient, lr);
    return norm;
}

}  // namespace facet
