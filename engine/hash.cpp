#include "engine/hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "engine/parallel.h"

namespace facet {

void Hash::add(const void* data, size_t bytes) {
    const auto* from = static_cast<const std::byte*>(data);
    const auto chunks = static_cast<int64_t>((bytes + chunk - 1) / chunk);
    std::vector<uint64_t> hashes(chunks);
    parallel_for(chunks, static_cast<int64_t>(bytes), [&](int64_t i) {
        hashes[i] = hash_chunk(from + i * chunk, std::min(chunk, bytes - i * chunk));
    });
    add_chunks(hashes);
}

void Hash::add_chunks(std::span<const uint64_t> hashes) {
    for (const uint64_t hash : hashes) state_ = hash_mix(state_, hash);
}

std::string Hash::hex() const { return fmt::format("{:016x}", state_); }

}  // namespace facet
