#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/sigmoid_form.h"

namespace facet {

template <class T>
struct SphereFace2 : SigmoidForm<T, SphereFace2<T>> {
    static constexpr LossPage page{
        .name = "sphereface2",
        .paper = R"(Wen et al., SphereFace2: binary classification is all you need for deep face
recognition, ICLR 2022)",
        .group = LossGroup::binary,
        .what = "SphereFace2: K binary classifiers instead of a softmax.",
        .formula = R"(
g(c) = 2 ((c + 1) / 2)^t - 1
C  z_y = r (g(c_y) - m) + b,               z_j = r (g(c_j) + m) + b
A  z_y = r g(cos(min(theta_y + m, pi))) + b,   z_j = r g(c_j) + b
M  z_y = r g(cos(min(m theta_y, pi))) + b,     z_j = r g(c_j) + b
L  = lw (lam / r softplus(-z_y) + (1 - lam) / r sum_{j != y} softplus(z_j)))",
        .gradient = R"(
dz/dc = r g'(c), g' = t ((c + 1) / 2)^(t - 1); of A and M through the angle
dL/dc_y = -lw lam sigmoid(-z_y) g'_y,   dL/dc_j = lw (1 - lam) sigmoid(z_j) g'_j,
  dL/db = sum_j dL/dz_j
grad=detached, the released code: dz/dc = r, g' = 1)",
        .why = R"(
Derivation: dL/dz_y = -lw lam/r sigmoid(-z_y), dL/dz_j = lw (1 - lam)/r sigmoid(z_j): softplus' is
the sigmoid. b is in every logit.

Public code: r=30 in the paper, 40 as released, with lw=50 there.)",
        .state = "b, learned, starts where dL/db = 0 at c = 0"};

    enum class Kind { C, A, M };

    Kind kind = ask().choice<Kind>("kind", {"C", "A", "M"},
                                   "margin on the cosine, added to or multiplying the angle");
    double lam = ask().number("lam", 0.7, 1e-6, 0.999999, "weight of the positive");
    double radius = ask().positive("r", 40, "scale");
    double margin = ask().number("m", 0.4, 0, 100, "margin");
    T t = ask().number("t", 3, 1, 100, "exponent of g");
    double lw = ask().positive("lw", 1, "weight of the loss");
    bool exact =
        ask().choice<bool>("grad", {"detached", "exact"}, "detached: dz/dc = r, as released");
    T r = T(radius), m = T(margin);
    T pull = T(lw * lam / radius), push = T(lw * (1 - lam) / radius);

    void prepare(int64_t C) {
        if (this->bias->value.empty()) this->bias->value = {first_bias(std::max<double>(C - 1, 1))};
    }

    // The stationary point of L by b at c = 0: with z = lam / ((1 - lam)(C - 1)) and the two logits
    // a_y, a_j without bias, e^b = 2 z e^-a_j / (1 - z + sqrt((1 - z)^2 + 4 z e^(a_y - a_j))).
    double first_bias(double others) const {
        const double pi = std::numbers::pi, scale = double(r);
        const auto lift = [&](double c) { return 2 * std::pow((c + 1) / 2, double(t)) - 1; };
        double a_y = scale * lift(0), a_j = scale * lift(0);
        if (kind == Kind::C) a_y -= scale * margin, a_j += scale * margin;
        if (kind == Kind::A) a_y = scale * lift(std::cos(std::min(pi, pi / 2 + margin)));
        if (kind == Kind::M) a_y = scale * lift(std::cos(std::min(pi, margin * pi / 2)));
        const double z = lam / ((1 - lam) * others), e = 4 * z * std::exp(a_y - a_j);
        const double root = std::sqrt((1 - z) * (1 - z) + e);
        // 1 - z + root, without cancellation where z > 1
        const double denominator = z < 1 ? 1 - z + root : e / (root - (1 - z));
        return std::log(2 * z) - a_j - std::log(denominator);
    }

    // t = 3, the paper's, without a call in the loop over classes.
    FACET_HD T power(T x, T exponent) const {
        if (exponent == 3) return x * x * x;
        return exponent == 2 ? x * x : std::pow(x, exponent);
    }
    FACET_HD T lift(T c) const { return 2 * power((c + 1) / 2, t) - 1; }
    FACET_HD T lift_slope(T c) const { return t * power((c + 1) / 2, t - 1); }

    TargetLogit<T> target(const Target<T>& y) const {
        return detached_if(!exact, y, exact_target(y), r);
    }
    TargetLogit<T> exact_target(const Target<T>& y) const {
        if (kind == Kind::C) {
            const T slope = r * lift_slope(y.cos);
            return {r * (lift(y.cos) - m), slope, -slope * y.sin};
        }
        const T turned = kind == Kind::A ? y.angle() + m : m * y.angle();
        if (turned >= std::numbers::pi_v<T>) return {-r, 0, 0};
        const T c = std::cos(turned), inner = kind == Kind::A ? T(1) : m;
        return by_angle(y, r * lift(c), -r * lift_slope(c) * std::sin(turned) * inner);
    }
    FACET_HD T logit(T c) const { return r * (lift(c) + (kind == Kind::C ? m : T(0))); }
    FACET_HD T slope(T c) const { return exact ? r * lift_slope(c) : r; }
};
FACET_LOSS(sphereface2, ClassLoss<SphereFace2>);

}  // namespace facet
