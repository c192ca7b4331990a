// bfloat16: the upper half of a float32. The storage of feature maps in mixed precision; arithmetic
// is done in float32. Has the layout of CUDA's __nv_bfloat16.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__CUDACC__)
#define FACET_CUDA_INLINE __host__ __device__ __forceinline__
#else
#define FACET_CUDA_INLINE inline
#endif

namespace facet::cuda {

struct alignas(2) bfloat16 {
    uint16_t bits;
};

FACET_CUDA_INLINE float to_float(bfloat16 value) {
    const uint32_t bits = static_cast<uint32_t>(value.bits) << 16;
    float wide;
    std::memcpy(&wide, &bits, sizeof wide);
    return wide;
}

// Rounds to nearest, ties to even; any NaN becomes 0x7fff, as the GPU's instruction has it.
FACET_CUDA_INLINE bfloat16 to_bfloat16(float value) {
#if defined(__CUDA_ARCH__)
    bfloat16 narrow;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(narrow.bits) : "f"(value));
    return narrow;
#else
    if (value != value) return {0x7fff};
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return {static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
#endif
}

FACET_CUDA_INLINE float to_float(float value) { return value; }
template <class T>
FACET_CUDA_INLINE T from_float(float value);
template <>
FACET_CUDA_INLINE float from_float<float>(float value) {
    return value;
}
template <>
FACET_CUDA_INLINE bfloat16 from_float<bfloat16>(float value) {
    return to_bfloat16(value);
}

}  // namespace facet::cuda
