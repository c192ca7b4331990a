#include "losses/proof/elementwise.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "engine/ops.h"

namespace facet {
namespace {

template <class F>
Tensor mapped(const Tensor& x, F f) {
    std::vector<double> values = x.to_doubles();
    for (double& v : values) v = f(v);
    return Tensor::from(x.device(), x.shape(), values);
}

template <class F>
Tensor mapped(const Tensor& a, const Tensor& b, F f) {
    std::vector<double> values = a.to_doubles();
    const std::vector<double> others = b.to_doubles();
    for (size_t i = 0; i < values.size(); ++i) values[i] = f(values[i], others[i]);
    return Tensor::from(a.device(), a.shape(), values);
}

void expect_plain(const char* name, const Expr& x) {
    FACET_CHECK(x.defined(), "{}: an operand is not defined", name);
    expect_layout(name, "the operand", x.value(), Layout::Plain);
}

void expect_pair(const char* name, const Expr& a, const Expr& b) {
    expect_plain(name, a);
    expect_plain(name, b);
    expect_shape(name, "the second operand", b.value(), a.value().shape());
    FACET_CHECK(a.tape == b.tape, "{}: the operands are on two tapes", name);
}

double product(double a, double b) { return a * b; }

// y = f(x), dx = slope(x) dy
template <class F, class Slope>
Expr unary(const char* name, const Expr& x, F f, Slope slope) {
    expect_plain(name, x);
    const auto backward = [x = x.var, slope](const Tensor& dy) {
        x->contribute_whole(mapped(mapped(x->value, slope), dy, product));
    };
    return {x.tape, x.tape->record(name, {x.var}, mapped(x.value(), f), backward)};
}

// y = f(a, b), da = slope_a(a, b) dy, db = slope_b(a, b) dy
template <class F, class SlopeA, class SlopeB>
Expr binary(const char* name, const Expr& a, const Expr& b, F f, SlopeA slope_a, SlopeB slope_b) {
    expect_pair(name, a, b);
    const auto backward = [a = a.var, b = b.var, slope_a, slope_b](const Tensor& dy) {
        const auto contribute = [&](const Var& to, auto slope) {
            if (!to->needs_grad) return;
            to->contribute_whole(mapped(mapped(a->value, b->value, slope), dy, product));
        };
        contribute(a, slope_a);
        contribute(b, slope_b);
    };
    return {a.tape,
            a.tape->record(name, {a.var, b.var}, mapped(a.value(), b.value(), f), backward)};
}

double one(double, double) { return 1; }

}  // namespace

Expr operator+(const Expr& a, const Expr& b) {
    return binary(
        "add", a, b, [](double p, double q) { return p + q; }, one, one);
}

Expr operator-(const Expr& a, const Expr& b) {
    const auto minus_one = [](double, double) { return -1.0; };
    return binary(
        "subtract", a, b, [](double p, double q) { return p - q; }, one, minus_one);
}

Expr operator*(const Expr& a, const Expr& b) {
    const auto first = [](double p, double) { return p; };
    const auto second = [](double, double q) { return q; };
    return binary("multiply", a, b, product, second, first);
}

Expr operator/(const Expr& a, const Expr& b) {
    const auto by_a = [](double, double q) { return 1 / q; };
    const auto by_b = [](double p, double q) { return -p / (q * q); };
    return binary(
        "divide", a, b, [](double p, double q) { return p / q; }, by_a, by_b);
}

Expr atan2(const Expr& sine, const Expr& cosine) {
    const auto over_square = [](double part, double s, double c) {
        const double square = s * s + c * c;
        return square > 0 ? part / square : 0.0;
    };
    const auto by_sine = [=](double s, double c) { return over_square(c, s, c); };
    const auto by_cosine = [=](double s, double c) { return over_square(-s, s, c); };
    const auto angle = [](double s, double c) { return std::atan2(s, c); };
    return binary("atan2", sine, cosine, angle, by_sine, by_cosine);
}

Expr affine(const Expr& x, double factor, double addend) {
    const auto line = [=](double v) { return factor * v + addend; };
    return unary("affine", x, line, [=](double) { return factor; });
}

Expr exp(const Expr& x) {
    const auto f = [](double v) { return std::exp(v); };
    return unary("exp", x, f, f);
}

Expr log(const Expr& x) {
    return unary(
        "log", x, [](double v) { return std::log(v); }, [](double v) { return 1 / v; });
}

Expr log1p(const Expr& x) {
    const auto f = [](double v) { return std::log1p(v); };
    return unary("log1p", x, f, [](double v) { return 1 / (1 + v); });
}

Expr sqrt(const Expr& x) {
    const Expr positive = greater(x, 0);
    const auto slope = [](double v) { return v > 0 ? 0.5 / std::sqrt(v) : 0.0; };
    const Expr root = unary(
        "sqrt", x, [](double v) { return std::sqrt(v); }, slope);
    return select(positive, root, affine(positive, 0, 0));
}

Expr cos(const Expr& x) {
    const auto slope = [](double v) { return -std::sin(v); };
    return unary(
        "cos", x, [](double v) { return std::cos(v); }, slope);
}

Expr sin(const Expr& x) {
    const auto slope = [](double v) { return std::cos(v); };
    return unary(
        "sin", x, [](double v) { return std::sin(v); }, slope);
}

Expr pow(const Expr& x, double power) {
    const auto slope = [=](double v) {
        return v > 0 || power >= 1 ? power * std::pow(v, power - 1) : 0.0;
    };
    return unary(
        "pow", x, [=](double v) { return std::pow(v, power); }, slope);
}

Expr relu(const Expr& x) {
    const Expr positive = greater(x, 0);
    return select(positive, x, affine(positive, 0, 0));
}

Expr softplus(const Expr& x) {
    const auto f = [](double v) {
        return v > 0 ? v + std::log1p(std::exp(-v)) : std::log1p(std::exp(v));
    };
    const auto logistic = [](double v) {
        return v > 0 ? 1 / (1 + std::exp(-v)) : std::exp(v) / (1 + std::exp(v));
    };
    return unary("softplus", x, f, logistic);
}

Expr detach(const Expr& x) { return x.constant(x.value()); }

Expr greater(const Expr& a, const Expr& b) {
    expect_pair("greater", a, b);
    const auto compare = [](double p, double q) { return p > q ? 1.0 : 0.0; };
    return a.constant(mapped(a.value(), b.value(), compare));
}

Expr greater(const Expr& a, double bound) {
    expect_plain("greater", a);
    return a.constant(mapped(a.value(), [=](double v) { return v > bound ? 1.0 : 0.0; }));
}

Expr clamp(const Expr& x, double low, double high) {
    expect_plain("clamp", x);
    return x.constant(mapped(x.value(), [=](double v) { return std::clamp(v, low, high); }));
}

Expr floor(const Expr& x) {
    expect_plain("floor", x);
    return x.constant(mapped(x.value(), [](double v) { return std::floor(v); }));
}

Expr filled(const Expr& like, double value) {
    expect_plain("filled", like);
    return like.constant(Tensor::full(like.value().device(), like.value().shape(), value));
}

Expr clip(const Expr& x, double low, double high) {
    const Expr outside = greater(x, high) + greater(-1 * x, -low);
    return select(outside, clamp(x, low, high), x);
}

Expr select(const Expr& mask, const Expr& a, const Expr& b) {
    expect_pair("select", a, mask);
    const Tensor chosen = mapped(mask.value(), [](double v) { return v != 0 ? 1.0 : 0.0; });
    const Tensor rest = mapped(chosen, [](double v) { return 1 - v; });
    // Not chosen . a + rest . b: what is not chosen may be infinite.
    const auto keep = [](double v, double kept) { return kept != 0 ? v : 0.0; };
    expect_pair("select", a, b);
    const Tensor y = mapped(a.value(), chosen, keep);
    y.device().axpby(1, mapped(b.value(), rest, keep), 1, y);
    const auto backward = [a = a.var, b = b.var, chosen, rest, keep](const Tensor& dy) {
        if (a->needs_grad) a->contribute_whole(mapped(dy, chosen, keep));
        if (b->needs_grad) b->contribute_whole(mapped(dy, rest, keep));
    };
    return {a.tape, a.tape->record("select", {a.var, b.var}, y, backward)};
}

Expr straight_through(const Expr& value, const Expr& through) {
    expect_pair("straight_through", value, through);
    const auto backward = [to = through.var](const Tensor& dy) { to->contribute_whole(dy); };
    Tensor y = value.value();
    if (HeldConstants* held = held_constants()) {  // through, and a constant distance from it
        const auto minus = [](double a, double b) { return a - b; };
        const Tensor distance = held->hold(mapped(y, through.value(), minus));
        y = mapped(through.value(), distance, std::plus<double>());
    }
    return {value.tape, value.tape->record("straight_through", {through.var}, y, backward)};
}

Expr observe(const Expr& x, std::shared_ptr<Tensor> seen) {
    const auto backward = [to = x.var, seen](const Tensor& dy) {
        *seen = dy.clone();
        to->contribute_whole(dy);
    };
    return {x.tape, x.tape->record("observe", {x.var}, x.value(), backward)};
}

}  // namespace facet
