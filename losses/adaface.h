#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct AdaFace : SoftmaxForm<T, AdaFace<T>> {
    static constexpr LossPage page{
        .name = "adaface",
        .paper = "Kim et al., AdaFace: quality adaptive margin for face recognition, CVPR 2022",
        .group = LossGroup::adaptive,
        .what = R"(
AdaFace: the norm of a feature, taken for the quality of its image, decides between an angular and
an additive margin.)",
        .formula = R"(
n  = clip(|x|, 0.001, 100);  mean, std: moving averages of the batch's, weight t_alpha;
q  = clip(h (n - mean) / (std + eps), -1, 1),
z_y = s (cos(clip(theta_y - m q, eps, pi - eps)) - (m + m q)),   z_j = s c_j,
L  = -log softmax(z)_y)",
        .gradient = R"(
dL/dc_j = s p_j,   dL/dc_y = -s (1 - p_y) sin(theta_y - m q) / sin(theta_y))",
        .why = R"(
Cosines are clipped to [-1 + eps, 1 - eps] first; outside of a clip there is no gradient. The
deviation is the unbiased one; a batch with fewer than two rows moves neither average.

Derivation: for the gradient q is a constant: an angular margin -m q (arcface.h) and a number.

Public code: the class of the authors has t_alpha=1 as its default, their configuration 0.01; its
deviation of a batch of one row is NaN.)",
        .state = "mean, std: moving averages of the norms, start at 20 and 100",
        .detached = "the quality q"};

    T s = ask().positive("s", 64, "scale of the cosines");
    T m = ask().angle("m", 0.4, "margin");
    T h = ask().number("h", 0.333, 0, 1e6, "how strongly the norm acts");
    double t_alpha = ask().number("t_alpha", 0.01, 0, 1, "weight of the new batch");
    T eps =
        ask().number("eps", 1e-3, 1e-12, 0.5, "clip of cosines, angles; added to the deviation");
    StateArray* mean = ask().state().number("mean", 20, 0);
    StateArray* std = ask().state().number("std", 100, 0);

    static double clipped_norm(const Target<T>& y) {
        return std::clamp(double(y.norm), 1e-3, 100.0);
    }

    void open(const Batch<T>& batch) {
        const auto count = double(batch.counted);
        if (batch.counted < 2) return;
        double sum = 0, squares = 0;
        for (const Target<T>& y : batch.targets) sum += y.y >= 0 ? clipped_norm(y) : 0.0;
        const double centre = sum / count;
        for (const Target<T>& y : batch.targets) {
            const double difference = y.y >= 0 ? clipped_norm(y) - centre : 0.0;
            squares += difference * difference;
        }
        const auto move = [&](double& average, double now) {
            average = t_alpha * now + (1 - t_alpha) * average;
        };
        move(mean->value[0], centre);
        move(std->value[0], std::sqrt(squares / (count - 1)));
    }

    TargetLogit<T> target(const Target<T>& y) const {
        const double standard = (clipped_norm(y) - mean->value[0]) / (std->value[0] + double(eps));
        const T q = T(std::clamp(double(h) * standard, -1.0, 1.0));
        const bool inside = y.cos >= -1 + eps && y.cos <= 1 - eps;
        const T theta = inside ? y.angle() : std::acos(y.cos > 0 ? 1 - eps : -1 + eps);
        const T pi = std::numbers::pi_v<T>, turned = theta - m * q;
        const T kept = turned < eps ? eps : (turned > pi - eps ? pi - eps : turned);
        const T z = s * (std::cos(kept) - (m + m * q));
        return by_angle(y, z, inside && kept == turned ? -s * std::sin(turned) : T(0));
    }
    FACET_HD T logit(const SoftmaxRow<T>&, T c, int64_t) const {
        return s * (c > 1 - eps ? 1 - eps : (c < -1 + eps ? -1 + eps : c));
    }
    FACET_HD T slope(const SoftmaxRow<T>&, T c, int64_t) const {
        return c > 1 - eps || c < -1 + eps ? T(0) : s;
    }
};
FACET_LOSS(adaface, ClassLoss<AdaFace>);

}  // namespace facet
