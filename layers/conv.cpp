#include "layers/conv.h"

namespace facet {

Conv::Conv(Initialiser& init, int64_t C, int64_t K, int64_t R, int64_t stride)
    : weight_(init.normal({K, C, R, R}, 0.1)), geometry_{stride, R / 2} {}

Var Conv::forward(const Pass& pass, const Var& x) {
    return conv2d(pass.tape, x, weight_, geometry_);
}

void Conv::collect(const std::string& name, Inventory& inventory) const {
    inventory.parameters.push_back({name + ".weight", weight_, true});
}

Shape Conv::describe(const std::string& name, const Shape& in,
                     std::vector<SummaryRow>& rows) const {
    const Shape& w = weight_->value.shape();
    FACET_CHECK(in.size() == 3 && in[0] == w[1],
                "{}: expected an input (C, H, W) with C = {}, found {}", name, w[1], to_string(in));
    Shape out{w[0], geometry_.out(in[1], w[2]), geometry_.out(in[2], w[2])};
    const double products = 2.0 * static_cast<double>(count(out) * w[1] * w[2] * w[2]);
    // Back: one product of that size for the gradient of x, one for that of w.
    rows.push_back({name, fmt::format("conv {0}x{0}/{1}", w[2], geometry_.stride), out, count(w),
                    products, count(in), 2 * products});
    return out;
}

}  // namespace facet
