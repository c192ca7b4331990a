#include "layers/simple.h"

namespace facet {
namespace {

double size_of(const Shape& shape) { return static_cast<double>(count(shape)); }

}  // namespace

Var Flatten::forward(const Pass& pass, const Var& x) { return flatten(pass.tape, x); }

Shape Flatten::describe(const std::string& name, const Shape& in,
                        std::vector<SummaryRow>& rows) const {
    rows.push_back({name, "flatten", {count(in)}, 0, 0, 0});
    return {count(in)};
}

Dropout::Dropout(double p, uint32_t stream) : p_(p), stream_(stream) {
    FACET_USAGE(p >= 0 && p < 1, "dropout: the probability must lie in [0, 1), found {}", p);
}

Var Dropout::forward(const Pass& pass, const Var& x) {
    if (pass.mode == Mode::Eval || p_ == 0) return x;
    return dropout(pass.tape, x, p_, pass.seed, pass.step | static_cast<uint64_t>(stream_) << 32);
}

Shape Dropout::describe(const std::string& name, const Shape& in,
                        std::vector<SummaryRow>& rows) const {
    const double drawn = p_ > 0 ? size_of(in) : 0;
    rows.push_back({name, fmt::format("dropout {}", p_), in, 0, drawn, 0, drawn});
    return in;
}

}  // namespace facet
