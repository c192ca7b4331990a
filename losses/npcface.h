#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/support_form.h"

namespace facet {

template <class T>
struct NpcFace : SupportForm<T, NpcFace<T>> {
    static constexpr LossPage page{
        .name = "npcface",
        .paper = R"(Zeng et al., NPCFace: negative-positive collaborative training for large-scale
face recognition, arXiv:2007.10172)",
        .group = LossGroup::founding,
        .what = R"(
NPCFace: hard negatives are emphasised, and raise the margin of their own sample.)",
        .formula = R"(
M_j = [c_j > cos(theta_y + mask_margin)], j != y;   n = sum_j M_j;
mt  = m0 + m1 (sum_j M_j a_j) / n, or m0 if n = 0;   a_j = c_j, or t c_j + alpha (modulated);
z_y = s cos(theta_y + mt),   z_j = s (M_j ? t c_j + alpha : c_j),   L = -log softmax(z)_y)",
        .gradient = R"(
dL/dc_j = s p_j (M_j ? t : 1),   dL/dc_y = -s (1 - p_y) sin(theta_y + mt) / sin(theta_y))",
        .why = R"(
easy: the target is s c_y where c_y <= 0; it jumps there by sin(mt).
grad=detached, the authors' code, holds mt constant. grad=exact differentiates it too: hard
negatives get s (1 - p_y) sin(theta_y + mt) m1 / n (times t where modulated) besides.

Public code differs in defaults: the authors' uses alpha=0.2 with mask_margin=0.5 (or 0.35); a
third party's grad=exact avg=modulated easy=false s=32 with a focal criterion.

Derivation: with M and mt constant z_j has slope s t or s, and z_y is ArcFace's with m = mt.
Through mt: dz_y/dmt = -s sin(theta_y + mt), dmt/dc_j = m1/n, dL/dz_y = -(1 - p_y).)"};

    using Base = SupportForm<T, NpcFace<T>>;
    static constexpr int passes = 2;  // the margin, then the softmax

    struct Row : SupportRow<T> {
        Target<T> y;
        T through_mean = 0;  // dz_y/dc_j of a hard negative, through the margin
    };
    struct Acc {
        LogSumExp<T> others;
        double sum = 0;  // of a_j over hard negatives
        int64_t hard = 0;
        FACET_HD void merge(const Acc& other) {
            others.merge(other.others);
            sum += other.sum;
            hard += other.hard;
        }
    };

    T s = ask().positive("s", 64, "scale of the cosines");
    T t = ask().number("t", 1.1, 0, 100, "factor of hard negatives");
    T alpha = ask().number("alpha", 0.25, -10, 10, "shift of hard negatives");
    T m0 = ask().angle("m0", 0.4, "margin without hard negatives");
    T m1 = ask().angle("m1", 0.2, "margin added per mean cosine of the hard negatives");
    T mask_margin =
        ask()
            .optional_number("mask_margin", 0, std::numbers::pi, "margin in the mask; not set: m0")
            .value_or(m0);
    bool easy = ask().flag("easy", true, "no margin on the target where c_y <= 0");
    bool modulated =
        ask().choice<bool>("avg", {"raw", "modulated"}, "mean of c_j, or of t c_j + alpha");
    bool exact =
        ask().choice<bool>("grad", {"detached", "exact"}, "detached: the margin is a constant");

    Row begin(const Target<T>& y) const {
        Row row;
        row.y = y;
        row.threshold = margined_cosine(y, mask_margin);
        return row;
    }
    FACET_HD T support(T c) const { return t * c + alpha; }
    FACET_HD T support_slope(T) const { return t; }
    FACET_HD T emphasis(T c) const { return modulated ? support(c) : c; }  // a_j

    FACET_HD void take(int pass, const Row& row, Acc& acc, T c, int64_t j) const {
        if (pass == 1) return Base::take(pass, row, acc.others, c, j);
        if (c <= row.threshold) return;
        acc.sum += double(emphasis(c));
        ++acc.hard;
    }
    void gather(int pass, const Row& row, Acc& acc, const Chunk<T>& chunk) const {
        if (pass == 1) return Base::gather(pass, row, acc.others, chunk);
        chunk.for_blocks([&](const Chunk<T>& block) {
            const auto is_hard = [c = block.c, y = block.y, f = row.threshold](int64_t j) {
                return (c[j] > f) & (j != y);
            };
            acc.sum += sum_lanes_tail<double>(block.n, [&](int64_t j) {
                return is_hard(j) ? double(emphasis(block.c[j])) : 0.0;
            });
            acc.hard += sum_lanes_tail<int64_t>(block.n, is_hard);
        });
    }

    void close(int pass, Row& row, const Acc& acc) const {
        if (pass == 1) return Base::close(pass, row, acc.others);
        const T m = m0 + (acc.hard > 0 ? m1 * T(acc.sum / double(acc.hard)) : T(0));
        row.target = additive_angle(row.y, s, m);
        if (exact && acc.hard > 0) {
            row.through_mean = row.target.dtheta * m1 * (modulated ? t : T(1)) / T(acc.hard);
        }
        if (easy && row.y.cos <= 0) {
            row.target = additive_cosine(row.y, s, T(0));
            row.through_mean = 0;
        }
    }

    FACET_HD T through_margin(const Row& row, T c) const {
        return c > row.threshold ? row.weight * -row.missing * row.through_mean : T(0);
    }
    FACET_HD T derivative(const Row& row, T c, int64_t j) const {
        return Base::derivative(row, c, j) + through_margin(row, c);
    }
    void differentiate(const Row& row, const Chunk<T>& chunk, T* g) const {
        if (row.through_mean == 0) return Base::differentiate(row, chunk, g);
        const std::vector<T> c(chunk.c, chunk.c + chunk.n);  // g may be chunk.c
        Base::differentiate(row, chunk, g);
        for (int64_t j = 0; j < chunk.n; ++j) g[j] += through_margin(row, c[j]);
    }
};
FACET_LOSS(npcface, ClassLoss<NpcFace>);

}  // namespace facet
