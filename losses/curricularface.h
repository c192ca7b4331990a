#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/support_form.h"

namespace facet {

template <class T>
struct CurricularFace : SupportForm<T, CurricularFace<T>> {
    static constexpr LossPage page{
        .name = "curricularface",
        .paper = R"(Huang et al., CurricularFace: adaptive curriculum learning loss for deep face
recognition, CVPR 2020)",
        .group = LossGroup::adaptive,
        .what = "CurricularFace: hard negatives are weighted by how far the training has come.",
        .formula = R"(
f   = cos(theta_y + m);   z_y = s f, beyond theta_y = pi - m: s (c_y - m sin m),
z_j = s (c_j > f ? c_j (t + c_j) : c_j),   L = -log softmax(z)_y,
t   = beta mean_i c_iy + (1 - beta) t, before it is used; starts at 0)",
        .gradient = R"(
dL/dc_j = s p_j (c_j > f ? t + 2 c_j : 1),
dL/dc_y = -s (1 - p_y) sin(theta_y + m) / sin(theta_y))",
        .why = R"(
The paper's text gives the new batch the weight 0.99 in t; its code 0.01, as here.

Derivation: c (t + c) has the slope t + 2 c, both factors differentiated; t and the mask are
constants, the target is ArcFace's. The mask has no fallback: past theta = pi - m it compares with
cos(theta_y + m), which rises again.)",
        .state = "t, the moving average of c_y, starts at 0",
        .detached = "t"};

    T s = ask().positive("s", 64, "scale of the cosines");
    T m = ask().angle("m", 0.5, "margin on the target's angle, radians");
    double beta = ask().number("beta", 0.01, 0, 1, "weight of the new batch in t");
    T t = 0;
    StateArray* average = ask().state().number("t", 0);

    void open(const Batch<T>& batch) {
        double sum = 0;
        for (const Target<T>& y : batch.targets) sum += y.y >= 0 ? double(y.cos) : 0.0;
        double& moving = average->value[0];
        if (batch.counted > 0) moving = beta * sum / double(batch.counted) + (1 - beta) * moving;
        t = T(moving);
    }
    SupportRow<T> begin(const Target<T>& y) const {
        SupportRow<T> row;
        row.threshold = margined_cosine(y, m);
        row.target = additive_angle_or_line(y, s, m);
        return row;
    }
    FACET_HD T support(T c) const { return c * (t + c); }
    FACET_HD T support_slope(T c) const { return t + 2 * c; }
};
FACET_LOSS(curricularface, ClassLoss<CurricularFace>);

}  // namespace facet
