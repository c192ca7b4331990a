// The margin-softmax family: logits z_j = z_j(c_j), target logit z_y with a margin, cross-entropy.
//
//   l_i     = -log p_y,  p = softmax(z)
//   dl/dc_j = p_j z'_j (j != y),   dl/dc_y = -(1 - p_y) z'_y
//
// A loss derives from SoftmaxForm<T> and says what its logits are,
//   TargetLogit<T> target(const Target<T>&) const        z_y, or begin() where it needs a Row
//   T logit(const Row&, T c, std::int64_t j) const       z_j; s c_j where it says nothing
//   T slope(const Row&, T c, std::int64_t j) const       dz_j/dc_j; s
// logit and slope are functions of one cosine. They must be branch-free to vectorise: what a
// condition chooses between is computed before it, `const T hard = t * c; return c > f ? hard :
// c;`.
//
// L_i = l_i, or a function of it: see wrap().
//
// Only the other classes are accumulated. With d = log sum_{j != y} e^{z_j} - z_y,
//   L_i = log(1 + e^d),   1 - p_y = e^d / (1 + e^d),
// which keeps all digits on easy rows, where 1 - p_y formed by subtraction keeps none.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/hd.h"
#include "losses/head/rows.h"
#include "losses/head/softplus.h"
#include "losses/head/target_logit.h"

namespace facet {

template <class T>
struct SoftmaxRow : RowResult<T> {
    TargetLogit<T> target;
    // log sum_j e^{z_j}, the target included, is top + log_rest: kept apart, as logits may be so
    // large that an ulp of their sum is more than log_rest.
    T top = 0;
    T log_rest = 0;
    T missing = 0;  // 1 - p_y
    T outer = 1;    // dL_i/dl_i, for a loss that is a function of l_i = -log p_y
};

template <class T, class Derived>
struct SoftmaxForm {
    using Scalar = T;
    using Row = SoftmaxRow<T>;
    using Acc = LogSumExp<T>;
    static constexpr bool normalised = true;
    static constexpr int passes = 1;

    SoftmaxRow<T> begin(const Target<T>& y) const {
        SoftmaxRow<T> row;
        row.target = self().target(y);
        return row;
    }
    template <class Row>
    FACET_HD T logit(const Row&, T c, std::int64_t) const {
        return self().s * c;
    }
    template <class Row>
    FACET_HD T slope(const Row&, T, std::int64_t) const {
        return self().s;
    }

    template <class Row>
    void gather(int, const Row& row, Acc& acc, const Chunk<T>& chunk) const {
        alignas(64) T z[kBlock];
        for (std::int64_t at = 0; at < chunk.n; at += kBlock) {
            const std::int64_t n = std::min(kBlock, chunk.n - at);
            other_logits(row, chunk, at, n, z);
            acc.add_block(z, n);
        }
    }

    template <class Row>
    FACET_HD void take(int, const Row& row, Acc& acc, T c, std::int64_t j) const {
        acc.add_quickly(self().logit(row, c, j));
    }

    template <class Row>
    void close(int, Row& row, const Acc& others) const {
        const double above = double(others.max) - double(row.target.z);
        const double d = above + std::log(others.sum);
        row.missing = T(sigmoid(d));
        row.value = softplus(d);
        row.top = above > 0 ? others.max : row.target.z;
        row.log_rest = T(above > 0 ? std::log(others.sum) + softplus(-d) : row.value);
        row.dcos = -row.missing * row.target.dcos;
        row.dtheta = -row.missing * row.target.dtheta;
    }

    template <class Row>
    void differentiate(const Row& row, const Chunk<T>& chunk, T* g) const {
        alignas(64) T z[kBlock];
        for (std::int64_t at = 0; at < chunk.n; at += kBlock) {
            const std::int64_t n = std::min(kBlock, chunk.n - at), first = chunk.first + at;
            const T* c = chunk.c + at;
            other_logits(row, chunk, at, n, z);
#pragma omp simd
            for (std::int64_t j = 0; j < n; ++j) z[j] = push(row, z[j], c[j], first + j);
            std::copy(z, z + n, g + at);
        }
    }

    template <class Row>
    FACET_HD T derivative(const Row& row, T c, std::int64_t j) const {
        return push(row, self().logit(row, c, j), c, j);
    }

    // After close(): L_i = factor l_i, or another function of l_i with that value and derivative.
    template <class Row>
    static void wrap(Row& row, double value, T derivative) {
        row.value = value;
        row.outer = derivative;
        row.dcos *= derivative;
        row.dtheta *= derivative;
        row.dnorm *= derivative;
    }

    // z[0..n) of the classes at .. at + n - 1 of the chunk, n <= kBlock; -inf for the target. Every
    // sweep stores its logits here and reads them back: an expression like s c - top would be
    // contracted, with another rounding than in the sweep before.
    template <class Row>
    void other_logits(const Row& row, const Chunk<T>& chunk, std::int64_t at, std::int64_t n,
                      T* z) const {
        const T* c = chunk.c + at;
        const std::int64_t first = chunk.first + at, y = chunk.y - at;
#pragma omp simd
        for (std::int64_t j = 0; j < n; ++j) z[j] = self().logit(row, c[j], first + j);
        if (y >= 0 && y < n) z[y] = -std::numeric_limits<T>::infinity();
    }

private:
    // weight dL_i/dc_j, given the logit z of c.
    template <class Row>
    FACET_HD T push(const Row& row, T z, T c, std::int64_t j) const {
        const T p = exp_branch_free(z - row.top - row.log_rest);
        return row.weight * row.outer * p * self().slope(row, c, j);
    }

    FACET_HD const Derived& self() const { return static_cast<const Derived&>(*this); }
};

}  // namespace facet
