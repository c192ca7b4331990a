#pragma once

#include <cmath>
#include <numbers>

#include "losses/head/class_loss.h"
#include "losses/head/pair_slots.h"
#include "losses/magface.h"
#include "losses/normface.h"

namespace facet {

template <class T>
struct Unpg : SoftmaxForm<T, Unpg<T>> {
    static constexpr LossPage page{
        .name = "unpg",
        .paper =
            "Jung et al., Unified negative pair generation toward well-discriminative "
            "feature space for face recognition, BMVC 2022",
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

    using Base = SoftmaxForm<T, Unpg<T>>;
    struct Row : MagRow<T> {
        std::int64_t i = 0;
    };
    enum class Kind { cos, arc, mag, norm };

    Kind kind;
    T s, m;
    double whisker;
    bool by_anchor;
    MagMargin<T> mag;
    std::vector<LogSumExp<double>> extra;  // of s S_uv: one for the batch, or one a row

    explicit Unpg(Parameters& p)
        : kind(p.choice<Kind>("base", {"cos", "arc", "mag", "norm"}, "the target's logit")),
          s(p.positive("s", 64, "scale of all similarities")),
          m(p.only_with("base=cos|arc").number("m", 0.5, 0, std::numbers::pi, "margin")),
          whisker(p.number("wisk", 1.5, 0, 1e6, "whiskers of the filter; 0: no filter")),
          by_anchor(p.choice("scope", {"batch", "anchor"},
                             "each row sees all pairs, or those that contain it") == "anchor"),
          mag(p, "base=mag") {}

    PairSlots pair_slots() const { return {whisker, double(s), by_anchor}; }
    void slots(std::span<const LogSumExp<double>> sums) { extra.assign(sums.begin(), sums.end()); }

    Row begin(const Target<T>& y) const {
        Row row;
        row.i = y.row;
        row.norm = y.norm;
        row.target = kind == Kind::arc   ? additive_angle(y, s, m)
                     : kind == Kind::mag ? mag.target(y, s, row.target_by_norm)
                                         : additive_cosine(y, s, kind == Kind::cos ? m : T(0));
        return row;
    }
    // The pairs change what close() makes of a row, not what is done with another class.
    NormFace<T> on_device(const double*) const { return NormFace<T>(s); }

    void close(int pass, Row& row, LogSumExp<T> others) const {
        const LogSumExp<double>& pairs = extra[by_anchor ? row.i : 0];
        if (pairs.sum > 0) {
            const T top = T(pairs.max);
            others.merge({top, pairs.sum * std::exp(pairs.max - double(top))});
        }
        Base::close(pass, row, others);
        if (kind != Kind::mag) return;
        row.value += mag.penalty(row.norm);
        row.dnorm = mag.penalty_slope(row.norm) - row.missing * row.target_by_norm;
    }

    SlotRow slot_row(const Row& row) const {
        return {row.weight, double(row.top) + double(row.log_rest)};
    }
};

FACET_LOSS(unpg, ClassLoss<Unpg>);

}  // namespace facet
