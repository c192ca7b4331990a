// The arithmetic of loops over a row of cosines: sums in a fixed order; the exponential, softplus
// and sigmoid without branches or calls, so that the loops vectorise without -ffast-math; log sum
// exp.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <type_traits>

#include "engine/hd.h"

namespace facet {

// --- reductions ---
// Their order is fixed by the text, not by the width of the machine's vectors or the number of
// threads: kLanes partial results, value i to lane i % kLanes, then a tree over the lanes.

inline constexpr int64_t kLanes = 16;

// The smallest multiple of kLanes that holds n values.
constexpr int64_t padded(int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

// Folds f(0), ..., f(n - 1) with `combine`, n a multiple of kLanes.
template <class T, class Function, class Combine>
inline T reduce_lanes(int64_t n, T identity, Function f, Combine combine) {
    T lane[kLanes];
    for (int l = 0; l < kLanes; ++l) lane[l] = identity;
    for (int64_t i = 0; i < n; i += kLanes) {
#pragma omp simd
        for (int l = 0; l < kLanes; ++l) lane[l] = combine(lane[l], f(i + l));
    }
    for (int half = kLanes / 2; half > 0; half /= 2) {
        for (int l = 0; l < half; ++l) lane[l] = combine(lane[l], lane[l + half]);
    }
    return lane[0];
}

// f(0) + ... + f(n - 1), n a multiple of kLanes.
template <class T, class Function>
inline T sum_lanes(int64_t n, Function f) {
    return reduce_lanes(n, T(0), f, [](T a, T b) { return a + b; });
}

// The same for any n.
template <class T, class Function>
inline T sum_lanes_tail(int64_t n, Function f) {
    const int64_t whole = n / kLanes * kLanes;
    T sum = sum_lanes<T>(whole, f);
    for (int64_t i = whole; i < n; ++i) sum += f(i);
    return sum;
}

// --- the exponential, softplus, sigmoid ---

// 1 / k!
template <class T>
inline constexpr std::array<T, 14> kTaylor = [] {
    std::array<T, 14> coefficients{1};
    double factorial = 1;
    for (int k = 1; k < 14; ++k) coefficients[k] = T(1) / T(factorial *= k);
    return coefficients;
}();

// e^x = 2^n e^r,   n = round(x / ln 2),   r = x - n ln 2 in [-ln2/2, ln2/2]
//
// ln 2 is split into a high part with trailing zeros and a low part (Cody and Waite), so that r is
// exact to rounding; e^r is its Taylor polynomial, of degree 7 for float (remainder 5e-9) and 13
// for double (remainder 4e-18). Adding 1.5 * 2^(mantissa bits) rounds to the nearest integer and
// leaves n in the low bits of the sum. Error below 2 ulp.
//
// Results below the smallest normal number are 0; x above 88 (double: 709) gives infinity, -inf
// gives 0, NaN stays NaN.
template <class T>
FACET_HD inline T exp_branch_free(T x) {
#ifdef __CUDA_ARCH__
    return std::exp(x);
#else
    using Limits = std::numeric_limits<T>;
    using Bits = std::conditional_t<sizeof(T) == sizeof(float), int32_t, int64_t>;
    constexpr bool single = sizeof(T) == sizeof(float);
    constexpr T lowest = single ? -87 : -708, highest = single ? 88 : 709;
    constexpr T ln2_high = T(single ? 0.693359375 : 6.93147180369123816490e-01);
    constexpr T ln2_low = T(single ? -2.12194440e-4 : 1.90821492927058770002e-10);
    constexpr int mantissa = Limits::digits - 1, degree = single ? 7 : 13;
    constexpr T magic = T(3) * T(Bits(1) << (mantissa - 1));
    const T t = x < lowest ? lowest : (x > highest ? highest : x);
    const T shifted = t * T(1.4426950408889634) + magic;
    const T n = shifted - magic;
    const T r = (t - n * ln2_high) - n * ln2_low;
    T p = kTaylor<T>[degree];
    for (int k = degree - 1; k > 1; --k) p = p * r + kTaylor<T>[k];
    p = (p * r) * r + r + 1;
    const Bits bits = std::bit_cast<Bits>(shifted) - std::bit_cast<Bits>(magic);
    const T y = p * std::bit_cast<T>((bits + Limits::max_exponent - 1) << mantissa);
    const T high = x > highest ? Limits::infinity() : y;
    return x < lowest ? T(0) : high;
#endif
}

// softplus(x) = log(1 + e^x) and its derivative sigmoid(x) = 1 / (1 + e^-x), with all digits on
// both sides.
FACET_HD inline double softplus(double x) {
    return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

FACET_HD inline double sigmoid(double x) {
    return x > 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

// The same without branches. With e = exp(-|x|) in (0, 1]:
//   log(1 + e^x) = max(x, 0) + log1p(e),   log1p(e) = 2 atanh(t) = 2 (t + t^3/3 + t^5/5 + ...),
//   t = e / (2 + e) <= 1/3.
// The series stops where a term is below half an ulp of t: after t^13 for float, t^31 for double.
template <class T>
FACET_HD inline T softplus_branch_free(T x) {
    constexpr int last = sizeof(T) == sizeof(float) ? 13 : 31;
    const T e = exp_branch_free(x > 0 ? -x : x);
    const T t = e / (2 + e), square = t * t;
    T sum = T(1) / last;
    for (int power = last - 2; power > 0; power -= 2) sum = sum * square + T(1) / power;
    return (x > 0 ? x : T(0)) + 2 * t * sum;
}

template <class T>
FACET_HD inline T sigmoid_branch_free(T x) {
    const T e = exp_branch_free(x > 0 ? -x : x);
    return (x > 0 ? T(1) : e) / (1 + e);
}

// cos and sin of an angle between 0 and pi. CUDA's own cos keeps a stack to reduce huge angles,
// which slows every call down; its cos(pi x) does not.
template <class T>
FACET_HD inline T bounded_cos(T angle) {
#ifdef __CUDA_ARCH__
    return cospi(angle / std::numbers::pi_v<T>);
#else
    return std::cos(angle);
#endif
}
template <class T>
FACET_HD inline T bounded_sin(T angle) {
#ifdef __CUDA_ARCH__
    return sinpi(angle / std::numbers::pi_v<T>);
#else
    return std::sin(angle);
#endif
}

// --- sums of exponentials ---

// log sum_j exp(z_j), with the running maximum as the shift: a fixed shift would underflow on a
// row whose logits are all far below it. Sums of blocks are merged in double.
template <class T>
struct LogSumExp {
    T max = -std::numeric_limits<T>::infinity();
    double sum = 0;  // sum_j exp(z_j - max)

    FACET_HD void merge(const LogSumExp& other) {
        if (other.sum == 0) return;
        const T top = max > other.max ? max : other.max;
        const double mine = sum == 0 ? 0 : sum * std::exp(double(max) - double(top));
        sum = mine + other.sum * std::exp(double(other.max) - double(top));
        max = top;
    }

    FACET_HD void add(T z) { merge({z, 1.0}); }

    // The same with one exponential, in T: for loops over single logits.
    FACET_HD void add_quickly(T z) {
        if (z == -std::numeric_limits<T>::infinity()) return;
        const double e = exp_branch_free(z > max ? max - z : z - max);
        sum = z > max ? sum * e + 1 : sum + e;
        max = z > max ? z : max;
    }

    // Adds z[0..n); z has room for padded(n) values and its padding is overwritten.
    void add_block(T* z, int64_t n) {
        const T lowest = -std::numeric_limits<T>::infinity();
        for (int64_t i = n; i < padded(n); ++i) z[i] = lowest;
        const auto larger = [](T a, T b) { return a > b ? a : b; };
        const T top = reduce_lanes(
            padded(n), lowest, [&](int64_t i) { return z[i]; }, larger);
        if (top == lowest) return;
        const auto term = [&](int64_t i) { return exp_branch_free(z[i] - top); };
        merge({top, double(sum_lanes<T>(padded(n), term))});
    }

    // log sum exp; -inf of nothing.
    FACET_HD double log() const { return double(max) + std::log(sum); }
};

}  // namespace facet
