#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct AdaCos : SoftmaxForm<T, AdaCos<T>> {
    static constexpr LossPage page{
        .name = "adacos",
        .paper = R"(Zhang et al., AdaCos: adaptively scaling cosine logits for effectively learning
deep face representations, CVPR 2019)",
        .group = LossGroup::adaptive,
        .what = "AdaCos: NormFace whose scale follows the training.",
        .formula = R"(
s_0 = sqrt(2) log(C - 1),
B   = mean_i sum_{j != y} exp(s_old c_ij),   s = log(B) / cos(min(pi/4, median_i theta_iy)),
z_j = s c_j,   L = -log softmax(z)_y)",
        .gradient = "dL/dc_j = s (p_j - [j = y])",
        .why = R"(
The new s is used in the same call and is a constant for the gradient. The median of an even
number of angles is the lower one. Where log(B) <= 0, with negatives all far away, it gives no
scale: s stays, as it does without rows. dynamic=false: s = s_0 always. C < 3 is refused: with two
classes s_0 = 0, and then nothing is ever learned.

Derivation: for given negatives p_y, as a function of theta_y, is steepest near cos(theta_y) =
log(B)/s; s puts this at the median angle, or at 45 degrees if that is larger. Then dL/dc is
NormFace's; differentiating s too would add (sum_j dL/dz_j c_j) ds/dc.)",
        .state = "s, the scale, starts at sqrt(2) log(C-1)",
        .detached = "the scale s",
        .fewest_classes = 3,
        .too_few =
            "its scale starts at sqrt(2) log(C-1), which is 0 for two classes, and then "
            "nothing is learned"};

    using Base = SoftmaxForm<T, AdaCos<T>>;
    static constexpr int passes = 2;  // the scale, then the softmax

    struct Row : SoftmaxRow<T> {
        Target<T> y;
        LogSumExp<T> old;  // of s_old c_j, j != y
    };
    struct Acc {
        LogSumExp<T> pass[2];
        FACET_HD void merge(const Acc& other) {
            for (int k = 0; k < 2; ++k) pass[k].merge(other.pass[k]);
        }
    };

    StateArray* scale = &ask().state().declare("s", true, false);
    bool dynamic = ask().flag("dynamic", true, "false: the scale stays sqrt(2) log(C-1)");
    T s = 0;
    double median = 0;  // of theta_iy

    AdaCos() { scale->lowest = 1e-6; }

    void prepare(int64_t C) {
        if (!scale->value.empty()) return;
        scale->value = {C > 1 ? std::sqrt(2.0) * std::log(double(C - 1)) : 0.0};
    }
    void open(const Batch<T>& batch) {
        s = T(scale->value[0]);
        std::vector<double> angles;
        for (const Target<T>& y : batch.targets) {
            if (y.y >= 0) angles.push_back(std::atan2(double(y.sin), double(y.cos)));
        }
        if (angles.empty()) return;
        const auto middle = angles.begin() + (angles.size() - 1) / 2;
        std::nth_element(angles.begin(), middle, angles.end());
        median = *middle;
    }
    Row begin(const Target<T>& y) const { return {{}, y, {}}; }
    void gather(int pass, const Row& row, Acc& acc, const Chunk<T>& chunk) const {
        if (pass == 1 || dynamic) Base::gather(pass, row, acc.pass[pass], chunk);
    }
    FACET_HD void take(int pass, const Row& row, Acc& acc, T c, int64_t j) const {
        if (pass == 1 || dynamic) Base::take(pass, row, acc.pass[pass], c, j);
    }
    void close(int pass, Row& row, const Acc& acc) const {
        if (pass == 1) return Base::close(pass, row, acc.pass[1]);
        row.old = acc.pass[0];
    }
    void settle(int pass, std::span<Row> rows) {
        if (pass == 1) return;
        LogSumExp<double> all;
        double counted = 0;
        for (const Row& row : rows) {
            if (row.weight == 0) continue;
            all.merge({double(row.old.max), row.old.sum});
            ++counted;
        }
        const double log_B = all.log() - std::log(counted);  // NaN without rows
        if (dynamic && log_B > 0) {
            const double quarter = std::numbers::pi / 4;
            scale->value = {log_B / std::cos(std::min(quarter, median))};
            s = T(scale->value[0]);
        }
        for (Row& row : rows) row.target = additive_cosine(row.y, s, T(0));
    }
};
FACET_LOSS(adacos, ClassLoss<AdaCos>);

}  // namespace facet
