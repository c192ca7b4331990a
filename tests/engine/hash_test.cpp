// Fingerprints of memory.
#include "engine/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace facet::test {
namespace {

std::string hash_of(const std::vector<uint8_t>& bytes) {
    // Memory of a vector of words: aligned as the hash demands.
    std::vector<uint64_t> words(bytes.size() / 8 + 1);
    std::memcpy(words.data(), bytes.data(), bytes.size());
    Hash hash;
    hash.add(words.data(), bytes.size());
    return hash.hex();
}

std::vector<uint8_t> ramp(size_t count) {
    std::vector<uint8_t> bytes(count);
    for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>(i * 37 + i / 256);
    return bytes;
}

TEST(Hash, EveryLengthHasDigitsOfItsOwn) {
    std::set<std::string> seen;
    for (size_t count = 1; count <= 70; ++count) {
        const std::string digits = hash_of(std::vector<uint8_t>(count, 0));
        EXPECT_EQ(digits.size(), 16u);
        EXPECT_TRUE(seen.insert(digits).second) << count;
    }
}

TEST(Hash, EveryBitCounts) {
    for (const size_t count : {size_t{5}, size_t{32}, size_t{77}, Hash::chunk + 3}) {
        const std::vector<uint8_t> bytes = ramp(count);
        const std::string digits = hash_of(bytes);
        for (size_t at = 0; at < count; at += count / 5) {
            for (int bit = 0; bit < 8; ++bit) {
                std::vector<uint8_t> other = bytes;
                other[at] ^= static_cast<uint8_t>(1 << bit);
                EXPECT_NE(hash_of(other), digits) << at << " " << bit;
            }
        }
    }
}

TEST(Hash, TheOrderOfItsPartsCounts) {
    const uint64_t one[] = {1, 2, 3}, other[] = {4, 5, 6};
    Hash first, second;
    first.add(one, sizeof(one));
    first.add(other, sizeof(other));
    second.add(other, sizeof(other));
    second.add(one, sizeof(one));
    EXPECT_NE(first.hex(), second.hex());
}

TEST(Hash, ChunksHashedElsewhereGiveTheSameDigits) {
    const size_t bytes = 2 * Hash::chunk + 40;
    std::vector<uint64_t> words(bytes / 8);
    for (size_t i = 0; i < words.size(); ++i) words[i] = i * 0x9e3779b97f4a7c15u;
    Hash whole, chunks;
    whole.add(words.data(), bytes);
    const auto* data = reinterpret_cast<const std::byte*>(words.data());
    const uint64_t hashes[] = {hash_chunk(data, Hash::chunk),
                               hash_chunk(data + Hash::chunk, Hash::chunk),
                               hash_chunk(data + 2 * Hash::chunk, 40)};
    chunks.add_chunks(hashes);
    EXPECT_EQ(chunks.hex(), whole.hex());
}

}  // namespace
}  // namespace facet::test
