#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct Focal : SoftmaxForm<T, Focal<T>> {
    static constexpr LossPage page{
        .name = "focal",
        .paper = "Lin et al., Focal loss for dense object detection, ICCV 2017",
        .group = LossGroup::weighted,
        .what = "Focal loss on cosine logits: easy samples count less.",
        .formula = "z_j = s c_j,   l = -log p_y,   p = softmax(z),   L = (1 - p_y)^gamma l",
        .gradient = R"(
dL/dc_j = f dl/dc_j,   f = dL/dl = (1 - p_y)^gamma + gamma (1 - p_y)^(gamma - 1) p_y l,
dl/dc_j = s (p_j - [j = y]))",
        .why = R"(
1 - p_y is formed by expm1(-l), which keeps its digits on easy rows. Per sample: applied to the
mean of the batch, as some public code does, it is another loss.

Derivation: p_y = e^-l, so d(1 - p_y)/dl = p_y; f is the product rule.)"};

    T s = ask().positive("s", 32, "scale of the cosines");
    double gamma = ask().number("gamma", 2, 0, 100, "focus on hard samples; 0 = none");

    void complete(SoftmaxRow<T>& row) const {
        const double l = row.value, missing = -std::expm1(-l);
        const double ratio = missing > 0 ? l / missing : 1;  // -> 1 as the row gets easy
        const double power = std::pow(missing, gamma);
        row.wrap(power * l, T(power * (1 + gamma * std::exp(-l) * ratio)));
    }
};
FACET_LOSS(focal, ClassLoss<Focal>);

}  // namespace facet
