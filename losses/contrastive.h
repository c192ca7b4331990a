// Contrastive loss (Hadsell, Chopra and LeCun, Dimensionality reduction by learning an invariant
// mapping, CVPR 2006): pairs of one class attract, others repel up to a margin M.
//
//   d_uv = |x_u - x_v| of raw embeddings
//   L = mean_{u<v} { d^2 / 2 (same class),  [M - d]_+^2 / 2 (different) }
//   dL/dd = d (same),  -[M - d]_+ (different), over the number of pairs
// Equal embeddings of different classes are at a cone point of d: their gradient is 0.
//
// Derivation: dd/dx_u = (x_u - x_v)/d. For pairs of one class the d cancels: dx_u += x_u - x_v over
// the pairs.
//
// compat=pml is the loss of that name in pytorch-metric-learning: unit vectors, no squares, and the
// same and the different pairs averaged apart, each over the pairs that are not satisfied:
//   L = mean_{same, d>0} d + mean_{different, d<M} (M - d)
#pragma once

#include "losses/pair_loss.h"

namespace facet {

struct Contrastive {
    double margin;
    bool pml;
    // What a pair counts for; with compat=pml 1 / (pairs that are not satisfied).
    double same_weight = 1, different_weight = 1;

    Contrastive(const Settings& p, State&)
        : margin(p.number("margin")), pml(p.is("compat", "pml")) {}

    PairQuantity quantity() const {
        return {pml ? PairVectors::unit : PairVectors::raw, PairMeasure::distance};
    }

    // Loss of one pair at distance d and its derivative.
    struct Term {
        double value, slope;
    };
    Term same(double d) const { return pml ? Term{d, 1} : Term{d * d / 2, d}; }
    Term different(double d) const {
        if (d >= margin) return {0, 0};
        return pml ? Term{margin - d, -1} : Term{(margin - d) * (margin - d) / 2, d - margin};
    }

    void open(const PairBatch& batch) {
        if (!pml) return;
        std::int64_t same_active = 0, different_active = 0;
        const std::int64_t n = std::int64_t(batch.y.size());
        for (std::int64_t u = 0; u < n; ++u) {
            for (std::int64_t v = 0; v < n; ++v) {
                const double d = batch.q[u * n + v];
                const bool alike = batch.y[u] == batch.y[v];
                same_active += alike && d > 0;
                different_active += !alike && d < margin;
            }
        }
        same_weight = same_active > 0 ? 1 / double(same_active) : 0;
        different_weight = different_active > 0 ? 1 / double(different_active) : 0;
    }

    // Every pair is seen from both its ends, which leaves the mean as it is.
    AnchorResult anchor(const Anchor& a, double* g) const {
        AnchorResult result;
        for (std::int64_t v = 0; v < a.n(); ++v) {
            if (v == a.u) continue;
            const Term term = a.positive(v) ? same(a.q[v]) : different(a.q[v]);
            const double weight = a.positive(v) ? same_weight : different_weight;
            result.sum += weight * term.value;
            g[v] = weight * term.slope;
            result.terms += !pml;
            result.usable = true;
        }
        return result;
    }

    static LossInfo info() {
        return {.name = "contrastive",
                .paper =
                    "Hadsell et al., Dimensionality reduction by learning an invariant mapping, "
                    "CVPR 2006",
                .formula =
                    "L = mean over pairs of d^2/2 (same class) or [margin - d]_+^2/2 "
                    "(different), d = |x_u - x_v| (raw vectors)",
                .gradient = "dL/dd = d (same), -[margin - d]_+ (different), over the pairs",
                .parameters = {positive("margin", "1", "distance at which different classes rest"),
                               choice("compat", "none", {"none", "pml"},
                                      "pml: unit vectors, d and [margin - d]_+ unsquared, each "
                                      "averaged over its pairs that are not 0")},
                .state = kPairState};
    }
};

inline const Registered<PairLoss<Contrastive>> registered_contrastive;

}  // namespace facet
