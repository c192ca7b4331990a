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
    if (entries_.empty()) return;
    Device& device = entries_[0].parameter.var->value.device();
    device_update_ = new_device_update(device, network.size() + head.size(), by_rows.size());
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

std::vector<const Optimizer::Entry*> Optimizer::moved_as_a_whole() const {
    std::vector<const Entry*> moved;
    for (const Entry& entry : entries_) {
        const Variable& var = *entry.parameter.var;
        if (!entry.by_rows && var.needs_grad && var.has_grad()) moved.push_back(&entry);
    }
    return moved;
}

std::vector<const void*> Optimizer::head_gradients() const {
    std::vector<const void*> addresses;
    for (const Entry* entry : moved_as_a_whole()) {
        if (!of_network(*entry)) addresses.push_back(entry->parameter.var->grad.address());
    }
    return addresses;
}

void Optimizer::check_finite(std::span<const double> squares) const {
    std::vector<const Entry*> owners = moved_as_a_whole();
    for (const RowGradient& gradient : rows_) owners.push_back(&entry_of(gradient.parameter));
    for (size_t i = 0; i < owners.size(); ++i) {
        if (std::isfinite(squares[i])) continue;
        throw Error(fmt::format("the gradient of {} is not finite", owners[i]->parameter.name),
                    "a smaller learning rate or a longer warm-up usually helps");
    }
}

// Of the network; one wait for all gradients, the rows' among them.
double Optimizer::norm_on_host() const {
    const std::vector<const Entry*> moved = moved_as_a_whole();
    std::vector<Tensor> gradients;
    for (const Entry* entry : moved) gradients.push_back(entry->parameter.var->grad);
    for (const RowGradient& gradient : rows_) gradients.push_back(gradient.gradient);
    if (gradients.empty()) return 0;
    const std::vector<double> squares = gradients[0].device().sums_of_squares(gradients);
    check_finite(squares);
    double sum = 0;
    for (size_t i = 0; i < moved.size() && of_network(*moved[i]); ++i) sum += squares[i];
    return std::sqrt(sum);
}

SgdStep Optimizer::sgd(const Entry& entry, double gradient_scale) const {
    const double decay = entry.parameter.decay ? config_.weight_decay : 0;
    return {lr_, config_.momentum, decay, config_.nesterov, gradient_scale};
}

AdamWStep Optimizer::adamw(const Entry& entry, double gradient_scale, int64_t steps) const {
    const double decay = entry.parameter.decay ? config_.weight_decay : 0;
    return {lr_, config_.beta1, config_.beta2, config_.eps, decay, steps, gradient_scale};
}

void Optimizer::move(const Entry& entry, const std::vector<Tensor>& moments, double gradient_scale,
                     int64_t steps, const Tensor& dw, const Tensor& w) const {
    if (config_.kind == "sgd") {
        w.device().sgd_step(sgd(entry, gradient_scale), dw, moments[0], w);
    } else {
        w.device().adamw_step(adamw(entry, gradient_scale, steps), dw, moments[0], moments[1], w);
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

void Optimizer::move_rows(const RowGradient& gradient) const {
    const Entry& entry = entry_of(gradient.parameter);
    const std::vector<Tensor> moments = moments_of(entry);
    for (const auto& [steps, places] : count_steps(entry, gradient.rows)) {
        std::vector<int64_t> rows;
        for (const int64_t place : places) rows.push_back(gradient.rows[place]);
        const auto side_by_side = [&](const Tensor& whole) { return gathered_rows(whole, rows); };
        const Tensor w = side_by_side(gradient.parameter->value);
        std::vector<Tensor> part;
        for (const Tensor& moment : moments) part.push_back(side_by_side(moment));
        move(entry, part, 1, steps, gathered_rows(gradient.gradient, places), w);
        w.device().scatter_rows(w, rows, gradient.parameter->value);
        for (size_t i = 0; i < part.size(); ++i) {
            w.device().scatter_rows(part[i], rows, moments[i]);
        }
    }
}

double Optimizer::step(double lr, std::vector<RowGradient> rows) {
    open(lr, std::move(rows));
    run();
    return close();
}

void Optimizer::open(double lr, std::vector<RowGradient> rows) {
    std::vector<Tensor> gradients;
    for (const RowGradient& gradient : rows) {
        check_rows(gradient);
        entry_of(gradient.parameter);  // or an Error
        gradients.push_back(gradient.gradient);
    }
    lr_ = lr;
    rows_ = std::move(rows);
    if (device_update_) {
        device_update_->open(lr, config_.beta1, config_.beta2, steps_ + 1, gradients);
    }
}

void Optimizer::run() {
    if (device_update_) return enqueue_on_device();
    norm_ = norm_on_host();
    const double scale = config_.clip > 0 && norm_ > config_.clip ? config_.clip / norm_ : 1;
    for (const Entry* entry : moved_as_a_whole()) {
        const Var& var = entry->parameter.var;
        const InPart part(owner_of(entry->parameter.name));
        move(*entry, moments_of(*entry), of_network(*entry) ? scale : 1, steps_ + 1, var->grad,
             var->value);
    }
}

void Optimizer::enqueue_on_device() const {
    const std::vector<const Entry*> moved = moved_as_a_whole();
    std::vector<Tensor> gradients;
    size_t clipped = 0;
    for (const Entry* entry : moved) {
        gradients.push_back(entry->parameter.var->grad);
        clipped += of_network(*entry) ? 1 : 0;
    }
    device_update_->decide(gradients, clipped, config_.clip);
    for (const Entry* entry : moved) {
        const Var& var = entry->parameter.var;
        const InPart part(owner_of(entry->parameter.name));
        const std::vector<Tensor> moments = moments_of(*entry);
        const auto clipping =
            of_network(*entry) ? DeviceUpdate::Clipping::Yes : DeviceUpdate::Clipping::No;
        if (config_.kind == "sgd") {
            device_update_->sgd_step(sgd(*entry, 1), clipping, var->grad, moments[0], var->value);
        } else {
            device_update_->adamw_step(adamw(*entry, 1, steps_ + 1), clipping, var->grad,
                                       moments[0], moments[1], var->value);
        }
    }
}

double Optimizer::close() {
    if (device_update_) {
        DeviceUpdate::Decision decision = device_update_->decision();
        decision.gradients.resize(moved_as_a_whole().size());
        decision.gradients.insert(decision.gradients.end(), decision.others.begin(),
                                  decision.others.end());
        check_finite(decision.gradients);
        norm_ = decision.norm;
    }
    ++steps_;
    for (const RowGradient& gradient : rows_) move_rows(gradient);
    rows_.clear();
    return norm_;
}

}  // namespace facet
