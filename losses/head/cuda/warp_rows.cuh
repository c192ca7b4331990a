// Kernels in which a warp takes a row.
#pragma once

#include "engine/cuda/reduce.cuh"

namespace facet::cuda {

constexpr int kWarps = kThreads / 32;  // a block

__device__ __forceinline__ int64_t row_of_warp() {
    return static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / 32;
}

inline unsigned warp_rows(int64_t rows) { return static_cast<unsigned>(ceil_div(rows, kWarps)); }

// use(d) for this lane's columns d = 0 .. D - 1, V neighbours at a time.
template <int V, class Use>
__device__ __forceinline__ void each_step(int64_t D, Use use) {
    for (int64_t d = threadIdx.x % 32 * V; d < D; d += 32 * V) use(d);
}

// Every lane gets the sum over d of term(k of V, d).
template <int V, class Term>
__device__ __forceinline__ double sum_over_row(int64_t D, Term term) {
    double sum = 0;
    each_step<V>(D, [&](int64_t d) { sum += term(d); });
    return warp_sum(sum);
}

}  // namespace facet::cuda
