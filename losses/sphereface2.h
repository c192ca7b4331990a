// SphereFace2 (Wen et al., SphereFace2: binary classification is all you need for deep face
// recognition, ICLR 2022): K binary classifiers instead of a softmax.
//
//   g(c) = 2 ((c + 1) / 2)^t - 1
//   C  z_y = r (g(c_y) - m) + b,               z_j = r (g(c_j) + m) + b
//   A  z_y = r g(cos(min(theta_y + m, pi))) + b,   z_j = r g(c_j) + b
//   M  z_y = r g(cos(min(m theta_y, pi))) + b,     z_j = r g(c_j) + b
//   L  = lw (lam / r softplus(-z_y) + (1 - lam) / r sum_{j != y} softplus(z_j))
//   dz/dc = r g'(c), g' = t ((c + 1) / 2)^(t - 1); of A and M through the angle
//   dL/dc_y = -lw lam sigmoid(-z_y) g'_y,   dL/dc_j = lw (1 - lam) sigmoid(z_j) g'_j,
//   dL/db = sum_j dL/dz_j
// grad=detached, the released code: dz/dc = r. b is learned; it starts where dL/db = 0 if every
// cosine is 0.
//
// Derivation: dL/dz_y = -lw lam/r sigmoid(-z_y), dL/dz_j = lw (1 - lam)/r sigmoid(z_j): softplus'
// is the sigmoid. b is in every logit.
//
// Public code: r=30 in the paper, 40 as released, with lw=50 there.
#pragma once

#include <numbers>

#include "losses/head/class_loss.h"
#include "losses/head/settings.h"
#include "losses/head/sigmoid_form.h"

namespace facet {

template <class T>
struct SphereFace2 : SigmoidForm<T, SphereFace2<T>> {
    using Row = SigmoidRow<T>;
    double lam, margin;
    T r, m, t;
    char kind;
    bool frozen;

    SphereFace2(const Settings& p, State& state)
        : SigmoidForm<T, SphereFace2<T>>(state),
          lam(p.number("lam")),
          margin(p.number("m")),
          r(T(p.number("r"))),
          m(T(margin)),
          t(T(p.number("t"))),
          kind(p.text("kind")[0]),
          frozen(p.is("grad", "detached")) {
        this->pull = T(p.number("lw") * lam / p.number("r"));
        this->push = T(p.number("lw") * (1 - lam) / p.number("r"));
    }

    void prepare(std::int64_t C) {
        if (this->bias->value.empty()) this->bias->value = {first_bias(std::max<double>(C - 1, 1))};
    }

    // The stationary point of L by b at c = 0: with z = lam / ((1 - lam)(C - 1)) and the two logits
    // a_y, a_j without bias, e^b = 2 z e^-a_j / (1 - z + sqrt((1 - z)^2 + 4 z e^(a_y - a_j))).
    double first_bias(double others) const {
        const double pi = std::numbers::pi, scale = double(r);
        const auto lift = [&](double c) { return 2 * std::pow((c + 1) / 2, double(t)) - 1; };
        double a_y = scale * lift(0), a_j = scale * lift(0);
        if (kind == 'C') a_y -= scale * margin, a_j += scale * margin;
        if (kind == 'A') a_y = scale * lift(std::cos(std::min(pi, pi / 2 + margin)));
        if (kind == 'M') a_y = scale * lift(std::cos(std::min(pi, margin * pi / 2)));
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
        if (kind == 'C') {
            const T slope = r * lift_slope(y.cos);
            return {r * (lift(y.cos) - m), slope, -slope * y.sin};
        }
        const T turned = kind == 'A' ? y.angle() + m : m * y.angle();
        if (turned >= std::numbers::pi_v<T>) return {-r, 0, 0};
        const T c = std::cos(turned), inner = kind == 'A' ? T(1) : m;
        return by_angle(y, r * lift(c), -r * lift_slope(c) * std::sin(turned) * inner);
    }
    Row begin(const Target<T>& y) const {
        Row row;
        row.target = target(y);
        if (frozen) row.target = detached(y, row.target.z, r);
        return row;
    }
    FACET_HD T logit(T c) const { return r * (lift(c) + (kind == 'C' ? m : T(0))); }
    FACET_HD T slope(T c) const { return frozen ? r : r * lift_slope(c); }

    static LossInfo info() {
        return {.name = "sphereface2",
                .paper =
                    "Wen et al., SphereFace2: binary classification is all you need for deep face "
                    "recognition, ICLR 2022",
                .formula =
                    "z_y = r (g(c_y) - m) + b, z_j = r (g(c_j) + m) + b (kind C; A, M: angular), "
                    "g(c) = 2 ((c+1)/2)^t - 1; L = lw/r (lam softplus(-z_y) + (1-lam) "
                    "sum_j softplus(z_j))",
                .gradient =
                    "dL/dc_y = -lw lam sigmoid(-z_y) g'(c_y), dL/dc_j = lw (1-lam) sigmoid(z_j) "
                    "g'(c_j), dL/db = sum dL/dz; detached: g' = 1",
                .parameters = {choice("kind", "C", {"C", "A", "M"},
                                      "margin on the cosine, added to or multiplying the angle"),
                               number("lam", "0.7", 1e-6, 0.999999, "weight of the positive"),
                               positive("r", "40", "scale"), number("m", "0.4", 0, 100, "margin"),
                               number("t", "3", 1, 100, "exponent of g"),
                               positive("lw", "1", "weight of the loss"),
                               choice("grad", "detached", {"detached", "exact"},
                                      "detached: dz/dc = r, as released")},
                .state = "b, learned, starts where dL/db = 0 at c = 0"};
    }
};

inline const Registered<ClassLoss<SphereFace2>> registered_sphereface2;

}  // namespace facet
