// Reductions over a block of values in an order that is fixed by the text, not by the width of the
// machine's vectors or the number of threads: kLanes partial results, value i to lane i % kLanes,
// then a tree over the lanes.
#pragma once

#include <cstdint>

namespace facet {

inline constexpr std::int64_t kLanes = 16;
inline constexpr std::int64_t kBlock = 512;  // values a block, a multiple of kLanes

// The smallest multiple of kLanes that holds n values.
constexpr std::int64_t padded(std::int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

// Folds f(0), ..., f(n - 1) with `combine`, n a multiple of kLanes.
template <class T, class Function, class Combine>
inline T reduce_lanes(std::int64_t n, T identity, Function f, Combine combine) {
    T lane[kLanes];
    for (int l = 0; l < kLanes; ++l) lane[l] = identity;
    for (std::int64_t i = 0; i < n; i += kLanes) {
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
inline T sum_lanes(std::int64_t n, Function f) {
    return reduce_lanes(n, T(0), f, [](T a, T b) { return a + b; });
}

// The same for any n.
template <class T, class Function>
inline T sum_lanes_tail(std::int64_t n, Function f) {
    const std::int64_t whole = n / kLanes * kLanes;
    T sum = sum_lanes<T>(whole, f);
    for (std::int64_t i = whole; i < n; ++i) sum += f(i);
    return sum;
}

}  // namespace facet
