#include "train/optimiser/optimiser.h"

#include <cmath>

#include "engine/place.h"

namespace facet {

// "conv1.weight" belongs to "conv1".
static std::string owner_of(const std::string& parameter) {
    return parameter.substr(0, parameter.rfind('.'));
}

void check_optimiser(const OptimiserConfig& config) {
    make_update_rule(config.kind, config.settings);
    for (const OptimiserInfo* info : all_optimisers())
        make_update_rule(info->name, config.settings);
    FACET_USAGE(config.weight_decay >= 0 && std::isfinite(config.weight_decay),
                "optimizer: weight_decay must not be negative, found {}", config.weight_decay);
    FACET_USAGE(config.clip >= 0, "optimizer: clip must not be negative, found {}", config.clip);
}

Optimiser::Optimiser(const OptimiserConfig& config, std::vector<Parameter> network,
                     std::vector<Parameter> head, std::vector<Parameter> by_rows)
    : config_(config), network_(network.size()) {
    check_optimiser(config);
    rule_ = make_update_rule(config.kind, config.settings);
    for (const Parameter& parameter : network) add(parameter, false);
    for (const Parameter& parameter : head) add(parameter, false);
    for (const Parameter& parameter : by_rows) add(parameter, true);
    if (entries_.empty()) return;
    Device& device = entries_[0].parameter.var->value.device();
    device_update_ =
        new_device_update(device, *rule_, network.size() + head.size(), by_rows.size());
}

void Optimiser::add(const Parameter& parameter, bool by_rows) {
    Entry& entry = entries_.emplace_back(Entry{parameter, {}, by_rows});
    const Tensor& w = parameter.var->value;
    const auto keep = [&](const std::string& what, const Shape& shape) {
        moments_.push_back({parameter.name + "." + what, Tensor::full(w.device(), shape, 0)});
        return moments_.back().value;
    };
    for (const std::string& moment : rule_->info().moments)
        entry.moments.push_back(keep(moment, w.shape()));
    if (by_rows && rule_->info().counts_steps) entry.steps = keep("steps", {w.size(0)});
}

void Optimiser::clear_gradients() {
    for (const Entry& entry : entries_) entry.parameter.var->clear_grad();
}

const Optimiser::Entry& Optimiser::entry_of(const Var& parameter) const {
    for (const Entry& entry : entries_) {
        if (entry.by_rows && entry.parameter.var == parameter) return entry;
    }
    throw Error("optimizer: a gradient of rows for a parameter that is not moved by rows");
}

void Optimiser::check_rows(const RowGradient& gradient) const {
    Shape shape = gradient.parameter->value.shape();
    for (const int64_t row : gradient.rows) {
        FACET_CHECK(row >= 0 && row < shape.at(0), "optimizer: there is no row {} in {}", row,
                    to_string(shape));
    }
    shape[0] = std::ssize(gradient.rows);
    expect_shape("optimizer", "the gradient of rows", gradient.gradient, shape);
}

std::vector<const Optimiser::Entry*> Optimiser::moved_as_a_whole() const {
    std::vector<const Entry*> moved;
    for (const Entry& entry : entries_) {
        const Variable& var = *entry.parameter.var;
        if (!entry.by_rows && var.needs_grad && var.has_grad()) moved.push_back(&entry);
    }
    return moved;
}

std::vector<const void*> Optimiser::head_gradients() const {
    std::vector<const void*> addresses;
    for (const Entry* entry : moved_as_a_whole()) {
        if (!of_network(*entry)) addresses.push_back(entry->parameter.var->grad.address());
    }
    return addresses;
}

void Optimiser::check_finite(std::span<const double> squares) const {
    std::vector<const Entry*> owners = moved_as_a_whole();
    for (const RowGradient& gradient : rows_) owners.push_back(&entry_of(gradient.parameter));
    for (size_t i = 0; i < owners.size(); ++i) {
        if (std::isfinite(squares[i])) continue;
        throw Error(fmt::format("the gradient of {} is not finite", owners[i]->parameter.name),
                    "a smaller learning rate or a longer warm-up usually helps");
    }
}

// Of the network; one wait for all gradients, the rows' among them.
double Optimiser::norm_on_host() const {
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

double Optimiser::decay_of(const Entry& entry) const {
    return entry.parameter.decay ? config_.weight_decay : 0;
}

Optimiser::Groups Optimiser::count_steps(const Entry& entry, std::span<const int64_t> rows) const {
    Groups groups;
    if (!entry.steps.defined()) {
        for (size_t k = 0; k < rows.size(); ++k) groups[0].push_back(static_cast<int64_t>(k));
        return groups;
    }
    std::vector<double> steps = gathered_rows(entry.steps, rows).to_doubles();
    for (size_t k = 0; k < steps.size(); ++k) {
        steps[k] += 1;
        groups[static_cast<int64_t>(steps[k])].push_back(static_cast<int64_t>(k));
    }
    Device& device = entry.steps.device();
    device.scatter_rows(Tensor::from(device, {std::ssize(steps)}, steps), rows, entry.steps);
    return groups;
}

void Optimiser::move_rows(const RowGradient& gradient) const {
    const Entry& entry = entry_of(gradient.parameter);
    for (const auto& [steps, places] : count_steps(entry, gradient.rows)) {
        std::vector<int64_t> rows;
        for (const int64_t place : places) rows.push_back(gradient.rows[place]);
        const Tensor w = gathered_rows(gradient.parameter->value, rows);
        const Tensor dw = gathered_rows(gradient.gradient, places);
        std::vector<Tensor> moments;
        for (const Tensor& moment : entry.moments) moments.push_back(gathered_rows(moment, rows));
        const UpdateStep step{lr_, decay_of(entry), 1, steps};
        device_update_ ? device_update_->move(step, dw, moments, w)
                       : rule_->move(step, dw, moments, w);
        w.device().scatter_rows(w, rows, gradient.parameter->value);
        for (size_t i = 0; i < moments.size(); ++i)
            w.device().scatter_rows(moments[i], rows, entry.moments[i]);
    }
}

double Optimiser::step(double lr, std::vector<RowGradient> rows) {
    open(lr, std::move(rows));
    run();
    return close();
}

void Optimiser::open(double lr, std::vector<RowGradient> rows) {
    std::vector<Tensor> gradients;
    for (const RowGradient& gradient : rows) {
        check_rows(gradient);
        entry_of(gradient.parameter);  // or an Error
        gradients.push_back(gradient.gradient);
    }
    lr_ = lr;
    rows_ = std::move(rows);
    if (device_update_) device_update_->open(lr, steps_ + 1, gradients);
}

void Optimiser::run() {
    if (device_update_) return enqueue_on_device();
    norm_ = norm_on_host();
    const double scale = config_.clip > 0 && norm_ > config_.clip ? config_.clip / norm_ : 1;
    for (const Entry* entry : moved_as_a_whole()) {
        const Var& var = entry->parameter.var;
        const InPart part(owner_of(entry->parameter.name));
        const double clipping = of_network(*entry) ? scale : 1;
        rule_->move({lr_, decay_of(*entry), clipping, steps_ + 1}, var->grad, entry->moments,
                    var->value);
    }
}

void Optimiser::enqueue_on_device() const {
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
        const auto clipping =
            of_network(*entry) ? DeviceUpdate::Clipping::Yes : DeviceUpdate::Clipping::No;
        device_update_->move_as_decided(decay_of(*entry), clipping, var->grad, entry->moments,
                                        var->value);
    }
}

double Optimiser::close() {
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
