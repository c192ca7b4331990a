#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct CosFace : SoftmaxForm<T, CosFace<T>> {
    static constexpr LossPage page{
        .name = "cosface",
        .paper = "Wang et al., CosFace: large margin cosine loss, CVPR 2018",
        .group = LossGroup::margins,
        .what = "CosFace, also AM-Softmax: a margin on the target's cosine.",
        .formula = "z_y = s (c_y - m),   z_j = s c_j,   L = -log softmax(z)_y",
        .gradient = "dL/dc_j = s (p_j - [j = y])",
        .why = R"(
Derivation: dL/dz_j = p_j - [j = y] and dz_j/dc_j = s for every class; the margin acts through p
alone. As s grows, L/s becomes a hinge (npt.h): 0 <= L/s - [max_{j != y} c_j - c_y + m]_+ <=
log(C)/s.

Public code: AM-Softmax s=30 m=0.35; insightface writes it as the combined margin with m3=0.4.)"};

    T s = ask().positive("s", 64, "scale of the cosines");
    T m = ask().number("m", 0.35, 0, 10, "margin on the target's cosine");

    TargetLogit<T> target(const Target<T>& y) const { return additive_cosine(y, s, m); }
};
FACET_LOSS(cosface, ClassLoss<CosFace>);

}  // namespace facet
