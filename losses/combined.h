#pragma once

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

Derivation: d cos(m1 theta + m2)/dtheta = -m1 sin(m1 theta + m2), over dc/dtheta = -sin(theta); m3
is a constant.

compat=insightface: with m3 > 0 the margins m1 and m2 are ignored (CosFace with m3); with m3 = 0
the target is cos(theta + m2) with d(target)/dc = s, and m1 must be 1.
compat=cavaface: beyond theta = pi - m2 the target is s (c - m2 sin m2), without m3.)"};

    enum class Compat { none, insightface, cavaface };

    T s = ask().positive("s", 64, "scale of the cosines");
    T m1 = ask().number("m1", 1, 0, 100, "factor of the target's angle");
    T m2 = ask().angle("m2", 0.3, "margin on the target's angle, radians");
    T m3 = ask().number("m3", 0.2, 0, 10, "margin on the target's cosine");
    Compat compat = ask().choice<Compat>("compat", {"none", "insightface", "cavaface"},
                                         "insightface: CosFace if m3 > 0, else detached ArcFace; "
                                         "cavaface: c - m2 sin m2 past pi - m2");

    Combined() {
        FACET_USAGE(compat != Compat::insightface || m3 > 0 || m1 == 1,
                    "loss combined: compat=insightface refuses m1={} with m3=0, expected m1=1", m1);
    }

    TargetLogit<T> target(const Target<T>& y) const {
        const bool insightface = compat == Compat::insightface;
        if (insightface && m3 > 0) return additive_cosine(y, s, m3);
        if (insightface) return detached_if(true, y, additive_angle(y, s, m2), s);
        if (compat == Compat::cavaface && y.cos <= -std::cos(m2)) {
            return additive_cosine(y, s, m2 * std::sin(m2));
        }
        const T turned = m1 * y.angle() + m2;
        return by_angle(y, s * (std::cos(turned) - m3), -s * m1 * std::sin(turned));
    }
};
FACET_LOSS(combined, ClassLoss<Combined>);

}  // namespace facet
