// Focal loss (Lin et al., ICCV 2017) on cosine logits: easy samples count less.
//
//   z_j = s c_j,   l = -log p_y,   p = softmax(z),   L = (1 - p_y)^gamma l
//   dL/dc_j = f dl/dc_j,   f = dL/dl = (1 - p_y)^gamma + gamma (1 - p_y)^(gamma - 1) p_y l
// 1 - p_y is formed by expm1(-l), which keeps its digits on easy rows. Per sample: applied to the
// mean of the batch, as some public code does, it is another loss.
//
// Derivation: p_y = e^-l, so d(1 - p_y)/dl = p_y; f is the product rule.
#pragma once

#include "losses/normface.h"

namespace facet {

template <class T>
struct Focal : NormFace<T> {
    using Row = SoftmaxRow<T>;
    double gamma;

    Focal(const Settings& p, State& state) : NormFace<T>(p, state), gamma(p.number("gamma")) {}

    void close(int pass, Row& row, const LogSumExp<T>& others) const {
        NormFace<T>::close(pass, row, others);
        const double l = row.value, missing = -std::expm1(-l);
        const double ratio = missing > 0 ? l / missing : 1;  // -> 1 as the row gets easy
        const double power = std::pow(missing, gamma);
        this->wrap(row, power * l, T(power * (1 + gamma * std::exp(-l) * ratio)));
    }

    static LossInfo info() {
        return {.name = "focal",
                .paper = "Lin et al., Focal loss for dense object detection, ICCV 2017",
                .formula = "z_j = s c_j, p = softmax(z), L = -(1 - p_y)^gamma log p_y",
                .gradient =
                    "dL/dc_j = f s (p_j - [j=y]), f = (1-p_y)^gamma - gamma (1-p_y)^(gamma-1) p_y "
                    "log p_y",
                .parameters = {positive("s", "32", "scale of the cosines"),
                               number("gamma", "2", 0, 100, "focus on hard samples; 0 = none")},
                .state = ""};
    }
};

inline const Registered<ClassLoss<Focal>> registered_focal;

}  // namespace facet
