// Philox4x32-10, as engine/random.h has it, for kernels.
#pragma once

#include <cstdint>

#include "engine/cuda/kernel.cuh"

namespace facet::cuda {

// The key of the streams (seed, purpose, ...), and the part of the counter that a step makes: what
// engine/random.cpp computes when a stream is created.
struct PhiloxStreams {
    uint32_t key[2];
    uint32_t step;       // its lower half
    uint32_t step_high;  // its upper half, mixed
};

__host__ __device__ inline uint64_t philox_mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

__host__ __device__ inline PhiloxStreams philox_streams(uint64_t seed, uint32_t purpose,
                                                        uint64_t step) {
    const uint64_t key = philox_mix(seed + 0x9e3779b97f4a7c15u * purpose);
    return {{static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)},
            static_cast<uint32_t>(step),
            static_cast<uint32_t>(philox_mix(step >> 32))};
}

// Words 4 block .. 4 block + 3 of stream `index`.
__device__ __forceinline__ uint4 philox_words(const PhiloxStreams& streams, uint64_t index,
                                              uint32_t block) {
    uint4 c;
    c.x = block;
    c.y = streams.step;
    c.z = static_cast<uint32_t>(index);
    c.w = static_cast<uint32_t>(index >> 32) ^ streams.step_high;
    uint32_t k0 = streams.key[0], k1 = streams.key[1];
    for (int round = 0; round < 10; ++round) {
        const uint32_t even_high = __umulhi(0xD2511F53u, c.x), even_low = 0xD2511F53u * c.x;
        const uint32_t odd_high = __umulhi(0xCD9E8D57u, c.z), odd_low = 0xCD9E8D57u * c.z;
        c.x = odd_high ^ c.y ^ k0;
        c.y = odd_low;
        c.z = even_high ^ c.w ^ k1;
        c.w = even_low;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

}  // namespace facet::cuda
