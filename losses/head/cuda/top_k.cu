// The k largest of every row, best first.
//
// A block takes a row and goes over it k times: each time it looks for the best column among those
// that come after the one found last. Exact for any k, with no list to overflow; made for the small
// k of retrieval and hard negatives, where a row stays in the cache between the rounds.
#include "engine/cuda/reduce.cuh"
#include "losses/head/cuda/head_kernels.h"

namespace facet::cuda {
namespace {

struct Candidate {
    float value;
    int64_t column;
};

// What lies before and after every column of a row in the order of comes_before().
__device__ __forceinline__ Candidate front() { return {INFINITY, -1}; }
__device__ __forceinline__ Candidate nothing() { return {NAN, INT64_MAX}; }

// Larger values first, NaN after all numbers, ties to the lower column.
__device__ __forceinline__ bool comes_before(const Candidate& a, const Candidate& b) {
    const bool a_is_nan = a.value != a.value, b_is_nan = b.value != b.value;
    if (a_is_nan != b_is_nan) return b_is_nan;
    if (!a_is_nan && a.value != b.value) return a.value > b.value;
    return a.column < b.column;
}

__device__ __forceinline__ Candidate better(const Candidate& a, const Candidate& b) {
    return comes_before(b, a) ? b : a;
}

// Every thread of the block gets the best of all threads'. Can be called again at once.
__device__ __forceinline__ Candidate block_best(Candidate best) {
    __shared__ float values[kThreads / 32];
    __shared__ int64_t columns[kThreads / 32];
    for (int offset = 16; offset > 0; offset /= 2) {
        const Candidate other = {__shfl_xor_sync(kFullWarp, best.value, offset),
                                 __shfl_xor_sync(kFullWarp, best.column, offset)};
        best = better(best, other);
    }
    if (threadIdx.x % 32 == 0) {
        values[threadIdx.x / 32] = best.value;
        columns[threadIdx.x / 32] = best.column;
    }
    __syncthreads();
    for (int warp = 0; warp < kThreads / 32; ++warp)
        best = better(best, {values[warp], columns[warp]});
#ifndef BUG_TOP_K_NO_BARRIER_BEFORE_REUSE
    __syncthreads();  // the next round writes them
#endif
    return best;
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    top_k_kernel(const float* __restrict__ x, int64_t n, int64_t ld,
                 const int64_t* __restrict__ skip, int64_t k, float* __restrict__ values,
                 int64_t* __restrict__ columns) {
    const int64_t b = blockIdx.x, skipped = skip ? skip[b] : -1;
    const float* x_b = x + b * ld;
    Candidate last = front();
    for (int64_t place = 0; place < k; ++place) {
        Candidate best = nothing();
        if (last.column != nothing().column) {  // the same for all threads
            for (int64_t column = threadIdx.x; column < n; column += kThreads) {
                const Candidate here = {x_b[column], column};
                if (column != skipped && comes_before(last, here)) best = better(best, here);
            }
            best = block_best(best);
        }
        last = best;
        if (threadIdx.x > 0) continue;
        const bool found = best.column != nothing().column;
        values[b * k + place] = found ? best.value : -INFINITY;
        columns[b * k + place] = found ? best.column : -1;
    }
}

}  // namespace

cudaError_t top_k(const float* x, int64_t B, int64_t n, int64_t ld, const int64_t* skip, int64_t k,
                  float* values, int64_t* columns, cudaStream_t stream) {
    FACET_LAUNCH(top_k_kernel, static_cast<unsigned>(B), kThreads, 0, stream)
    (x, n, ld, skip, k, values, columns);
    return cudaGetLastError();
}

}  // namespace facet::cuda
