// MagFace (Meng et al., CVPR 2021): the margin grows with the norm of the feature, and a
// regulariser makes long features cheap.
//
//   a    = clip(|x|, la, ua),   m(a) = lm + (um - lm)(a - la)/(ua - la)
//   z_y  = s cos(theta_y + m(a)),   z_j = s c_j
//   L    = -log softmax(z)_y + lg (a / ua^2 + 1 / a)
//   dL/dc_j = s p_j,   dL/dc_y = -s (1 - p_y) sin(theta_y + m)/sin(theta_y)
//   dL/da   = s (1 - p_y) sin(theta_y + m) m'(a) + lg (1 / ua^2 - 1 / a^2);  0 outside [la, ua]
// easy, as the authors' code: the target is s c_y where c_y <= 0. Otherwise beyond theta = pi - m:
// s (c_y - m sin m).
//
// Derivation: a enters the target through theta + m(a), dz_y/da = -s sin(theta_y + m) m'(a), times
// dL/dz_y = -(1 - p_y); the regulariser adds its own slope. A clipped norm does not move.
//
// Public code: lg is 35 in the authors' script, 20 in FaceX-Zoo.
//
// compat=facexzoo: easy or not, the target is s c_y past theta = pi - m, and only there.
#pragma once

#include <numbers>

#include "losses/head/class_loss.h"
#include "losses/head/settings.h"
#include "losses/head/softmax_form.h"
#include "losses/head/state.h"

namespace facet {

// The margin by the norm, shared with UNPG.
template <class T>
struct MagMargin {
    T s, la, ua, lm, um, lg;
    bool easy, bare = false;  // bare: past pi - m the target is s c_y

    MagMargin(const Settings& p, bool easy)
        : s(T(p.number("s"))),
          la(T(p.number("la"))),
          ua(T(p.number("ua"))),
          lm(T(p.number("lm"))),
          um(T(p.number("um"))),
          lg(T(p.number("lg"))),
          easy(easy) {
        FACET_USAGE(la < ua, "magface margin: la={} ua={}, expected la < ua", p.text("la"),
                    p.text("ua"));
    }

    T clip(T norm) const { return norm < la ? la : (norm > ua ? ua : norm); }
    T slope() const { return (um - lm) / (ua - la); }

    // The target's logit; `dnorm` receives dz/d|x|.
    TargetLogit<T> target(const Target<T>& y, T& dnorm) const {
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
struct MagRow : SoftmaxRow<T> {
    T norm = 0;
    T target_by_norm = 0;  // dz_y/d|x|
};

template <class T>
struct MagFace : SoftmaxForm<T, MagFace<T>> {
    using Base = SoftmaxForm<T, MagFace<T>>;
    using Row = MagRow<T>;
    MagMargin<T> margin;

    MagFace(const Settings& p, State&) : margin(p, p.flag("easy") && p.is("compat", "none")) {
        margin.bare = p.is("compat", "facexzoo");
    }

    Row begin(const Target<T>& y) const {
        Row row;
        row.norm = y.norm;
        row.target = margin.target(y, row.target_by_norm);
        return row;
    }
    FACET_HD T logit(const Row&, T c, std::int64_t) const { return margin.s * c; }
    FACET_HD T slope(const Row&, T, std::int64_t) const { return margin.s; }
    void close(int pass, Row& row, const LogSumExp<T>& others) const {
        Base::close(pass, row, others);
        row.value += margin.penalty(row.norm);
        row.dnorm = margin.penalty_slope(row.norm) - row.missing * row.target_by_norm;
    }

    static std::vector<ParameterInfo> margin_parameters() {
        return {positive("la", "10", "norms below count as la"),
                positive("ua", "110", "norms above count as ua"),
                number("lm", "0.45", 0, std::numbers::pi, "margin at la, radians"),
                number("um", "0.8", 0, std::numbers::pi, "margin at ua, radians"),
                number("lg", "35", 0, 1e12, "weight of the regulariser")};
    }
    static LossInfo info() {
        LossInfo info{
            .name = "magface",
            .paper =
                "Meng et al., MagFace: a universal representation for face recognition "
                "and quality assessment, CVPR 2021",
            .formula =
                "z_y = s cos(theta_y + m(a)), z_j = s c_j, a = clip(|x|, la, ua), m(a) "
                "linear from lm to um; L = -log softmax(z)_y + lg (a/ua^2 + 1/a)",
            .gradient =
                "dL/dc_y = -s (1-p_y) sin(theta_y+m)/sin(theta_y), dL/dc_j = s p_j, dL/da "
                "= s (1-p_y) sin(theta_y+m) m'(a) + lg (1/ua^2 - 1/a^2)",
            .parameters = margin_parameters(),
            .state = ""};
        info.parameters.insert(info.parameters.begin(),
                               positive("s", "64", "scale of the cosines"));
        info.parameters.push_back(
            flag("easy", "true",
                 "no margin on the target where c_y <= 0; else c - m sin m past pi - m"));
        info.parameters.push_back(choice("compat", "none", {"none", "facexzoo"},
                                         "facexzoo: c past pi - m, whatever easy says"));
        return info;
    }
};

inline const Registered<ClassLoss<MagFace>> registered_magface;

}  // namespace facet
