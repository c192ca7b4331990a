#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/mag_margin.h"

namespace facet {

template <class T>
struct Unpg : SoftmaxForm<T, Unpg<T>> {
    static constexpr LossPage page{
        .name = "unpg",
        .paper = R"(Jung et al., Unified negative pair generation toward well-discriminative
feature space for face recognition, BMVC 2022)",
        .group = LossGroup::founding,
        .what = R"(
UNPG, unified negative pair generation: the similarities of the batch's own negative pairs join
the negatives of every row's softmax.)",
        .formula = R"(
S' = {S_uv = <xh_u, xh_v> : u < v, y_u != y_v}, without outliers (pair_slots.h);
L  = -log e^{z_y} / (e^{z_y} + sum_{j != y} e^{s c_j} + sum_{S'} e^{s S_uv}),   z_y by base)",
        .gradient = R"(
dL/dc_j = s p_j,   dL/dc_y = -(1 - p_y) z'_y: as in the base with the enlarged denominator;
dL/dS_uv = s / B sum_i q_i,uv,   q_i,uv = e^{s S_uv} / denominator of row i)",
        .why = R"(
The sum of dL/dS_uv is over all rows (scope=batch, the authors'); scope=anchor: row i sees only
the pairs that contain i, so the sum is over u and v.
base: z_y = s (c_y - m) (cos), s cos(theta_y + m) without fallback (arc), MagFace's with easy
margin and regulariser (mag), s c_y (norm).
The filter's quartiles and what it keeps are constants. An empty S' gives the base loss.

Derivation: a pair is one more slot of the softmax of every row, dL_i/d(s S_uv) = q_i,uv; S_uv is
one number in all of them, so its derivatives add up. Then dxh += (dS + dS^T) xh.

Public code: wisk=1.5 on MS1MV2, 1 on K-FACE; it fails on a batch without a negative pair, sees
the pairs of one GPU only, and its acos is not clamped.)"};

    enum class Kind { cos, arc, mag, norm };
    struct Row : MagRow<T> {
        int64_t i = 0;
    };
    struct Others : SoftmaxForm<T, Others> {
        T s;
    };

    Kind kind = ask().choice<Kind>("base", {"cos", "arc", "mag", "norm"}, "the target's logit");
    T s = ask().positive("s", 64, "scale of all similarities");
    T m = ask().only_with("base=cos|arc").angle("m", 0.5, "margin");
    double whisker = ask().number("wisk", 1.5, 0, 1e6, "whiskers of the filter; 0: no filter");
    bool by_anchor = ask().choice<bool>("scope", {"batch", "anchor"},
                                        "each row sees all pairs, or those that contain it");
    MagMargin<T> mag{"base=mag"};
    std::vector<LogSumExp<double>> extra;  // of s S_uv: one for the batch, or one a row

    PairSlots pair_slots() const { return {whisker, double(s), by_anchor}; }
    void slots(std::span<const LogSumExp<double>> sums) { extra.assign(sums.begin(), sums.end()); }

    Row begin(const Target<T>& y) const {
        if (kind == Kind::mag) return {mag.begin(y, s), y.row};
        Row row{{}, y.row};
        row.target = kind == Kind::arc ? additive_angle(y, s, m)
                                       : additive_cosine(y, s, kind == Kind::cos ? m : T(0));
        return row;
    }
    // The pairs change what close() makes of a row, not what is done with another class.
    Others kernel_form(const double*) const { return {{}, s}; }

    void close(int pass, Row& row, LogSumExp<T> others) const {
        const LogSumExp<double>& pairs = extra[by_anchor ? row.i : 0];
        if (pairs.sum > 0) {
            const T top = T(pairs.max);
            others.merge({top, pairs.sum * std::exp(pairs.max - double(top))});
        }
        SoftmaxForm<T, Unpg>::close(pass, row, others);
    }
    void complete(Row& row) const {
        if (kind == Kind::mag) mag.complete(row);
    }
    SlotRow slot_row(const Row& row) const {
        return {row.weight, double(row.top) + double(row.log_rest)};
    }
};
FACET_LOSS(unpg, ClassLoss<Unpg>);

}  // namespace facet
