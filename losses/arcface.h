// ArcFace (Deng et al., CVPR 2019): a margin on the target's angle.
//
//   z_y = s cos(theta_y + m),   z_j = s c_j,   L = -log softmax(z)_y
//   dL/dc_j = s p_j,   dL/dc_y = -s (1 - p_y) sin(theta_y + m) / sin(theta_y)
//   dL/dtheta_y = s (1 - p_y) sin(theta_y + m): bounded, and what the gradient of x is formed from
//
// cos(theta + m) rises again for theta > pi - m. `beyond` says what the target is there:
//   linear  s (c - m sin m): monotone, what most implementations do
//   none    s cos(theta + m): the paper's text; the gradient has the wrong sign there
//   clip    s cos(pi) = -s: no gradient to the target there
//   easy    everywhere: c > 0 ? s cos(theta + m) : s c; jumps by s sin m at 90 degrees
// grad=detached is what code does that adds the margin outside of automatic differentiation: the
// value is the same, the backward pass takes d(target)/dc = s everywhere. The exact
// derivative is sin(theta + m)/sin(theta) times that: 6.4 at theta = 5 degrees, 1.0 at 75, 0.05 at
// 150, negative past pi - m (m = 0.5).
//
// Derivation: with theta = acos(c), d cos(theta + m)/dc = (-sin(theta + m)) / (-sin(theta));
// dL/dz_y = -(1 - p_y) and z_y is s times it. Multiplied by dc/dtheta = -sin(theta) the quotient is
// gone: dL/dtheta_y. The linear target is at most -1 where it takes over (cos m + m sin m >= 1 for
// m <= pi/2), so it never rises again.
//
// compat=insightface (arcface_torch): grad=detached and beyond=none; the reported value of a row
// saturates at 69.08 = -log 1e-30, its gradient does not. compat=facexzoo: past pi - m the target
// is s c, which jumps up by s (1 - cos m) there.
#pragma once

#include <cmath>
#include <numbers>

#include "losses/head/class_loss.h"
#include "losses/head/settings.h"
#include "losses/head/softmax_form.h"
#include "losses/head/state.h"

namespace facet {

enum class Beyond { linear, none, clip, easy };

template <class T>
struct ArcFace : SoftmaxForm<T, ArcFace<T>> {
    using Row = SoftmaxRow<T>;
    T s, m;
    Beyond beyond;
    bool frozen, facexzoo, saturated;

    ArcFace(const Settings& p, State&)
        : s(T(p.number("s"))),
          m(T(p.number("m"))),
          frozen(p.is("grad", "detached") || p.is("compat", "insightface")),
          facexzoo(p.is("compat", "facexzoo")),
          saturated(p.is("compat", "insightface")) {
        beyond = p.is("beyond", "none")   ? Beyond::none
                 : p.is("beyond", "clip") ? Beyond::clip
                 : p.is("beyond", "easy") ? Beyond::easy
                                          : Beyond::linear;
        if (saturated) beyond = Beyond::none;
    }

    TargetLogit<T> target(const Target<T>& y) const {
        const T limit = beyond == Beyond::easy ? T(0) : -std::cos(m);  // cos(pi - m)
        if (y.cos > limit || beyond == Beyond::none) return additive_angle(y, s, m);
        if (beyond == Beyond::clip) return {-s, 0, 0};
        const bool bare = beyond == Beyond::easy || facexzoo;
        return additive_cosine(y, s, bare ? T(0) : m * std::sin(m));
    }
    Row begin(const Target<T>& y) const {
        Row row;
        row.target = target(y);
        if (frozen) row.target = detached(y, row.target.z, s);
        return row;
    }
    FACET_HD T logit(const Row&, T c, std::int64_t) const { return s * c; }
    FACET_HD T slope(const Row&, T, std::int64_t) const { return s; }

    void close(int pass, Row& row, const LogSumExp<T>& others) const {
        SoftmaxForm<T, ArcFace<T>>::close(pass, row, others);
        const double highest = 69.07755278982137;  // -log 1e-30
        if (saturated && row.value > highest) row.value = highest;
    }

    static LossInfo info() {
        return {.name = "arcface",
                .paper = "Deng et al., ArcFace: additive angular margin loss, CVPR 2019",
                .formula = "z_y = s cos(theta_y + m), z_j = s c_j, L = -log softmax(z)_y",
                .gradient = "dL/dc_y = -s (1-p_y) sin(theta_y+m)/sin(theta_y), dL/dc_j = s p_j",
                .parameters = {positive("s", "64", "scale of the cosines"),
                               number("m", "0.5", 0, std::numbers::pi,
                                      "margin on the target's angle, radians"),
                               choice("beyond", "linear", {"linear", "none", "easy", "clip"},
                                      "the target logit for theta > pi - m"),
                               choice("grad", "exact", {"exact", "detached"},
                                      "detached: d(target)/dc = s, as if no margin"),
                               choice("compat", "none", {"none", "insightface", "facexzoo"},
                                      "insightface: beyond=none grad=detached, value at most "
                                      "69.08; facexzoo: beyond=linear without its m sin m")},
                .state = ""};
    }
};

inline const Registered<ClassLoss<ArcFace>> registered_arcface;

}  // namespace facet
