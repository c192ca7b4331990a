#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct ArcFace : SoftmaxForm<T, ArcFace<T>> {
    static constexpr LossPage page{
        .name = "arcface",
        .paper = "Deng et al., ArcFace: additive angular margin loss, CVPR 2019",
        .group = LossGroup::margins,
        .what = "ArcFace: a margin on the target's angle.",
        .formula = "z_y = s cos(theta_y + m),   z_j = s c_j,   L = -log softmax(z)_y",
        .gradient = R"(
dL/dc_j = s p_j,   dL/dc_y = -s (1 - p_y) sin(theta_y + m) / sin(theta_y)
dL/dtheta_y = s (1 - p_y) sin(theta_y + m): bounded, and what the gradient of x is formed from)",
        .why = R"(
cos(theta + m) rises again for theta > pi - m. `beyond` says what the target is there:
  linear  s (c - m sin m): monotone, what most implementations do
  none    s cos(theta + m): the paper's text; the gradient has the wrong sign there
  clip    s cos(pi) = -s: no gradient to the target there
  easy    everywhere: c > 0 ? s cos(theta + m) : s c; jumps by s sin m at 90 degrees
grad=detached is what code does that adds the margin outside of automatic differentiation: the
value is the same, the backward pass takes d(target)/dc = s everywhere. The exact derivative is
sin(theta + m)/sin(theta) times that: 6.4 at theta = 5 degrees, 1.0 at 75, 0.05 at 150, negative
past pi - m (m = 0.5).

Derivation: with theta = acos(c), d cos(theta + m)/dc = (-sin(theta + m)) / (-sin(theta));
dL/dz_y = -(1 - p_y) and z_y is s times it. Multiplied by dc/dtheta = -sin(theta) the quotient is
gone: dL/dtheta_y. The linear target is at most -1 where it takes over (cos m + m sin m >= 1 for
m <= pi/2), so it never rises again.

compat=insightface (arcface_torch): grad=detached and beyond=none; the reported value of a row
saturates at 69.08 = -log 1e-30, its gradient does not. compat=facexzoo: past pi - m the target is
s c, which jumps up by s (1 - cos m) there.)"};

    enum class Beyond { linear, none, easy, clip };
    enum class Compat { none, insightface, facexzoo };

    T s = ask().positive("s", 64, "scale of the cosines");
    T m = ask().angle("m", 0.5, "margin on the target's angle, radians");
    Beyond beyond = ask().choice<Beyond>("beyond", {"linear", "none", "easy", "clip"},
                                         "the target logit for theta > pi - m");
    bool detach = ask().choice<bool>("grad", {"exact", "detached"},
                                     "detached: d(target)/dc = s, as if no margin");
    Compat compat = ask().choice<Compat>("compat", {"none", "insightface", "facexzoo"},
                                         "insightface: beyond=none grad=detached, value at most "
                                         "69.08; facexzoo: beyond=linear without its m sin m");

    ArcFace() {
        if (compat == Compat::insightface) beyond = Beyond::none, detach = true;
    }

    TargetLogit<T> target(const Target<T>& y) const {
        return detached_if(detach, y, exact_target(y), s);
    }
    TargetLogit<T> exact_target(const Target<T>& y) const {
        const T limit = beyond == Beyond::easy ? T(0) : -std::cos(m);  // cos(pi - m)
        if (y.cos > limit || beyond == Beyond::none) return additive_angle(y, s, m);
        if (beyond == Beyond::clip) return {-s, 0, 0};
        const bool bare = beyond == Beyond::easy || compat == Compat::facexzoo;
        return additive_cosine(y, s, bare ? T(0) : m * std::sin(m));
    }
    void complete(SoftmaxRow<T>& row) const {
        const double highest = 69.07755278982137;  // -log 1e-30
        if (compat == Compat::insightface) row.value = std::min(row.value, highest);
    }
};
FACET_LOSS(arcface, ClassLoss<ArcFace>);

}  // namespace facet
