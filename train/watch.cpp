#include "train/watch.h"

#include <cmath>
#include <set>

#include "engine/place.h"

namespace facet {
namespace {

std::vector<int64_t> index_of(int64_t at, const Shape& shape) {
    std::vector<int64_t> index(shape.size());
    for (size_t axis = shape.size(); axis-- > 0; at /= shape[axis]) index[axis] = at % shape[axis];
    return index;
}

int64_t samples_with_such(const Tensor& x) {
    const std::vector<double> values = x.to_doubles();
    const auto each = static_cast<size_t>(x.count() / x.size(0));
    std::set<size_t> samples;
    for (size_t i = 0; i < values.size(); ++i) {
        if (!std::isfinite(values[i])) samples.insert(i / each);
    }
    return static_cast<int64_t>(samples.size());
}

}  // namespace

std::optional<NotFinite> first_not_finite(const Tensor& x) {
    const std::vector<double> values = x.to_doubles();
    NotFinite found;
    for (size_t i = 0; i < values.size(); ++i) {
        if (std::isfinite(values[i])) continue;
        if (found.count++ > 0) continue;
        found.value = values[i];
        found.index = index_of(static_cast<int64_t>(i), x.shape());
    }
    if (found.count == 0) return std::nullopt;
    return found;
}

Watch::Watch(const std::vector<Parameter>& parameters, int64_t B) : B_(B) {
    for (const Parameter& parameter : parameters) names_[parameter.var.get()] = parameter.name;
}

void Watch::look(const std::string& operation, const std::string& tensor, const Tensor& x,
                 bool by_sample) {
    if (finding_) return;
    const auto number = first_not_finite(x);
    if (!number) return;
    by_sample &= !x.shape().empty() && x.size(0) == B_;
    finding_ = Finding{operation,
                       current_place().part,
                       name_of(current_place().phase),
                       tensor,
                       x.shape(),
                       *number,
                       by_sample,
                       by_sample ? samples_with_such(x) : 0};
}

void Watch::after_forward(const std::string& operation, const std::vector<Var>&,
                          const Tensor& output) {
    look(operation, "its output", output, true);
}

void Watch::after_backward(const std::string& operation, const std::vector<Var>& inputs,
                           const Tensor&) {
    for (const Var& input : inputs) {
        if (!input->has_grad()) continue;
        const auto named = names_.find(input.get());
        const bool parameter = named != names_.end();
        const std::string& name = parameter ? named->second : input->name;
        look(operation, "the gradient of " + (name.empty() ? "its input" : name), input->grad,
             !parameter);
    }
}

}  // namespace facet
