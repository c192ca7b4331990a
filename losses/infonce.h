#pragma once

#include "losses/head/pair_loss.h"

namespace facet {

struct InfoNce {
    static constexpr LossPage page{
        .name = "infonce",
        .paper = R"(van den Oord et al., Representation learning with contrastive predictive coding,
2018; Chen et al., SimCLR, ICML 2020)",
        .group = LossGroup::pairs,
        .what = R"(
InfoNCE with labels, or NT-Xent: every positive of an anchor against the anchor's negatives.)",
        .formula = R"(
l_ip = -log( e^{S_ip/tau} / (e^{S_ip/tau} + sum_{n in N_i} e^{S_in/tau}) ),  S = cosines,
L    = mean of l_ip over all P ordered positive pairs (i, p))",
        .gradient = R"(
dL/dS_ip = -(1 - q_0) / (tau P),   dL/dS_in = q_n / (tau P),  q the softmax of l_ip)",
        .why = R"(
The other positives of i are not in the denominator (SupCon has them). 1 - q_0 is formed from the
negatives alone. Without a negative every l_ip is 0: there is nothing to learn from such a batch.

Derivation: l_ip is a cross-entropy of S/tau over p and N_i; -(1 - q_0), q_n are its softmax minus
its target.)"};

    double tau = ask().positive("tau", 0.07, "temperature of the cosines");

    FACET_HD AnchorResult anchor(const auto& a, double* g) const {
        const auto z = [&](int64_t v) { return a.q[v] / tau; };
        const double negatives = log_sum_exp_negatives(a, z);
        AnchorResult result;
        double push = 0;  // sum over the positives of 1 - q_0
        a.each([&](int64_t p) {
            if (!a.positive(p)) return;
            const SoftHinge l = soft_hinge(negatives - z(p));
            result.sum += l.value;
            result.terms += 1;
            g[p] = -l.slope / tau;
            push += l.slope;
        });
        push = a.total(push);
        a.each([&](int64_t n) {
            if (a.negative(n)) g[n] = push / tau * std::exp(z(n) - negatives);
        });
        result.sum = a.total(result.sum);
        result.terms = a.total(result.terms);
        result.usable = result.terms > 0 && negatives > -kInfinity;
        return result;
    }
};
FACET_LOSS(infonce, PairLoss<InfoNce>);

}  // namespace facet
