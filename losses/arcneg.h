#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct ArcNeg : SoftmaxForm<T, ArcNeg<T>> {
    static constexpr LossPage page{
        .name = "arcneg",
        .paper = "Liu et al., Towards flops-constrained face recognition, ICCVW 2019",
        .group = LossGroup::weighted,
        .what = R"(
ArcNegFace: ArcFace whose negatives are weighted by how close they are to the target.)",
        .formula = R"(
f   = cos(theta_y + m), beyond theta = pi - m: c_y - m sin m,
q_j = alpha exp(-(c_j - f)^2 / sigma),
z_y = s f,   z_j = s (q_j c_j + q_j - 1),   L = -log softmax(z)_y)",
        .gradient = R"(
dL/dc_j = s q_j p_j,   dL/dc_y = -s (1 - p_y) sin(theta_y + m) / sin(theta_y))",
        .why = R"(
Derivation: the weights q are constants for the gradient, so z_j is a line of slope s q_j; the
target is ArcFace's. Differentiating q too would add s (c_j + 1) dq_j/dc_j, and move the target
through f.)",
        .detached = "the weights q_j"};

    struct Row : SoftmaxRow<T> {
        T f;
    };

    T s = ask().positive("s", 64, "scale of the cosines");
    T m = ask().angle("m", 0.5, "margin on the target's angle, radians");
    T alpha = ask().number("alpha", 1.2, 0, 100, "largest weight of a negative");
    T sigma = ask().positive("sigma", 2, "how fast the weight falls");

    Row begin(const Target<T>& y) const {
        Row row;
        row.target = additive_angle_or_line(y, s, m);
        row.f = row.target.z / s;
        return row;
    }
    FACET_HD T weight(const Row& row, T c) const {
        const T distance = c - row.f;
        return alpha * exp_branch_free(-distance * distance / sigma);
    }
    FACET_HD T logit(const Row& row, T c, int64_t) const {
        return s * (weight(row, c) * (c + 1) - 1);
    }
    FACET_HD T slope(const Row& row, T c, int64_t) const { return s * weight(row, c); }
};
FACET_LOSS(arcneg, ClassLoss<ArcNeg>);

}  // namespace facet
