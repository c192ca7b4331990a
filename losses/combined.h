#pragma once

#include <numbers>

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct Combined : SoftmaxForm<T, Combined<T>> {
    static constexpr LossPage page{
        .name = "combined",
        .paper = "Deng et al., ArcFace: additive angular margin loss, CVPR 2019 (eq. 4)",
        .group = LossGroup::margins,
        .what = "Combined margin: SphereFace's, ArcFace's and CosFace's margins at once.",
        .formula = "z_y = s (cos(m1 theta_y + m2) - m3),   z_j = s c_j,   L = -log softmax(z)_y",
        .gradient = R"(
dL/dc_j = s p_j,   dL/dc_y = -s (1 - p_y) m1 sin(m1 theta_y + m2) / sin(theta_y))",
        .why = R"(
There is no fallback: m1 theta + m2 may pass pi, where the gradient has the wrong sign.

Derivation: d cos(m1 theta + m2)/dtheta = -m1 sin(m1 theta + m2), divided by dc/dtheta =
-sin(theta); m3 is a constant.

compat=insightface: with m3 > 0 the margins m1 and m2 are ignored (CosFace with m3); with m3 = 0
the target is cos(theta + m2) with d(target)/dc = s, and m1 must be 1.
compat=cavaface: beyond theta = pi - m2 the target is s (c - m2 sin m2), without m3.)"};

    enum class Compat { none, insightface, cavaface };

    T s, m1, m2, m3;
    Compat compat;

    explicit Combined(Parameters& p)
        : s(p.positive("s", 64, "scale of the cosines")),
          m1(p.number("m1", 1, 0, 100, "factor of the target's angle")),
          m2(p.number("m2", 0.3, 0, std::numbers::pi, "margin on the target's angle, radians")),
          m3(p.number("m3", 0.2, 0, 10, "margin on the target's cosine")),
          compat(p.choice<Compat>("compat", {"none", "insightface", "cavaface"},
                                  "insightface: m3 > 0 switches m1 and m2 off, else the margin is "
                                  "detached; cavaface: c - m2 sin m2 past pi - m2")) {
        FACET_USAGE(compat != Compat::insightface || m3 > 0 || m1 == 1,
                    "loss combined: compat=insightface refuses m1={} with m3=0, expected m1=1", m1);
    }

    TargetLogit<T> target(const Target<T>& y) const {
        if (compat == Compat::insightface) {
            return m3 > 0 ? additive_cosine(y, s, m3) : detached(y, additive_angle(y, s, m2).z, s);
        }
        if (compat == Compat::cavaface && y.cos <= -std::cos(m2)) {
            return additive_cosine(y, s, m2 * std::sin(m2));
        }
        const T turned = m1 * y.angle() + m2;
        return by_angle(y, s * (std::cos(turned) - m3), -s * m1 * std::sin(turned));
    }
};

FACET_LOSS(combined, ClassLoss<Combined>);

}  // namespace facet
