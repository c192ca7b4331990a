#pragma once

#include <numbers>

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct CurricularFace : SoftmaxForm<T, CurricularFace<T>> {
    static constexpr LossPage page{
        .name = "curricularface",
        .paper =
            "Huang et al., CurricularFace: adaptive curriculum learning loss for deep face "
            "recognition, CVPR 2020",
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
t is a constant for the gradient. (The paper's text gives the new batch the weight 0.99; its code
0.01, as here.)

Derivation: c (t + c) has the slope t + 2 c, both factors differentiated; t and the mask are
constants, the target is ArcFace's. The mask has no fallback: past theta = pi - m it compares
with cos(theta_y + m), which rises again.)",
        .state = "t, the moving average of c_y, starts at 0",
        .detached = "t"};

    struct Row : SoftmaxRow<T> {
        T threshold;  // cos(theta_y + m), also where the target has its fallback
    };

    T s, m;
    double beta;
    T t = 0;
    StateArray* average;

    CurricularFace(Parameters& p, State& state)
        : s(p.positive("s", 64, "scale of the cosines")),
          m(p.number("m", 0.5, 0, std::numbers::pi, "margin on the target's angle, radians")),
          beta(p.number("beta", 0.01, 0, 1, "weight of the new batch in t")),
          average(&state.declare("t", true, false)) {
        if (average->value.empty()) average->value = {0};
    }

    void open(const Batch<T>& batch) {
        double sum = 0;
        for (const Target<T>& y : batch.targets) sum += y.y >= 0 ? double(y.cos) : 0.0;
        double& moving = average->value[0];
        if (batch.counted > 0) moving = beta * sum / double(batch.counted) + (1 - beta) * moving;
        t = T(moving);
    }
    Row begin(const Target<T>& y) const {
        Row row;
        row.threshold = margined_cosine(y, m);
        row.target = additive_angle_or_line(y, s, m);
        return row;
    }
    FACET_HD T logit(const Row& row, T c, std::int64_t) const {
        const T hard = c * (t + c);
        return s * (c > row.threshold ? hard : c);
    }
    FACET_HD T slope(const Row& row, T c, std::int64_t) const {
        const T hard = t + 2 * c;
        return s * (c > row.threshold ? hard : T(1));
    }
};

FACET_LOSS(curricularface, ClassLoss<CurricularFace>);

}  // namespace facet
