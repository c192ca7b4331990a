#pragma once

#include "losses/head/pair_loss.h"

namespace facet {

struct MultiSimilarity {
    static constexpr LossPage page{
        .name = "multi-similarity",
        .paper = R"(Wang et al., Multi-similarity loss with general pair weighting for deep metric
learning, CVPR 2019)",
        .group = LossGroup::pairs,
        .what = R"(
Multi-Similarity loss: per anchor a soft maximum of how far its positives fall below `base`, and
one of how far its negatives exceed it.)",
        .formula = R"(
L_i = 1/alpha log(1 + sum_{p in P_i} e^{-alpha (S_ip - base)})
    + 1/beta  log(1 + sum_{n in N_i} e^{beta (S_in - base)}),   L = mean over B)",
        .gradient = R"(
dL/dS_ip = -e^{-alpha (S_ip - base)} / (1 + sum_P) / B,
dL/dS_in = e^{beta (S_in - base)} / (1 + sum_N) / B)",
        .why = R"(
mine=true keeps the pairs that violate, a choice that is constant for the gradient:
  p with S_ip - eps < max_{N_i} S,   n with S_in + eps > min_{P_i} S
An anchor without negatives keeps no positive and one without positives no negative (maximum and
minimum of nothing are -infinity and +infinity): it adds 0 and still counts in B, as in the
authors' code, which passes over such anchors and divides by B. mine=false keeps every pair, so
such an anchor has the one sum that it has.
The authors' code has beta = 40 and leaves out positives with S > 1 - 1e-5; here they stay.

Derivation: log(1 + sum e^v) has the derivative e^v / (1 + sum e^v); the 1/alpha, 1/beta cancel
the slopes.)"};

    double alpha = ask().positive("alpha", 2, "scale of the positives");
    double beta = ask().positive("beta", 50, "scale of the negatives");
    double base = ask().number("base", 0.5, -1, 1, "similarity between the two");
    double eps = ask().only_with("mine=true").number("eps", 0.1, 0, 2, "slack of the mining");
    bool mine = ask().flag("mine", true, "keep only pairs that violate");

    FACET_HD AnchorResult anchor(const auto& a, double* g) const {
        double hardest_n = -kInfinity, hardest_p = kInfinity;
        a.each([&](int64_t v) {
            if (a.negative(v) && a.q[v] > hardest_n) hardest_n = a.q[v];
            if (a.positive(v) && a.q[v] < hardest_p) hardest_p = a.q[v];
        });
        hardest_n = a.largest(hardest_n);
        hardest_p = -a.largest(-hardest_p);
        const auto z_p = [&](int64_t v) {
            const bool kept = a.positive(v) && (!mine || a.q[v] - eps < hardest_n);
            return kept ? -alpha * (a.q[v] - base) : -kInfinity;
        };
        const auto z_n = [&](int64_t v) {
            const bool kept = a.negative(v) && (!mine || a.q[v] + eps > hardest_p);
            return kept ? beta * (a.q[v] - base) : -kInfinity;
        };
        const double positives = log_sum_exp(a, z_p), negatives = log_sum_exp(a, z_n);
        const SoftHinge p = soft_hinge(positives), n = soft_hinge(negatives);
        a.each([&](int64_t v) {
            if (z_p(v) > -kInfinity) g[v] = -p.slope * std::exp(z_p(v) - positives);
            if (z_n(v) > -kInfinity) g[v] = n.slope * std::exp(z_n(v) - negatives);
        });
        const bool has_p = hardest_p<kInfinity, has_n = hardest_n> - kInfinity;
        return {p.value / alpha + n.value / beta, 1, mine ? has_p && has_n : has_p || has_n};
    }
};
FACET_LOSS(multi_similarity, PairLoss<MultiSimilarity>);

}  // namespace facet
