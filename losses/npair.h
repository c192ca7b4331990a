// N-pair loss (Sohn, Improved deep metric learning with multi-class N-pair loss objective, NIPS
// 2016): softmax cross-entropy in which the positives of other classes are the negatives.
//
//   Of every class with at least two rows the first is its anchor a_k, the second its positive p_k;
//   P such classes, further rows are not read. Raw dot products:
//   z_kj = <a_k, p_j>,   L = mean_k -log softmax(z_k)_k + reg/4 (mean |a|^2 + mean |p|^2)
//   dL/dz_kj = (softmax(z_k)_j - [j = k]) / P,   dL/d<a,a> = dL/d<p,p> = reg / (4 P)
// 1 - softmax_k is formed as the sum of the others. One class only: L is the regulariser.
//
// Derivation: a cross-entropy per anchor; dz_kj/da_k = p_j, dz_kj/dp_j = a_k.
//
// compat=pml is NPairsLoss of pytorch-metric-learning: it normalises the vectors and, their lengths
// being 1, has no regulariser. The author's and TensorFlow's code do not normalise.
#pragma once

#include <algorithm>

#include "losses/pair_loss.h"
#include "losses/pair_sums.h"

namespace facet {

struct NPair {
    double reg;
    bool pml;
    std::vector<std::int64_t> anchors, positives;  // (P) rows, in the order of the anchors

    NPair(const Settings& p, State&) : reg(p.number("reg")), pml(p.is("compat", "pml")) {
        if (pml) reg = 0;
    }

    PairQuantity quantity() const {
        return {pml ? PairVectors::unit : PairVectors::raw, PairMeasure::product};
    }

    void open(const PairBatch& batch) {
        anchors.clear();
        positives.clear();
        const auto& y = batch.y;
        for (auto row = y.begin(); row != y.end(); ++row) {
            const auto second = std::find(row + 1, y.end(), *row);
            if (second == y.end() || std::find(y.begin(), row, *row) != row) continue;
            anchors.push_back(row - y.begin());
            positives.push_back(second - y.begin());
        }
    }

    AnchorResult anchor(const Anchor& a, double* g) const {
        const auto at = std::find(anchors.begin(), anchors.end(), a.u);
        const bool is_positive =
            std::find(positives.begin(), positives.end(), a.u) != positives.end();
        AnchorResult result;
        if (at == anchors.end() && !is_positive) return result;
        result.sum = reg / 4 * a.q[a.u];
        g[a.u] = reg / 4;
        if (at != anchors.end()) cross_entropy(a, at - anchors.begin(), result, g);
        return result;
    }

    void cross_entropy(const Anchor& a, std::int64_t k, AnchorResult& result, double* g) const {
        const std::int64_t P = std::int64_t(positives.size());
        const auto z = [&](std::int64_t j) { return j == k ? -kInfinity : a.q[positives[j]]; };
        const double others = log_sum_exp(P, z);
        const SoftHinge l = soft_hinge(others - a.q[positives[k]]);  // -log p, 1 - p
        for (std::int64_t j = 0; j < P; ++j) {
            g[positives[j]] = j == k ? -l.slope : l.slope * std::exp(z(j) - others);
        }
        result.sum += l.value;
        result.terms = 1;
        result.usable = true;
    }

    static LossInfo info() {
        return {.name = "npair",
                .paper =
                    "Sohn, Improved deep metric learning with multi-class N-pair loss objective, "
                    "NIPS 2016",
                .formula =
                    "L = mean_k -log softmax_j(<a_k, p_j>)_k + reg/4 (mean |a|^2 + "
                    "mean |p|^2), first and second row of each class (raw vectors)",
                .gradient = "dL/d<a_k, p_j> = (softmax_j - [j=k]) / P",
                .parameters = {number("reg", "0.002", 0, 1e6, "weight of the squared lengths"),
                               choice("compat", "none", {"none", "pml"},
                                      "pml: unit vectors, no regulariser")},
                .state = kPairState};
    }
};

inline const Registered<PairLoss<NPair>> registered_npair;

}  // namespace facet
