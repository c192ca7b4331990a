// The margin-softmax family: logits z_j = z_j(c_j), target logit z_y with a margin, cross-entropy.
//
//   l_i     = -log p_y,  p = softmax(z)
//   dl/dc_j = p_j z'_j (j != y),   dl/dc_y = -(1 - p_y) z'_y
//
// A loss derives from SoftmaxForm<T> and says what is not that of scaled cosines z_j = s c_j:
//   TargetLogit<T> target(const Target<T>&) const     z_y; or begin(), where it fills more of a Row
//   T logit(const Row&, T c, int64_t j) const    z_j
//   T slope(const Row&, T c, int64_t j) const    dz_j/dc_j
//   void complete(Row&) const                         makes L_i of l_i, which close() has left
// logit and slope are functions of one cosine. They must be branch-free to vectorise: what a
// condition chooses between is computed before it, `const T hard = t * c; return c > f ? hard :
// c;`.
//
// Only the other classes are accumulated. With d = log sum_{j != y} e^{z_j} - z_y,
//   L_i = log(1 + e^d),   1 - p_y = e^d / (1 + e^d),
// which keeps all digits on easy rows, where 1 - p_y formed by subtraction keeps none.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "engine/hd.h"
#include "losses/head/arithmetic.h"
#include "losses/head/class_form.h"

namespace facet {

// --- the target: what a margin changes ---

// A logit of the target and its derivatives by the cosine and by the angle.
template <class T>
struct TargetLogit {
    T z = 0;
    T dcos = 0;    // dz/dc, finite
    T dtheta = 0;  // dz/dtheta = -sin(theta) dz/dc
};

// z = s (c - m)
template <class T>
TargetLogit<T> additive_cosine(const Target<T>& y, T s, T m) {
    return {s * (y.cos - m), s, -s * y.sin};
}

// z(theta) with the derivative dz/dtheta. By the cosine that is -dz/dtheta / sin(theta): infinite
// at theta = 0, where it is taken as 0.
template <class T>
TargetLogit<T> by_angle(const Target<T>& y, T z, T dtheta) {
    return {z, y.sin > 0 ? -dtheta / y.sin : T(0), dtheta};
}

// z = s cos(theta + m)
template <class T>
TargetLogit<T> additive_angle(const Target<T>& y, T s, T m) {
    const T cos_m = std::cos(m), sin_m = std::sin(m);
    return by_angle(y, s * (y.cos * cos_m - y.sin * sin_m), -s * (y.sin * cos_m + y.cos * sin_m));
}

// cos(theta + m): what other classes are compared with, where a loss asks which of them are hard.
template <class T>
T margined_cosine(const Target<T>& y, T m) {
    return y.cos * std::cos(m) - y.sin * std::sin(m);
}

// cos(theta + m) rises again past theta = pi - m; there z = s (c - m sin m), which keeps it
// monotone: the jump down at pi - m is m sin m + cos m - 1 >= 0.
template <class T>
TargetLogit<T> additive_angle_or_line(const Target<T>& y, T s, T m) {
    return y.cos > -std::cos(m) ? additive_angle(y, s, m) : additive_cosine(y, s, m * std::sin(m));
}

// A multiple of the angle, continued so that it falls all the way: psi(theta) = (-1)^k cos(m theta)
// - 2k, k = floor(m theta / pi), and dpsi/dtheta.
template <class T>
struct Psi {
    T value, dtheta;

    Psi(const Target<T>& y, T m) {
        const T pi = std::numbers::pi_v<T>, theta = y.angle();
        const auto k = int64_t(m * theta / pi);
        const T sign = k % 2 == 0 ? T(1) : T(-1);
        value = sign * std::cos(m * theta) - T(2 * k);
        dtheta = -sign * m * std::sin(m * theta);
    }
};

// If `detach`: the value stays, the derivative by the cosine is taken as `slope`, the gradient of
// code that forms the margin outside of automatic differentiation.
template <class T>
TargetLogit<T> detached_if(bool detach, const Target<T>& y, const TargetLogit<T>& exact, T slope) {
    return detach ? TargetLogit<T>{exact.z, slope, -slope * y.sin} : exact;
}

// --- the form ---

template <class T>
struct SoftmaxRow : RowResult<T> {
    TargetLogit<T> target;
    // log sum_j e^{z_j}, the target included, is top + log_rest: kept apart, as logits may be so
    // large that an ulp of their sum is more than log_rest.
    T top = 0;
    T log_rest = 0;
    T missing = 0;  // 1 - p_y
    T outer = 1;    // dL_i/dl_i

