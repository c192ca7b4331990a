// A fast 64-bit fingerprint of memory: the same bytes in the same order give the same digits on
// every machine and device and for every number of threads. For telling runs apart, not against
// adversaries.
//
// Chunks are hashed by themselves, then their hashes in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "engine/hd.h"

namespace facet {

class Hash {
public:
    static constexpr size_t chunk = 64 * 1024;  // bytes, the last may be shorter

    void add(const void* data, size_t bytes);  // aligned to 8 bytes
    // The same for data whose chunks hash_chunk() has hashed elsewhere.
    void add_chunks(std::span<const uint64_t> hashes);
    std::string hex() const;  // 16 digits

private:
    uint64_t state_ = 0xcbf29ce484222325u;
};

FACET_HD inline uint64_t hash_mix(uint64_t state, uint64_t word) {
    state = (state ^ word) * 0x9e3779b97f4a7c15u;
    return state ^ (state >> 29);
}

// The word of up to eight bytes, the first the lowest; missing ones are zeros.
FACET_HD inline uint64_t hash_word(const std::byte* data, size_t bytes) {
    uint64_t word = 0;
    for (size_t i = 0; i < 8; ++i) {
        if (i < bytes) word |= static_cast<uint64_t>(data[i]) << (8 * i);
    }
    return word;
}

// Four independent lanes, so that the multiplications overlap; a short tail is padded with zeros.
// `data` is aligned to 8 bytes.
FACET_HD inline uint64_t hash_chunk(const std::byte* data, size_t bytes) {
    uint64_t lanes[4] = {1, 2, 3, bytes};
    const size_t whole = bytes / 32 * 32;
    for (size_t at = 0; at < whole; at += 32) {
        uint64_t words[4];
        std::memcpy(words, __builtin_assume_aligned(data + at, 8), sizeof words);
        for (int lane = 0; lane < 4; ++lane) lanes[lane] = hash_mix(lanes[lane], words[lane]);
    }
    if (whole < bytes) {
        for (size_t lane = 0; lane < 4; ++lane) {
            const size_t at = whole + 8 * lane;
            const uint64_t word = at < bytes ? hash_word(data + at, bytes - at) : 0;
            lanes[lane] = hash_mix(lanes[lane], word);
        }
    }
    return hash_mix(hash_mix(lanes[0], lanes[1]), hash_mix(lanes[2], lanes[3]));
}

}  // namespace facet
