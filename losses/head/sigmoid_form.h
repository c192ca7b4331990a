// Losses that judge every class by itself: one binary cross-entropy a class, no softmax.
//
//   L_i     = pull softplus(-z_y) + push sum_{j != y} softplus(z_j),   z = z(c) + sign b
//   dL/dc_y = -pull sigmoid(-z_y) z'_y,   dL/dc_j = push sigmoid(z_j) z'_j
//   dL/db   = sign sum_i (-pull sigmoid(-z_y) + push sum_j sigmoid(z_j)) / B
// One bias b for all classes, learned. A loss derives from SigmoidForm<T> and says
//   T pull, push, sign     those that are not 1
//   T logit(T c) const     z_j without the bias
//   T slope(T c) const     dz_j/dc_j
//   TargetLogit<T> target(const Target<T>&) const     z_y without the bias
#pragma once

#include "losses/head/softmax_form.h"
#include "losses/head/state.h"

namespace facet {

template <class T>
struct SigmoidRow : RowResult<T> {
    TargetLogit<T> target;
    double dbias = 0;  // dL_i/db
};

template <class T, class Derived>
struct SigmoidForm {
    using Scalar = T;
    using Row = SigmoidRow<T>;
    static constexpr bool normalised = true;
    static constexpr int passes = 1;

    struct Acc {
        double softplus = 0, sigmoid = 0;  // sums over the other classes
        FACET_HD void merge(const Acc& other) {
            softplus += other.softplus;
            sigmoid += other.sigmoid;
        }
    };

    static constexpr T pull = 1, push = 1, sign = 1;
    StateArray* bias = &ask().state().declare("b", true, true);
    T shift = 0;  // sign b

    Row begin(const Target<T>& y) const {
        Row row;
        row.target = self().target(y);
        return row;
    }
    void open(const Batch<T>&) { shift = self().sign * T(bias->value[0]); }

    void gather(int, const Row&, Acc& acc, const Chunk<T>& chunk) const {
        chunk.for_blocks([&](const Chunk<T>& block) {
            alignas(64) T value[kBlock] = {}, slope[kBlock] = {};
#pragma omp simd
            for (int64_t j = 0; j < block.n; ++j) {
                const T z = self().logit(block.c[j]) + shift;
                value[j] = softplus_branch_free(z);
                slope[j] = sigmoid_branch_free(z);
            }
            if (block.holds_target()) value[block.y] = slope[block.y] = 0;
            const int64_t n = padded(block.n);
            acc.softplus += sum_lanes<T>(n, [&](int64_t j) { return value[j]; });
            acc.sigmoid += sum_lanes<T>(n, [&](int64_t j) { return slope[j]; });
        });
    }

    void close(int, Row& row, const Acc& others) const {
        const double z = double(row.target.z) + double(shift);
        const double weight = self().push, pulled = double(self().pull) * sigmoid(-z);
        row.value = double(self().pull) * softplus(-z) + weight * others.softplus;
        row.dcos = -T(pulled) * row.target.dcos;
        row.dtheta = -T(pulled) * row.target.dtheta;
        row.dbias = double(self().sign) * (weight * others.sigmoid - pulled);
    }

    void settle(int, std::span<Row> rows) {
        double sum = 0;
        for (const Row& row : rows) sum += double(row.weight) * row.dbias;
        bias->gradient = {sum};
    }

    FACET_HD void take(int, const Row&, Acc& acc, T c, int64_t) const {
        const T z = self().logit(c) + shift;
        acc.softplus += softplus_branch_free(z);
        acc.sigmoid += sigmoid_branch_free(z);
    }

    FACET_HD T derivative(const Row& row, T c, int64_t) const {
        const T z = self().logit(c) + shift;
        return row.weight * self().push * sigmoid_branch_free(z) * self().slope(c);
    }

private:
    FACET_HD const Derived& self() const { return static_cast<const Derived&>(*this); }
};

}  // namespace facet
