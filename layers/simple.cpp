#include "layers/simple.h"

namespace facet {
namespace {

void expect_map(const std::string& name, const Shape& in) {
    FACET_CHECK(in.size() == 3, "{}: expected an input (C, H, W), found {}", name, to_string(in));
}

double size_of(const Shape& shape) { return static_cast<double>(count(shape)); }

}  // namespace

Var PRelu::forward(const Pass& pass, const Var& x) { return prelu(pass.tape, x, slope_); }

void PRelu::collect(const std::string& name, Inventory& inventory) const {
    inventory.parameters.push_back({name + ".weight", slope_, false});
}

Shape PRelu::describe(const std::string& name, const Shape& in,
                      std::vector<SummaryRow>& rows) const {
    rows.push_back(
        {name, "PReLU", in, slope_->value.count(), 2 * size_of(in), count(in), 4 * size_of(in)});
    return in;
}

Relu::Relu(Device& device, int64_t C)
    : slope_(std::make_shared<Variable>(Tensor::full(device, {C}, 0), false, "slope")) {}

Var Relu::forward(const Pass& pass, const Var& x) { return prelu(pass.tape, x, slope_); }

Shape Relu::describe(const std::string& name, const Shape& in,
                     std::vector<SummaryRow>& rows) const {
    rows.push_back({name, "ReLU", in, 0, 2 * size_of(in), count(in), 4 * size_of(in)});
    return in;
}

Var GlobalAveragePool::forward(const Pass& pass, const Var& x) {
    return average_pool(pass.tape, x);
}

Shape GlobalAveragePool::describe(const std::string& name, const Shape& in,
                                  std::vector<SummaryRow>& rows) const {
    expect_map(name, in);
    rows.push_back({name, "average pool", {in[0]}, 0, size_of(in), 0, size_of(in)});
    return {in[0]};
}

MaxPool::MaxPool(int64_t window, int64_t stride, int64_t pad)
    : window_(window), geometry_{stride, pad} {}

Var MaxPool::forward(const Pass& pass, const Var& x) {
    return max_pool(pass.tape, x, window_, geometry_);
}

Shape MaxPool::describe(const std::string& name, const Shape& in,
                        std::vector<SummaryRow>& rows) const {
    expect_map(name, in);
    const Shape out{in[0], geometry_.out(in[1], window_), geometry_.out(in[2], window_)};
    const double compared = size_of(out) * static_cast<double>(window_ * window_);
    rows.push_back({name, fmt::format("max pool {0}x{0}/{1}", window_, geometry_.stride), out, 0,
                    compared, count(in), 2 * compared});
    return out;
}

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

Var NormaliseRows::forward(const Pass& pass, const Var& x) { return normalise_rows(pass.tape, x); }

Shape NormaliseRows::describe(const std::string& name, const Shape& in,
                              std::vector<SummaryRow>& rows) const {
    rows.push_back({name, "normalise rows", in, 0, 3 * size_of(in), count(in), 5 * size_of(in)});
    return in;
}

}  // namespace facet
