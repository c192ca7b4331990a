// Circle loss, class level (Sun et al., CVPR 2020): every cosine is weighted by its distance from
// its optimum.
//
//   a_y = [1 + m - c_y]_+,   a_j = [c_j + m]_+
//   z_y = gamma a_y (c_y - (1 - m)),   z_j = gamma a_j (c_j - m),   L = -log softmax(z)_y
//   dL/dc_j = gamma a_j p_j,   dL/dc_y = -gamma a_y (1 - p_y)
// The weights a are constants for the gradient, in the paper and in its code.
//
// Derivation: with a constant, z_y and z_j are lines of slope gamma a. The derivative of the value
// would have 2 (1 - c_y) in place of 1 + m - c_y, and 2 c_j in place of c_j + m.
#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/settings.h"
#include "losses/head/softmax_form.h"
#include "losses/head/state.h"

namespace facet {

template <class T>
struct Circle : SoftmaxForm<T, Circle<T>> {
    using Row = SoftmaxRow<T>;
    T m, gamma;

    Circle(const Settings& p, State&) : m(T(p.number("m"))), gamma(T(p.number("gamma"))) {}

    Row begin(const Target<T>& y) const {
        const T height = gamma * std::max(1 + m - y.cos, T(0));
        Row row;
        row.target = {height * (y.cos - (1 - m)), height, -height * y.sin};
        return row;
    }
    FACET_HD T slope(const Row&, T c, std::int64_t) const {
        return gamma * (c + m > 0 ? c + m : T(0));
    }
    FACET_HD T logit(const Row& row, T c, std::int64_t j) const {
        return slope(row, c, j) * (c - m);
    }

    static LossInfo info() {
        return {
            .name = "circle",
            .paper =
                "Sun et al., Circle loss: a unified perspective of pair similarity "
                "optimization, CVPR 2020",
            .formula =
                "z_y = gamma [1+m-c_y]_+ (c_y - (1-m)), z_j = gamma [c_j+m]_+ (c_j - m), L = "
                "-log softmax(z)_y",
            .gradient =
                "dL/dc_y = -gamma [1+m-c_y]_+ (1-p_y), dL/dc_j = gamma [c_j+m]_+ p_j; the "
                "weights are constants",
            .parameters = {number("m", "0.25", 0, 10, "margin"), positive("gamma", "256", "scale")},
            .state = "",
            .detached = "the weights [1+m-c_y]_+ and [c_j+m]_+"};
    }
};

inline const Registered<ClassLoss<Circle>> registered_circle;

}  // namespace facet
