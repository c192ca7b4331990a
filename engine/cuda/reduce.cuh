// Sums over warps and blocks by shuffles, in an order that depends on nothing but the sizes: the
// same numbers give the same bits on every run.
#pragma once

#include "engine/cuda/lanes.cuh"

namespace facet::cuda {

constexpr unsigned kFullWarp = 0xffffffffu;

// Every lane gets the sum of all 32.
template <class T>
__device__ __forceinline__ T warp_sum(T value) {
#ifdef BUG_WARP_MASK
    constexpr unsigned mask = 0x0000ffffu;
#else
    constexpr unsigned mask = kFullWarp;
#endif
    for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(mask, value, offset);
    return value;
}

// Every thread of a block of kThreads gets the sum over the block. Can be called again at once.
template <class T>
__device__ __forceinline__ T block_sum(T value) {
    __shared__ T parts[kThreads / 32];
    value = warp_sum(value);
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = value;
#ifndef BUG_BLOCK_SUM_NO_BARRIER
    __syncthreads();
#endif
    T sum = 0;
    for (int warp = 0; warp < kThreads / 32; ++warp) sum += parts[warp];
    __syncthreads();  // the next call writes `parts`
    return sum;
}

}  // namespace facet::cuda
