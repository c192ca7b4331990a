#pragma once

#include "losses/head/pair_loss.h"

namespace facet {

struct Triplet {
    static constexpr LossPage page{
        .name = "triplet",
        .paper = R"(Schroff et al., FaceNet, CVPR 2015; Hermans et al., In defense of the triplet
loss for person re-identification, 2017)",
        .group = LossGroup::pairs,
        .what =
            "Triplet loss: a positive p is to be closer to the anchor a than a negative n by m.",
        .formula = R"(
D = |xh_a - xh_b|^2 of unit vectors (2 - 2 cos), or its root with squared=false
L = mean over the selected triplets of l(v),  v = D_ap - D_an + m
l = [v]_+, or log(1 + e^v) with soft=true)",
        .gradient = "dL/dD_ap = l'(v),   dL/dD_an = -l'(v),   over the triplets",
        .why = R"(
mining:
  all       every triplet; the mean is over those with v > 0 (soft: over all of them)
  hard      per anchor the farthest positive and the closest negative (batch-hard, Hermans et al.)
  semihard  per (anchor, positive) the closest negative with D_an > D_ap; if there is none, the
            farthest negative (FaceNet's rule as TensorFlow completed it)
hard and semihard average over what they select, satisfied or not. Ties go to the lowest row.
What is selected is a constant for the gradient. Hermans' soft form is soft=true with margin=0.

A root distance of 0 has derivative 0; public code with sqrt(2 - 2 cos) returns NaN there.

Derivation: D of squared distances has dD/dxh_a = 2 (xh_a - xh_b), its root (xh_a - xh_b)/D.)"};

    enum class Mining { all, hard, semihard };

    double margin = ask().number("margin", 0.2, 0, 4, "by which negatives are farther");
    Mining mining = ask().choice<Mining>(
        "mining", {"all", "hard", "semihard"},
        "all that violate, the hardest an anchor, or the closest negative beyond each positive");
    bool squared = ask().flag("squared", true, "squared distances; false: distances");
    bool soft = ask().flag("soft", false, "log(1 + e^v) in place of the hinge");

    PairQuantity quantity() const {
        return {PairVectors::unit, squared ? PairMeasure::squared_distance : PairMeasure::distance};
    }

    FACET_HD AnchorResult anchor(const auto& a, double* g) const {
        AnchorResult result;
        const int64_t closest = closest_negative(a, -1);
        if (closest < 0) return result;
        if (mining == Mining::hard) {
            const int64_t p = farthest(a, true);
            if (p >= 0) add(a, p, closest, result, g);
            return result;
        }
        for (int64_t p = 0; p < a.n; ++p) {
            if (!a.positive(p)) continue;
            if (mining == Mining::all) {
                add_all(a, p, result, g);
                continue;
            }
            const int64_t n = closest_negative(a, a.q[p]);
            add(a, p, n >= 0 ? n : farthest(a, false), result, g);
        }
        return result;
    }

    FACET_HD SoftHinge hinge(double v) const {
        return soft ? soft_hinge(v) : SoftHinge{v > 0 ? v : 0, v > 0 ? 1.0 : 0.0};
    }

    // One triplet that was selected.
    FACET_HD void add(const auto& a, int64_t p, int64_t n, AnchorResult& result, double* g) const {
        const SoftHinge l = hinge(a.q[p] - a.q[n] + margin);
        result.sum += l.value;
        result.terms += 1;
        result.usable = true;
        if (a.owns(p)) g[p] += l.slope;
        if (a.owns(n)) g[n] -= l.slope;
    }

    // The triplets of p with every negative.
    FACET_HD void add_all(const auto& a, int64_t p, AnchorResult& result, double* g) const {
        double sum = 0, slopes = 0;
        int64_t terms = 0;
        a.each([&](int64_t n) {
            if (!a.negative(n)) return;
            const double v = a.q[p] - a.q[n] + margin;
            if (!soft && v <= 0) return;
            const SoftHinge l = hinge(v);
            sum += l.value;
            slopes += l.slope;
            terms += 1;
            g[n] -= l.slope;
        });
        result.sum += a.total(sum);
        result.terms += a.total(terms);
        result.usable = true;
        slopes = a.total(slopes);
        if (a.owns(p)) g[p] += slopes;
    }

    // -1 if there is none.
    FACET_HD static int64_t closest_negative(const auto& a, double beyond) {
        return a.lowest(
            [&](int64_t n) { return a.negative(n) && a.q[n] > beyond ? a.q[n] : kInfinity; });
    }
    FACET_HD static int64_t farthest(const auto& a, bool positive) {
        return a.lowest(
            [&](int64_t v) { return v != a.u && a.positive(v) == positive ? -a.q[v] : kInfinity; });
    }
};
FACET_LOSS(triplet, PairLoss<Triplet>);

}  // namespace facet
