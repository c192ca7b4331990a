#include "train/hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace facet {
namespace {

constexpr size_t chunk = 64 * 1024;  // bytes hashed by one thread at a time

uint64_t mix(uint64_t state, uint64_t word) {
    state = (state ^ word) * 0x9e3779b97f4a7c15u;
    return state ^ (state >> 29);
}

// Four independent lanes, so that the multiplications overlap; a short tail is padded with zeros.
uint64_t hash_chunk(const std::byte* data, size_t bytes) {
    uint64_t lanes[4] = {1, 2, 3, bytes};
    for (size_t at = 0; at < bytes; at += sizeof(lanes)) {
        uint64_t words[4] = {};
        std::memcpy(words, data + at, std::min(sizeof(words), bytes - at));
        for (int lane = 0; lane < 4; ++lane) lanes[lane] = mix(lanes[lane], words[lane]);
    }
    return mix(mix(lanes[0], lanes[1]), mix(lanes[2], lanes[3]));
}

}  // namespace

void Hash::add(const void* data, size_t bytes) {
    const auto* from = static_cast<const std::byte*>(data);
    const auto chunks = static_cast<int64_t>((bytes + chunk - 1) / chunk);
    std::vector<uint64_t> hashes(chunks);
#pragma omp parallel for schedule(static) if (chunks > 8)
    for (int64_t i = 0; i < chunks; ++i) {
        hashes[i] = hash_chunk(from + i * chunk, std::min(chunk, bytes - i * chunk));
    }
    for (const uint64_t hash : hashes) state_ = mix(state_, hash);
}

std::string Hash::hex() const { return fmt::format("{:016x}", state_); }

}  // namespace facet
