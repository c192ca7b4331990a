#pragma once

#include "losses/head/pair_loss.h"

namespace facet {

struct CirclePair {
    static constexpr LossPage page{
        .name = "circle-pair",
        .paper = R"(
Sun et al., Circle loss: a unified perspective of pair similarity optimization, CVPR 2020)",
        .group = LossGroup::pairs,
        .what = "Circle loss on pairs: a similarity's weight is its distance from its optimum.",
        .formula = R"(
a_p = [1 + m - s_p]_+,  a_n = [s_n + m]_+                    constants for the gradient
t_i = log sum_n e^{gamma a_n (s_n - m)} + log sum_p e^{-gamma a_p (s_p - (1 - m))}
L   = mean of log(1 + e^{t_i}) over the A anchors that have positives and negatives)",
        .gradient = R"(
dL/ds_n = sigma(t) gamma a_n softmax_n / A,   dL/ds_p = -sigma(t) gamma a_p softmax_p / A)",
        .why = R"(
The gradient is the paper's; differentiating the weights too would give 2 s_n for s_n + m.

Derivation: softplus' = sigma; with a constant, t is two log-sum-exps of lines of slope +-gamma a.

Public code: gamma=256 m=0.25 on faces, gamma=80 m=0.4 in retrieval; plain sums of e^t overflow.)",
        .detached = "the weights a_p and a_n"};

    double m = ask().number("m", 0.25, 0, 1, "relaxation of the optima 1 and 0");
    double gamma = ask().positive("gamma", 80, "scale");

    // gamma a, negative for a positive pair.
    FACET_HD double weight(bool positive, double s) const {
        const double a = positive ? 1 + m - s : s + m;
        return a > 0 ? (positive ? -gamma * a : gamma * a) : 0;
    }

    FACET_HD AnchorResult anchor(const auto& a, double* g) const {
        const auto z = [&](int64_t v) {
            const bool positive = a.positive(v);
            return weight(positive, a.q[v]) * (a.q[v] - (positive ? 1 - m : m));
        };
        const double positives = log_sum_exp_positives(a, z);
        const double negatives = log_sum_exp_negatives(a, z);
        if (positives == -kInfinity || negatives == -kInfinity) return {};
        const SoftHinge l = soft_hinge(positives + negatives);
        a.each([&](int64_t v) {
            if (a.positive(v)) g[v] = l.slope * weight(true, a.q[v]) * std::exp(z(v) - positives);
            if (a.negative(v)) g[v] = l.slope * weight(false, a.q[v]) * std::exp(z(v) - negatives);
        });
        return {l.value, 1, true};
    }
};
FACET_LOSS(circle_pair, PairLoss<CirclePair>);

}  // namespace facet
