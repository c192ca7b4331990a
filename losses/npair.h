#pragma once

#include "losses/head/pair_loss.h"

namespace facet {

struct NPair {
    static constexpr LossPage page{
        .name = "npair",
        .paper =
            "Sohn, Improved deep metric learning with multi-class N-pair loss objective, NIPS 2016",
        .group = LossGroup::pairs,
        .what = R"(
N-pair loss: softmax cross-entropy in which the positives of other classes are the negatives. Of
every class with at least two rows the first is its anchor a_k, the second its positive p_k; P
such classes, further rows are not read.)",
        .formula = R"(
z_kj = <a_k, p_j>, raw dot products of the first and second row of each class,
L = mean_k -log softmax(z_k)_k + reg/4 (mean |a|^2 + mean |p|^2))",
        .gradient = R"(
dL/dz_kj = (softmax(z_k)_j - [j = k]) / P,   dL/d<a,a> = dL/d<p,p> = reg / (4 P))",
        .why = R"(
1 - softmax_k is formed as the sum of the others. One class only: L is the regulariser.

Derivation: a cross-entropy per anchor; dz_kj/da_k = p_j, dz_kj/dp_j = a_k.

compat=pml is NPairsLoss of pytorch-metric-learning: it normalises the vectors and, their lengths
being 1, has no regulariser. The author's and TensorFlow's code do not normalise.)"};

    double reg = ask()
                     .only_with("compat=none")
                     .number("reg", 0.002, 0, 1e6, "weight of the squared lengths");
    bool pml = ask().choice<bool>("compat", {"none", "pml"}, "pml: unit vectors, no regulariser");

    PairQuantity quantity() const {
        return {pml ? PairVectors::unit : PairVectors::raw, PairMeasure::product};
    }

    FACET_HD AnchorResult anchor(const auto& a, double* g) const {
        const int64_t k = a.lowest([&](int64_t v) {  // the second row of its class
            return a.y[v] == a.y[a.u] && a.place[v] == 1 ? double(v) : kInfinity;
        });
        AnchorResult result;
        if (k < 0 || a.place[a.u] > 1) return result;
        const double pull = pml ? 0 : reg / 4;
        result.sum = pull * a.q[a.u];
        if (a.owns(a.u)) g[a.u] = pull;
        if (a.place[a.u] == 0) cross_entropy(a, k, result, g);
        return result;
    }

    FACET_HD void cross_entropy(const auto& a, int64_t k, AnchorResult& result, double* g) const {
        const auto z = [&](int64_t v) { return a.place[v] == 1 && v != k ? a.q[v] : -kInfinity; };
        const double others = log_sum_exp(a, z);
        const SoftHinge l = soft_hinge(others - a.q[k]);  // -log p, 1 - p
        a.each([&](int64_t v) {
            if (v == k) g[v] = -l.slope;
            if (z(v) > -kInfinity) g[v] = l.slope * std::exp(z(v) - others);
        });
        result.sum += l.value;
        result.terms = 1;
        result.usable = true;
    }
};
FACET_LOSS(npair, PairLoss<NPair>);

}  // namespace facet
