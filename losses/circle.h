#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct Circle : SoftmaxForm<T, Circle<T>> {
    static constexpr LossPage page{
        .name = "circle",
        .paper = R"(
Sun et al., Circle loss: a unified perspective of pair similarity optimization, CVPR 2020)",
        .group = LossGroup::weighted,
        .what = R"(
Circle loss, class level: every cosine is weighted by its distance from its optimum.)",
        .formula = R"(
a_y = [1 + m - c_y]_+,   a_j = [c_j + m]_+,
z_y = gamma a_y (c_y - (1 - m)),   z_j = gamma a_j (c_j - m),   L = -log softmax(z)_y)",
        .gradient = "dL/dc_j = gamma a_j p_j,   dL/dc_y = -gamma a_y (1 - p_y)",
        .why = R"(
The weights a are constants for the gradient, in the paper and in its code.

Derivation: with a constant, z_y and z_j are lines of slope gamma a. The derivative of the value
would have 2 (1 - c_y) in place of 1 + m - c_y, and 2 c_j in place of c_j + m.)",
        .detached = "the weights [1+m-c_y]_+ and [c_j+m]_+"};

    T m = ask().number("m", 0.25, 0, 10, "margin");
    T gamma = ask().positive("gamma", 256, "scale");

    TargetLogit<T> target(const Target<T>& y) const {
        const T height = gamma * std::max(1 + m - y.cos, T(0));
        return {height * (y.cos - (1 - m)), height, -height * y.sin};
    }
    FACET_HD T slope(const SoftmaxRow<T>&, T c, int64_t) const {
        return gamma * (c + m > 0 ? c + m : T(0));
    }
    FACET_HD T logit(const SoftmaxRow<T>& row, T c, int64_t j) const {
        return slope(row, c, j) * (c - m);
    }
};
FACET_LOSS(circle, ClassLoss<Circle>);

}  // namespace facet
