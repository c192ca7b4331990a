#pragma once

#include <cmath>
#include <numbers>

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct MagRow : SoftmaxRow<T> {
    T norm = 0;
    T target_by_norm = 0;  // dz_y/d|x|
};

// The margin by the norm, shared with UNPG, which needs its parameters with base=mag only.
template <class T>
struct MagMargin {
    T la, ua, lm, um, lg;
    bool easy = true, bare = false;  // bare: past pi - m the target is s c_y

    MagMargin(Parameters& p, const char* needs)
        : la(p.only_with(needs).positive("la", 10, "norms below count as la")),
          ua(p.only_with(needs).positive("ua", 110, "norms above count as ua")),
          lm(p.only_with(needs).number("lm", 0.45, 0, std::numbers::pi, "margin at la, radians")),
          um(p.only_with(needs).number("um", 0.8, 0, std::numbers::pi, "margin at ua, radians")),
          lg(p.only_with(needs).number("lg", 35, 0, 1e12, "weight of the regulariser")) {
        FACET_USAGE(la < ua, "magface margin: la={} ua={}, expected la < ua", la, ua);
    }

    T clip(T norm) const { return norm < la ? la : (norm > ua ? ua : norm); }
    T slope() const { return (um - lm) / (ua - la); }

    // The target's logit; `dnorm` receives dz/d|x|.
    TargetLogit<T> target(const Target<T>& y, T s, T& dnorm) const {
        const T m = lm + slope() * (clip(y.norm) - la);
        const T inside = y.norm >= la && y.norm <= ua ? slope() : T(0);
        if (easy ? y.cos > 0 : y.cos > -std::cos(m)) {
            const TargetLogit<T> z = additive_angle(y, s, m);
            dnorm = inside * z.dtheta;  // both are -s sin(theta + m)
            return z;
        }
        dnorm = easy || bare ? T(0) : -inside * s * (std::sin(m) + m * std::cos(m));
        return additive_cosine(y, s, easy || bare ? T(0) : m * std::sin(m));
    }

    // lg (a / ua^2 + 1 / a) and its derivative by |x|.
    double penalty(T norm) const {
        const double a = clip(norm);
        return double(lg) * (a / (double(ua) * ua) + 1 / a);
    }
    T penalty_slope(T norm) const {
        return norm < la || norm > ua ? T(0) : lg * (1 / (ua * ua) - 1 / (norm * norm));
    }
};

template <class T>
struct MagFace : SoftmaxForm<T, MagFace<T>> {
    static constexpr LossPage page{
        .name = "magface",
        .paper =
            "Meng et al., MagFace: a universal representation for face recognition and "
            "quality assessment, CVPR 2021",
        .group = LossGroup::adaptive,
        .what = R"(
MagFace: the margin grows with the norm of the feature, and a regulariser makes long features
cheap.)",
        .formula = R"(
a    = clip(|x|, la, ua),   m(a) = lm + (um - lm)(a - la)/(ua - la),
z_y  = s cos(theta_y + m(a)),   z_j = s c_j,
L    = -log softmax(z)_y + lg (a / ua^2 + 1 / a))",
        .gradient = R"(
dL/dc_j = s p_j,   dL/dc_y = -s (1 - p_y) sin(theta_y + m)/sin(theta_y),
dL/da   = s (1 - p_y) sin(theta_y + m) m'(a) + lg (1 / ua^2 - 1 / a^2);  0 outside [la, ua])",
        .why = R"(
easy, as the authors' code: the target is s c_y where c_y <= 0. Otherwise beyond theta = pi - m:
s (c_y - m sin m).

Derivation: a enters the target through theta + m(a), dz_y/da = -s sin(theta_y + m) m'(a), times
dL/dz_y = -(1 - p_y); the regulariser adds its own slope. A clipped norm does not move.

Public code: lg is 35 in the authors' script, 20 in FaceX-Zoo.

compat=facexzoo: easy or not, the target is s c_y past theta = pi - m, and only there.)"};

    using Base = SoftmaxForm<T, MagFace<T>>;
    using Row = MagRow<T>;
    T s;
    MagMargin<T> margin;

    explicit MagFace(Parameters& p)
        : s(p.positive("s", 64, "scale of the cosines")), margin(p, "") {
        margin.easy = p.flag(
            "easy", true, "no margin on the target where c_y <= 0; else c - m sin m past pi - m");
        margin.bare = p.choice("compat", {"none", "facexzoo"},
                               "facexzoo: c past pi - m, whatever easy says") == "facexzoo";
        if (margin.bare) margin.easy = false;
    }

    Row begin(const Target<T>& y) const {
        Row row;
        row.norm = y.norm;
        row.target = margin.target(y, s, row.target_by_norm);
        return row;
    }
    void close(int pass, Row& row, const LogSumExp<T>& others) const {
        Base::close(pass, row, others);
        row.value += margin.penalty(row.norm);
        row.dnorm = margin.penalty_slope(row.norm) - row.missing * row.target_by_norm;
    }
};

FACET_LOSS(magface, ClassLoss<MagFace>);

}  // namespace facet
