// Neighbouring numbers that a thread reads and writes together, 16 bytes an instruction, and loops
// over flat arrays in such steps.
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/cuda/bfloat16.h"
#include "engine/cuda/kernel.cuh"

namespace facet::cuda {

// V numbers in registers, always float32.
template <int V>
struct Lanes {
    float v[V];

    __device__ __forceinline__ float& operator[](int i) { return v[i]; }
    __device__ __forceinline__ const float& operator[](int i) const { return v[i]; }
};

template <int V>
__device__ __forceinline__ Lanes<V> all_lanes(float value) {
    Lanes<V> lanes;
    for (int i = 0; i < V; ++i) lanes[i] = value;
    return lanes;
}

// Numbers of type T in 16 bytes.
template <class T>
constexpr int kPack = 16 / static_cast<int>(sizeof(T));

template <class T>
struct alignas(16) Pack {
    T v[kPack<T>];
};

// p[0 .. V - 1] as floats. V is 1, or p is 16-byte aligned and V a multiple of kPack<T>.
template <int V, class T>
__device__ __forceinline__ Lanes<V> load(const T* p) {
    Lanes<V> lanes;
    if constexpr (V == 1) {
        lanes[0] = to_float(*p);
    } else {
        static_assert(V % kPack<T> == 0);
        FACET_ALIGNED(p, 16);
        for (int i = 0; i < V; i += kPack<T>) {
            const Pack<T> pack = *reinterpret_cast<const Pack<T>*>(p + i);
            for (int j = 0; j < kPack<T>; ++j) lanes[i + j] = to_float(pack.v[j]);
        }
    }
    return lanes;
}

template <int V, class T>
__device__ __forceinline__ void store(T* p, const Lanes<V>& lanes) {
    if constexpr (V == 1) {
        *p = from_float<T>(lanes[0]);
    } else {
        static_assert(V % kPack<T> == 0);
        FACET_ALIGNED(p, 16);
        for (int i = 0; i < V; i += kPack<T>) {
            Pack<T> pack;
            for (int j = 0; j < kPack<T>; ++j) pack.v[j] = from_float<T>(lanes[i + j]);
            *reinterpret_cast<Pack<T>*>(p + i) = pack;
        }
    }
}

// Writes a gradient, or adds it to what is there.
template <int V, class T>
__device__ __forceinline__ void store_gradient(T* p, Lanes<V> lanes, bool accumulate) {
    if (accumulate) {
        const Lanes<V> before = load<V>(p);
        for (int i = 0; i < V; ++i) lanes[i] += before[i];
    }
    store<V>(p, lanes);
}

__device__ __forceinline__ void store_gradient(float* p, double value, bool accumulate) {
    *p = static_cast<float>(accumulate ? *p + value : value);
}

inline bool aligned(const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; }
template <class... Pointers>
bool all_aligned(Pointers... pointers) {
    return (aligned(pointers) && ...);
}

// Calls use(std::integral_constant<int, n>()) with the numbers that a thread takes together: V
// where everything `fits`, else 1.
template <int V, class Use>
void with_width(bool fits, Use use) {
    if (fits) {
        use(std::integral_constant<int, V>());
    } else {
        use(std::integral_constant<int, 1>());
    }
}

constexpr int kThreads = 256;  // a block
// Blocks a multiprocessor must be able to hold: a thread may take 128 registers. Without this the
// compiler aims at more blocks and spills.
constexpr int kBlocks = 2;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// --- loops over flat arrays ---

// Blocks for `count` elements, V a step; the rest is done by the loop. A function of the shape
// alone, so that sums have the same order on every GPU.
inline unsigned flat_blocks(int64_t count, int V) {
    const int64_t blocks = ceil_div(ceil_div(count, V), kThreads);
    return static_cast<unsigned>(blocks < 4096 ? blocks : 4096);
}

// Calls use<n>(i) for elements i .. i + n - 1 of [0, count), each element once; n is V, and 1 for
// the last count % V elements.
template <int V, class Use>
__device__ __forceinline__ void for_each_step(int64_t count, Use use) {
    const int64_t thread = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    const int64_t threads = static_cast<int64_t>(gridDim.x) * blockDim.x;
    const int64_t steps = count / V;
    for (int64_t i = thread; i < steps; i += threads) use.template operator()<V>(i * V);
#ifndef BUG_NO_TAIL
    if constexpr (V > 1) {
        for (int64_t i = steps * V + thread; i < count; i += threads) use.template operator()<1>(i);
    }
#endif
}

}  // namespace facet::cuda
