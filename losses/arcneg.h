// ArcNegFace (Liu et al., Towards flops-constrained face recognition, ICCVW 2019): ArcFace whose
// negatives are weighted by how close they are to the target.
//
//   f   = cos(theta_y + m), beyond theta = pi - m: c_y - m sin m
//   q_j = alpha exp(-(c_j - f)^2 / sigma)
//   z_y = s f,   z_j = s (q_j c_j + q_j - 1),   L = -log softmax(z)_y
//   dL/dc_j = s q_j p_j,   dL/dc_y = -s (1 - p_y) sin(theta_y + m) / sin(theta_y)
// The weights q are constants for the gradient.
//
// Derivation: with q constant, z_j is a line of slope s q_j; the target is ArcFace's.
// Differentiating q too would add s (c_j + 1) dq_j/dc_j, and move the target through f.
#pragma once

#include <numbers>

#include "losses/head/class_loss.h"
#include "losses/head/settings.h"
#include "losses/head/softmax_form.h"
#include "losses/head/state.h"

namespace facet {

template <class T>
struct ArcNeg : SoftmaxForm<T, ArcNeg<T>> {
    struct Row : SoftmaxRow<T> {
        T f;
    };
    T s, m, alpha, sigma;

    ArcNeg(const Settings& p, State&)
        : s(T(p.number("s"))),
          m(T(p.number("m"))),
          alpha(T(p.number("alpha"))),
          sigma(T(p.number("sigma"))) {}

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
    FACET_HD T logit(const Row& row, T c, std::int64_t) const {
        return s * (weight(row, c) * (c + 1) - 1);
    }
    FACET_HD T slope(const Row& row, T c, std::int64_t) const { return s * weight(row, c); }

    static LossInfo info() {
        return {.name = "arcneg",
                .paper = "Liu et al., Towards flops-constrained face recognition, ICCVW 2019",
                .formula =
                    "z_y = s f, f = cos(theta_y + m), z_j = s (q_j c_j + q_j - 1), q_j = alpha "
                    "exp(-(c_j - f)^2/sigma), L = -log softmax(z)_y",
                .gradient =
                    "dL/dc_j = s q_j p_j, dL/dc_y = -s (1-p_y) sin(theta_y+m)/sin(theta_y), q "
                    "constant",
                .parameters = {positive("s", "64", "scale of the cosines"),
                               number("m", "0.5", 0, std::numbers::pi,
                                      "margin on the target's angle, radians"),
                               number("alpha", "1.2", 0, 100, "largest weight of a negative"),
                               positive("sigma", "2", "how fast the weight falls")},
                .state = "",
                .detached = "the weights q_j"};
    }
};

inline const Registered<ClassLoss<ArcNeg>> registered_arcneg;

}  // namespace facet
