// The negative pairs of a batch as further slots of a softmax (UNPG): the similarities S_uv, u < v,
// of features of different classes, without outliers.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "engine/hd.h"

namespace facet {

template <class T>
struct Batch;  // class_form.h
template <class T>
struct LogSumExp;  // arithmetic.h

// What a loss makes of them.
struct PairSlots {
    double whisker;  // of the filter
    double s;        // the slots' logits are s S_uv
    bool by_anchor;  // row i sees only the pairs that contain it, not all of the batch
};

struct PairSlot {
    double s;      // S_uv
    int64_t u, v;  // u < v
};

// Box and whisker filter (Jung et al., UNPG): with Q1, Q3 the sorted values at positions
// floor(K/4) and floor(3K/4), kept are those in [Q1 - whisker (Q3 - Q1), Q3 + whisker (Q3 - Q1)].
struct SlotRange {
    double lowest = -std::numeric_limits<double>::infinity();
    double highest = std::numeric_limits<double>::infinity();

    // fma: the bounds have the same bits whatever compiles this.
    FACET_HD static SlotRange of(double q1, double q3, double whisker) {
        return {std::fma(-whisker, q3 - q1, q1), std::fma(whisker, q3 - q1, q3)};
    }
    FACET_HD bool keeps(double S) const { return !(S < lowest || S > highest); }
};

// Where in the sorted values of K pairs the quartiles are.
struct QuartilePositions {
    int64_t first, third;

    explicit QuartilePositions(int64_t K) : first(K / 4), third(3 * K / 4) {}
};

// The slots of a batch of similarities S (B, B) and labels y (B); rows without a label take no
// part. whisker = 0 keeps all.
std::vector<PairSlot> pair_slots(const double* S, const int64_t* y, int64_t B, double whisker);

// log sum e^{s S_uv} of the slots that a row sees: one for the batch, or one a row.
std::vector<LogSumExp<double>> slot_sums(const PairSlots& rule, const std::vector<PairSlot>& slots,
                                         int64_t B);

// What the slots' derivative needs of a row.
struct SlotRow {
    double weight;   // L = sum_i weight_i L_i
    double log_sum;  // of the row's softmax: log of its denominator, slots included
};

// dL/dS_uv = s sum_i weight_i q_i,uv over the rows i that see the slot, q_i,uv = e^{s S_uv -
// log_sum_i}.
struct SlotDerivative {
    PairSlots rule;
    const SlotRow* rows;  // (B)
    // Of all rows together: the least log_sum, and sum_i weight_i e^{lowest - log_sum_i}. Every
    // slot is below every denominator that it is part of: no exponent is positive.
    double lowest = std::numeric_limits<double>::infinity(), share = 0;

    SlotDerivative(const PairSlots& rule, std::span<const SlotRow> rows);

    FACET_HD double of_row(int64_t i, double z) const {
        return rows[i].weight * std::exp(z - rows[i].log_sum);
    }
    FACET_HD double operator()(double S, int64_t u, int64_t v) const {
        const double z = rule.s * S;
        return rule.s *
               (rule.by_anchor ? of_row(u, z) + of_row(v, z) : std::exp(z - lowest) * share);
    }
};

// The slots of a batch in the host's memory. S = xh xh^T is formed in double whatever T is: which
// pairs a filter keeps does not depend on rounding to T.
template <class T>
class HostSlots {
public:
    HostSlots(const PairSlots& rule, const Batch<T>& batch);

    std::vector<LogSumExp<double>> sums() const;  // slot_sums()
    // dxh (B, D) += (dS + dS^T) xh
    void add_gradient(std::span<const SlotRow> rows, const T* xh, T* dxh) const;

private:
    PairSlots rule_;
    int64_t B_, D_;
    std::vector<PairSlot> slots_;
};

}  // namespace facet
