#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct HmSoftmax : SoftmaxForm<T, HmSoftmax<T>> {
    static constexpr LossPage page{
        .name = "hm-softmax",
        .paper = R"(Shrivastava et al., Training region-based object detectors with online hard
example mining, CVPR 2016)",
        .group = LossGroup::weighted,
        .what = R"(
HM-Softmax, hard mining as used by Wang et al. 2018: only the samples with the largest loss count.)",
        .formula = R"(
z_j = s c_j,   l_i = -log softmax(z)_y,   L = mean of the n largest l_i,
n = max(1, floor(save_rate B)), ties to the lower row)",
        .gradient = "dL/dc_ij = s (p_j - [j = y]) / n for the rows kept, 0 for the others",
        .why = R"(
B counts the rows with a label.

Derivation: which rows are kept is piecewise constant; for those it is NormFace's gradient.

Public code: SV-X-Softmax keeps int(save_rate B) rows, which may be none of a small batch.)"};

    T s = ask().positive("s", 32, "scale of the cosines");
    double save_rate = ask().number("save_rate", 0.9, 0, 1, "part of the samples kept");

    void settle(int, std::span<SoftmaxRow<T>> rows) const {
        std::vector<size_t> order;  // rows with a label, the hardest first
        for (size_t i = 0; i < rows.size(); ++i) {
            if (rows[i].weight != 0) order.push_back(i);
        }
        std::stable_sort(order.begin(), order.end(),
                         [&](size_t a, size_t b) { return rows[a].value > rows[b].value; });
        const auto kept = std::max<size_t>(1, size_t(save_rate * double(order.size())));
        for (size_t k = 0; k < order.size(); ++k) {
            rows[order[k]].weight = k < kept ? T(1) / T(kept) : T(0);
        }
    }
};
FACET_LOSS(hm_softmax, ClassLoss<HmSoftmax>);

}  // namespace facet
