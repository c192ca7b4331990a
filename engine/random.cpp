#include "engine/random.h"

#include <cmath>
#include <numbers>

namespace facet {
namespace {

struct Product {
    uint32_t high, low;
};

Product multiply(uint32_t a, uint32_t b) {
    const uint64_t product = static_cast<uint64_t>(a) * b;
    return {static_cast<uint32_t>(product >> 32), static_cast<uint32_t>(product)};
}

// Spreads a seed and a purpose over 64 key bits (the finaliser of splitmix64, a bijection).
uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

}  // namespace

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
    for (int round = 0; round < 10; ++round) {
        const Product even = multiply(0xD2511F53u, c[0]);
        const Product odd = multiply(0xCD9E8D57u, c[2]);
        c = {odd.high ^ c[1] ^ k[0], odd.low, even.high ^ c[3] ^ k[1], even.low};
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
    return c;
}

Random::Random(uint64_t seed, Purpose purpose, uint64_t step, uint64_t index) {
    const uint64_t key = mix(seed + 0x9e3779b97f4a7c15u * static_cast<uint32_t>(purpose));
    key_ = {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)};
    counter_ = {0, static_cast<uint32_t>(step), static_cast<uint32_t>(index),
                static_cast<uint32_t>(index >> 32) ^ static_cast<uint32_t>(mix(step >> 32))};
}

uint32_t Random::bits() {
    if (used_ == 4) {
        block_ = philox(counter_, key_);
        ++counter_[0];
        used_ = 0;
    }
    return block_[used_++];
}

double Random::uniform() {
    const uint64_t high = bits();
    const uint64_t low = bits();
    return static_cast<double>(((high << 32) | low) >> 11) * 0x1.0p-53;
}

double Random::uniform(double low, double high) { return low + (high - low) * uniform(); }

double Random::normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));  // 1 - u is never 0
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

uint64_t Random::below(uint64_t bound) {
    // Rejects the incomplete last interval of 2^64 so that every value is equally likely.
    const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    uint64_t value;
    do {
        const uint64_t high = bits(), low = bits();
        value = high << 32 | low;
    } while (value >= limit);
    return value % bound;
}

}  // namespace facet
