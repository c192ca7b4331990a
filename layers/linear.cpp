#include "layers/linear.h"

#include <cmath>

namespace facet {

Linear::Linear(Initialiser& init, int64_t D, int64_t K)
    : weight_(init.uniform({K, D}, 1 / std::sqrt(static_cast<double>(D)))),
      bias_(init.uniform({K}, 1 / std::sqrt(static_cast<double>(D)))) {}

Var Linear::forward(const Pass& pass, const Var& x) { return linear(pass.tape, x, weight_, bias_); }

void Linear::collect(const std::string& name, Inventory& inventory) const {
    inventory.parameters.push_back({name + ".weight", weight_, true});
    inventory.parameters.push_back({name + ".bias", bias_, false});
}

Shape Linear::describe(const std::string& name, const Shape& in,
                       std::vector<SummaryRow>& rows) const {
    const int64_t K = weight_->value.size(0), D = weight_->value.size(1);
    FACET_CHECK(count(in) == D && in.size() == 1, "{}: expected ({}), found {}", name, D,
                to_string(in));
    const auto values = static_cast<double>(K * D), bias = static_cast<double>(K);
    rows.push_back({name, "linear", {K}, K * D + K, 2 * values + bias, D, 4 * values + bias});
    return {K};
}

}  // namespace facet
