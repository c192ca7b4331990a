#pragma once

#include "losses/head/pair_loss.h"

namespace facet {

struct SupCon {
    static constexpr LossPage page{
        .name = "supcon",
        .paper = "Khosla et al., Supervised contrastive learning, NeurIPS 2020",
        .group = LossGroup::pairs,
        .what = R"(
SupCon, supervised contrastive learning, the form L_out: the mean over an anchor's positives is
outside of the logarithm.)",
        .formula = R"(
L_i = -1/|P_i| sum_{p in P_i} log( e^{s_p} / sum_{a != i} e^{s_a} ),  s_a = S_ia / tau
L   = mean of L_i over the A anchors that have a positive)",
        .gradient = "dL/dS_ij = (softmax_{a != i}(s)_j - [j in P_i] / |P_i|) / (tau A)",
        .why = R"(
At the optimum the softmax of a positive is 1/|P_i| but for rounding. With d_a = e^{s_a - c} - 1,
c the largest s of the positives, and Z = sum_{a != i} e^{s_a},
  softmax_p - 1/|P| = e^c ( |P| d_p - sum_P d - sum_N e^{s_n - c} ) / (|P| Z),
in which nothing is close to 1 and subtracted from it.

Derivation: L_i is the mean of |P_i| cross-entropies over the same logits s, one for each p; the
gradient of each is the softmax less [j = p].

compat=supcontrast is the authors' repository: the sum is divided by B, anchors without a positive
counting 0 (its first versions give NaN for them).)"};

    double tau = ask().positive("tau", 0.1, "temperature of the cosines");
    bool count_all =
        ask().choice<bool>("compat", {"none", "supcontrast"},
                           "supcontrast: divided by B, anchors without a positive count 0");

    FACET_HD AnchorResult anchor(const auto& a, double* g) const {
        double P = 0, c = -kInfinity, largest = -kInfinity;
        a.each([&](int64_t j) {
            if (j == a.u) return;
            const double s = a.q[j] / tau;
            largest = s > largest ? s : largest;
            if (a.positive(j)) c = s > c ? s : c, P += 1;
        });
        P = a.total(P);
        c = a.largest(c);
        largest = a.largest(largest);
        if (P == 0) return {0, count_all, false};
        // In units of e^largest: the others, and `height` = e^c.
        double below = 0, sum_d = 0, others = 0;  // sum_P (c - s), sum_P d, sum_N e^{s - largest}
        a.each([&](int64_t j) {
            if (a.positive(j)) below += c - a.q[j] / tau, sum_d += std::expm1(a.q[j] / tau - c);
            if (a.negative(j)) others += std::exp(a.q[j] / tau - largest);
        });
        below = a.total(below);
        sum_d = a.total(sum_d);
        others = a.total(others);
        const double height = std::exp(c - largest), Z = height * (P + sum_d) + others;
        a.each([&](int64_t j) {
            if (a.negative(j)) g[j] = std::exp(a.q[j] / tau - largest) / (Z * tau);
            if (!a.positive(j)) return;
            const double d = std::expm1(a.q[j] / tau - c);
            g[j] = (height * (P * d - sum_d) - others) / (P * Z * tau);
        });
        // log Z - mean_P s; where the others are small it is log P and what they add.
        const double log_Z = largest == c ? std::log(P) + std::log1p((sum_d + others) / P)
                                          : largest - c + std::log(Z);
        return {log_Z + below / P, 1, true};
    }
};
FACET_LOSS(supcon, PairLoss<SupCon>);

}  // namespace facet
