#pragma once

#include "losses/head/pair_loss.h"

namespace facet {

struct Contrastive {
    static constexpr LossPage page{
        .name = "contrastive",
        .paper =
            "Hadsell et al., Dimensionality reduction by learning an invariant mapping, CVPR 2006",
        .group = LossGroup::pairs,
        .what = R"(
Contrastive loss (Hadsell, Chopra, LeCun): pairs of one class attract, others repel up to M.)",
        .formula = R"(
d_uv = |x_u - x_v| of raw embeddings
L = mean_{u<v} { d^2 / 2 (same class),  [M - d]_+^2 / 2 (different) })",
        .gradient = "dL/dd = d (same),  -[M - d]_+ (different), over the number of pairs",
        .why = R"(
Equal embeddings of different classes are at a cone point of d: their gradient is 0.

Derivation: dd/dx_u = (x_u - x_v)/d. For pairs of one class the d cancels: dx_u += x_u - x_v.

compat=pml is the loss of that name in pytorch-metric-learning: unit vectors, no squares, the same
and the different pairs averaged apart, each over the pairs that are not satisfied:
  L = mean_{same, d>0} d + mean_{different, d<M} (M - d))"};

    double margin = ask().positive("margin", 1, "distance at which different classes rest");
    bool pml = ask().choice<bool>("compat", {"none", "pml"},
                                  "pml: unit vectors, d and [margin - d]_+ unsquared, each "
                                  "averaged over pairs that are not 0");
    // What a pair counts for; with compat=pml 1 / (pairs that are not satisfied).
    double same_weight = 1, different_weight = 1;

    PairQuantity quantity() const {
        return {pml ? PairVectors::unit : PairVectors::raw, PairMeasure::distance};
    }

    // Loss of one pair at distance d and its derivative.
    struct Term {
        double value, slope;
    };
    FACET_HD Term same(double d) const { return pml ? Term{d, 1} : Term{d * d / 2, d}; }
    FACET_HD Term different(double d) const {
        if (d >= margin) return {0, 0};
        return pml ? Term{margin - d, -1} : Term{(margin - d) * (margin - d) / 2, d - margin};
    }

    bool counts() const { return pml; }
    // The pairs that are not satisfied.
    FACET_HD PairCounts count(const auto& a) const {
        PairCounts active;
        a.each([&](int64_t v) {
            const bool alike = a.y[v] == a.y[a.u];
            active.same += alike && a.q[v] > 0;
            active.different += !alike && a.q[v] < margin;
        });
        return {a.total(active.same), a.total(active.different)};
    }
    void open(const PairCounts& active) {
        same_weight = active.same > 0 ? 1 / double(active.same) : 0;
        different_weight = active.different > 0 ? 1 / double(active.different) : 0;
    }

    // Every pair is seen from both its ends, which leaves the mean as it is.
    FACET_HD AnchorResult anchor(const auto& a, double* g) const {
        double sum = 0;
        a.each([&](int64_t v) {
            if (v == a.u) return;
            const Term term = a.positive(v) ? same(a.q[v]) : different(a.q[v]);
            const double weight = a.positive(v) ? same_weight : different_weight;
            sum += weight * term.value;
            g[v] = weight * term.slope;
        });
        return {a.total(sum), pml ? 0 : a.n - 1, a.n > 1};
    }
};
FACET_LOSS(contrastive, PairLoss<Contrastive>);

}  // namespace facet
