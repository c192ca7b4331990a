// Kernels in which a warp takes a row, and the merge of the threads' accumulators, in an order that
// depends on nothing: a tree over the lanes of each warp, then one over the warps.
#pragma once

#include <bit>
#include <type_traits>

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

// A trivially copyable object as the words in which it travels between threads.
template <class T>
struct Words {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(unsigned) == 0);
    static constexpr int kCount = sizeof(T) / sizeof(unsigned);
    unsigned word[kCount];
};

// Lane 0 gets the merge of the first `lanes` lanes, a power of two. All lanes of the warp call it.
template <class Acc>
__device__ __forceinline__ Acc warp_merge(Acc acc, int lanes) {
    for (int offset = lanes / 2; offset > 0; offset /= 2) {
        auto other = std::bit_cast<Words<Acc>>(acc);
        for (unsigned& word : other.word) word = __shfl_down_sync(kFullWarp, word, offset);
        acc.merge(std::bit_cast<Acc>(other));
    }
    return acc;
}

// Thread 0 of a block of kThreads gets the merge of all threads'.
template <class Acc>
__device__ __forceinline__ Acc block_merge(Acc acc) {
    __shared__ Words<Acc> parts[kWarps];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    acc = warp_merge(acc, 32);
    if (lane == 0) parts[warp] = std::bit_cast<Words<Acc>>(acc);
#ifndef BUG_BLOCK_MERGE_NO_BARRIER
    __syncthreads();
#endif
    if (warp > 0) return acc;
    return warp_merge(lane < kWarps ? std::bit_cast<Acc>(parts[lane]) : Acc(), kWarps);
}

}  // namespace facet::cuda
