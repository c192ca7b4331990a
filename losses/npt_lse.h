#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/nearest.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct NptLse : SoftmaxForm<T, NptLse<T>> {
    static constexpr LossPage page{
        .name = "npt-lse",
        .paper = R"(Khalid et al., NPT-Loss: demystifying face recognition losses with nearest
proxies triplet, TPAMI 2023 (section 4.1))",
        .group = LossGroup::founding,
        .what = R"(
NPT-LSE, "Unification under LogSumExp": NPT-Loss with a softened maximum instead of the hinge.)",
        .formula = "L = 1/tau log(1 + sum_{j in N_k} exp(tau (c_j - c_y + m)))",
        .gradient = "dL/dc_j = p_j for j in N_k, else 0;   dL/dc_y = -(1 - p_y)",
        .why = R"(
p is the softmax of z_y = tau (c_y - m), z_j = tau c_j over y and N_k. With all negatives (k=0) it
is CosFace's loss with s = tau, divided by tau; for tau -> inf NPT's with delta = 2 r^2 m and k =
1, divided by 2 r^2. N_k: the k nearest negatives, ties to the lower class.

Derivation: L = (log sum e^z - z_y)/tau; dz/dc = tau cancels the 1/tau. N_k is piecewise constant.)"};

    struct Row : SoftmaxRow<T> {
        NearestCut<T> cut;
    };

    T m = ask().number("m", 0.5, 0, 10, "margin on cosines");
    T tau = ask().positive("tau", 64, "sharpness of the maximum");
    int64_t k = ask().count("k", 0, "nearest negative proxies; 0: all");
    bool all = false;

    void open(const Batch<T>& batch) { all = k == 0 || k >= batch.C - 1; }
    int64_t nearest() const { return all ? 0 : k; }
    TargetLogit<T> target(const Target<T>& y) const { return additive_cosine(y, tau, m); }
    void close(int pass, Row& row, LogSumExp<T> sum, const TopK<T>& nearest) const {
        for (const auto& entry : nearest.sorted()) sum.add(tau * entry.value);
        row.cut = NearestCut<T>::of(nearest);
        SoftmaxForm<T, NptLse>::close(pass, row, sum);
    }
    void complete(Row& row) const { row.wrap(row.value / double(tau), 1 / tau); }
    FACET_HD T logit(const Row& row, T c, int64_t j) const {
        return row.cut.keeps(c, j) ? tau * c : -std::numeric_limits<T>::infinity();
    }
    FACET_HD T slope(const Row&, T, int64_t) const { return tau; }
};
FACET_LOSS(npt_lse, ClassLoss<NptLse>);

}  // namespace facet
