#pragma once

#include "losses/head/pair_loss.h"
#include "losses/head/pair_sums.h"

namespace facet {

struct CirclePair {
    static constexpr LossPage page{
        .name = "circle-pair",
        .paper =
            "Sun et al., Circle loss: a unified perspective of pair similarity optimization, "
            "CVPR 2020",
        .group = LossGroup::pairs,
        .what = R"(
Circle loss on pairs: every similarity is weighted by its distance from its optimum.)",
        .formula = R"(
a_p = [1 + m - s_p]_+,  a_n = [s_n + m]_+                    constants for the gradient
t_i = log sum_n e^{gamma a_n (s_n - m)} + log sum_p e^{-gamma a_p (s_p - (1 - m))}
L   = mean of log(1 + e^{t_i}) over the A anchors that have positives and negatives)",
        .gradient = R"(
dL/ds_n = sigma(t) gamma a_n softmax_n / A,   dL/ds_p = -sigma(t) gamma a_p softmax_p / A)",
        .why = R"(
The gradient is the one defined by the paper, not the derivative of the value: differentiating
the weights too would give 2 s_n in place of s_n + m.

Derivation: with a constant, t is two log-sum-exps of lines, their gradient a softmax times gamma
a_n or -gamma a_p; softplus' = sigma.

Public code: gamma=256 m=0.25 on faces, gamma=80 m=0.4 in retrieval. Code that sums exponentials
instead of adding in log space overflows.)",
        .state = kPairState,
        .detached = "the weights a_p and a_n"};

    double m, gamma;

    explicit CirclePair(Parameters& p)
        : m(p.number("m", 0.25, 0, 1, "relaxation of the optima 1 and 0")),
          gamma(p.positive("gamma", 80, "scale")) {}

    PairQuantity quantity() const { return {}; }

    // gamma a, negative for a positive pair.
    FACET_HD double weight(bool positive, double s) const {
        const double a = positive ? 1 + m - s : s + m;
        return a > 0 ? (positive ? -gamma * a : gamma * a) : 0;
    }
    FACET_HD double logit(bool positive, double s) const {
        return weight(positive, s) * (positive ? s - (1 - m) : s - m);
    }

    template <class Row>
    FACET_HD AnchorResult anchor(const Row& a, double* g) const {
        const auto z_p = [&](std::int64_t v) {
            return a.positive(v) ? logit(true, a.q[v]) : -kInfinity;
        };
        const auto z_n = [&](std::int64_t v) {
            return a.negative(v) ? logit(false, a.q[v]) : -kInfinity;
        };
        const double positives = log_sum_exp(a, z_p), negatives = log_sum_exp(a, z_n);
        if (positives == -kInfinity || negatives == -kInfinity) return {};
        const SoftHinge l = soft_hinge(positives + negatives);
        a.each([&](std::int64_t v) {
            if (v == a.u) return;
            const bool alike = a.positive(v);
            const double share = std::exp(alike ? z_p(v) - positives : z_n(v) - negatives);
            g[v] = l.slope * weight(alike, a.q[v]) * share;
        });
        return {l.value, 1, true};
    }
};

FACET_LOSS(circle_pair, PairLoss<CirclePair>);

}  // namespace facet