    // L_i is a function of l_i with that value and derivative.
    void wrap(double value, T derivative) {
        this->value = value;
        outer = derivative;
        this->dcos *= derivative;
        this->dtheta *= derivative;
        this->dnorm *= derivative;
    }
};

template <class T, class Derived>
struct SoftmaxForm {
    using Scalar = T;
    using Row = SoftmaxRow<T>;
    using Acc = LogSumExp<T>;
    static constexpr bool normalised = true;
    static constexpr int passes = 1;

    auto begin(const Target<T>& y) const {
        typename Derived::Row row;
        row.target = self().target(y);
        return row;
    }
    TargetLogit<T> target(const Target<T>& y) const { return additive_cosine(y, self().s, T(0)); }
    FACET_HD T logit(const auto&, T c, int64_t) const { return self().s * c; }
    FACET_HD T slope(const auto&, T, int64_t) const { return self().s; }
    void complete(auto&) const {}

    void gather(int, const auto& row, Acc& acc, const Chunk<T>& chunk) const {
        alignas(64) T z[kBlock];
        chunk.for_blocks([&](const Chunk<T>& block) {
            other_logits(row, block, z);
            acc.add_block(z, block.n);
        });
    }

    FACET_HD void take(int, const auto& row, Acc& acc, T c, int64_t j) const {
        acc.add_quickly(self().logit(row, c, j));
    }

    void close(int, auto& row, const Acc& others) const {
        const double above = double(others.max) - double(row.target.z);
        const double d = above + std::log(others.sum);
        row.missing = T(sigmoid(d));
        row.value = softplus(d);
        row.top = above > 0 ? others.max : row.target.z;
        row.log_rest = T(above > 0 ? std::log(others.sum) + softplus(-d) : row.value);
        row.dcos = -row.missing * row.target.dcos;
        row.dtheta = -row.missing * row.target.dtheta;
        self().complete(row);
    }

    void differentiate(const auto& row, const Chunk<T>& chunk, T* g) const {
        alignas(64) T z[kBlock];
        chunk.for_blocks([&](const Chunk<T>& block) {
            other_logits(row, block, z);
#pragma omp simd
            for (int64_t j = 0; j < block.n; ++j) {
                z[j] = push(row, z[j], block.c[j], block.first + j);
            }
            std::copy(z, z + block.n, g + (block.c - chunk.c));
        });
    }

    FACET_HD T derivative(const auto& row, T c, int64_t j) const {
        return push(row, self().logit(row, c, j), c, j);
    }

    // z[0..n) of a block; -inf for the target. Every sweep stores its logits here and reads them
    // back: an expression like s c - top would be contracted, with another rounding than in the
    // sweep before.
    void other_logits(const auto& row, const Chunk<T>& block, T* z) const {
#pragma omp simd
        for (int64_t j = 0; j < block.n; ++j) {
            z[j] = self().logit(row, block.c[j], block.first + j);
        }
        if (block.holds_target()) z[block.y] = -std::numeric_limits<T>::infinity();
    }

private:
    // weight dL_i/dc_ij, given the logit z of c.
    FACET_HD T push(const auto& row, T z, T c, int64_t j) const {
        const T p = exp_branch_free(z - row.top - row.log_rest);
        return row.weight * row.outer * p * self().slope(row, c, j);
    }

    FACET_HD const Derived& self() const { return static_cast<const Derived&>(*this); }
};

}  // namespace facet
