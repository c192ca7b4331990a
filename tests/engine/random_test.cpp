#include "engine/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "engine/dropout.h"

namespace facet {
namespace {

using Words = std::array<uint32_t, 4>;

// Known answers distributed with Random123 (tests/kat_vectors, philox4x32 10 rounds).
TEST(Random, PhiloxGivesTheKnownAnswers) {
    EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
              (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    constexpr uint32_t ones = 0xffffffff;
    EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
              (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, AStreamIsRepeatedByItsName) {
    Random a(7, Purpose::Test, 3, 5), b(7, Purpose::Test, 3, 5);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(a.bits(), b.bits());
}

TEST(Random, CountsTheWordsThatItHasDrawn) {
    Random random(7, Purpose::Test, 3, 5);
    EXPECT_EQ(random.drawn(), 0u);
    for (uint32_t words = 1; words <= 9; ++words) {
        random.bits();
        EXPECT_EQ(random.drawn(), words);
    }
    random.uniform();
    EXPECT_EQ(random.drawn(), 11u);
}

// Neighbouring names in each of the four parts, high words included, share no 64-bit beginning.
TEST(Random, StreamsOfDifferentNamesDiffer) {
    constexpr uint64_t high = uint64_t{1} << 32;
    std::set<uint64_t> beginnings;
    int streams = 0;
    for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, high, high + 1})
        for (const Purpose purpose : {Purpose::InitWeights, Purpose::Dropout, Purpose::Test})
            for (const uint64_t step : {uint64_t{0}, uint64_t{1}, high, 2 * high})
                for (const uint64_t index : {uint64_t{0}, uint64_t{1}, high, 2 * high}) {
                    Random random(seed, purpose, step, index);
                    const uint64_t first = random.bits();
                    beginnings.insert(first << 32 | random.bits());
                    ++streams;
                }
    EXPECT_EQ(static_cast<int>(beginnings.size()), streams);
}

// The correlation of n independent pairs has standard deviation 1 / sqrt(n); five of them.
TEST(Random, NeighbouringStreamsAreUncorrelated) {
    constexpr int n = 20000;
    Random base(1, Purpose::Test, 0, 0);
    Random others[] = {Random(2, Purpose::Test, 0, 0), Random(1, Purpose::Dropout, 0, 0),
                       Random(1, Purpose::Test, 1, 0), Random(1, Purpose::Test, 0, 1)};
    double sums[4] = {};
    for (int i = 0; i < n; ++i) {
        const double x = base.normal();
        for (int k = 0; k < 4; ++k) sums[k] += x * others[k].normal();
    }
    for (const double sum : sums) EXPECT_LT(std::abs(sum / n), 5 / std::sqrt(n));
}

// Moments of n draws against their expectations, five standard errors wide.
TEST(Random, UniformHasTheMomentsOfTheUniformDistribution) {
    constexpr int n = 100000;
    Random random(11, Purpose::Test);
    double sum = 0, squares = 0;
    for (int i = 0; i < n; ++i) {
        const double u = random.uniform();
        ASSERT_GE(u, 0);
        ASSERT_LT(u, 1);
        sum += u;
        squares += u * u;
    }
    EXPECT_NEAR(sum / n, 0.5, 5 * std::sqrt(1.0 / 12 / n));
    EXPECT_NEAR(squares / n, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / n));  // var u^2 = 1/5 - 1/9
}

TEST(Random, UniformBetweenBoundsStaysThereAndFillsThem) {
    Random random(12, Purpose::Test);
    double lowest = 10, highest = -10;
    for (int i = 0; i < 10000; ++i) {
        const double u = random.uniform(-3, 2);
        lowest = std::min(lowest, u);
        highest = std::max(highest, u);
    }
    EXPECT_GE(lowest, -3);
    EXPECT_LT(highest, 2);
    EXPECT_LT(lowest, -2.99);
    EXPECT_GT(highest, 1.99);
}

TEST(Random, NormalHasTheMomentsOfTheNormalDistribution) {
    constexpr int n = 100000;
    Random random(13, Purpose::Test);
    double moments[5] = {};
    for (int i = 0; i < n; ++i) {
        const double x = random.normal();
        ASSERT_TRUE(std::isfinite(x));
        for (int k = 1; k <= 4; ++k) moments[k] += std::pow(x, k) / n;
    }
    EXPECT_NEAR(moments[1], 0, 5 * std::sqrt(1.0 / n));
    EXPECT_NEAR(moments[2], 1, 5 * std::sqrt(2.0 / n));
    EXPECT_NEAR(moments[3], 0, 5 * std::sqrt(15.0 / n));
    EXPECT_NEAR(moments[4], 3, 5 * std::sqrt(96.0 / n));  // var x^4 = 105 - 9
}

TEST(Random, BelowIsUniformOverItsRange) {
    constexpr int n = 70000, bound = 7;
    Random random(14, Purpose::Test);
    int counts[bound] = {};
    for (int i = 0; i < n; ++i) {
        const uint64_t value = random.below(bound);
        ASSERT_LT(value, static_cast<uint64_t>(bound));
        ++counts[value];
    }
    // Chi-square with 6 degrees of freedom exceeds 27.9 with probability 1e-4.
    double chi_square = 0;
    const double expected = static_cast<double>(n) / bound;
    for (const int found : counts) chi_square += (found - expected) * (found - expected) / expected;
    EXPECT_LT(chi_square, 27.9);
}

// value % bound alone would give values below 2^62 twice as often as the others here.
TEST(Random, BelowAHugeBoundIsUnbiased) {
    constexpr int n = 20000;
    constexpr uint64_t bound = uint64_t{3} << 62;
    Random random(15, Purpose::Test);
    int low = 0;
    for (int i = 0; i < n; ++i) low += random.below(bound) < (uint64_t{1} << 62);
    EXPECT_NEAR(low / static_cast<double>(n), 1.0 / 3, 5 * std::sqrt(2.0 / 9 / n));
}

TEST(Random, BelowOneIsZero) {
    Random random(16, Purpose::Test);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, ShuffleReachesEveryPermutationEquallyOften) {
    constexpr int n = 24000;
    Random random(17, Purpose::Test);
    std::map<std::vector<int>, int> counts;
    for (int i = 0; i < n; ++i) {
        std::vector<int> order = {0, 1, 2, 3};
        random.shuffle(std::span(order));
        ++counts[order];
    }
    ASSERT_EQ(counts.size(), 24u);
    // Chi-square with 23 degrees of freedom exceeds 56.0 with probability 1.4e-4.
    double chi_square = 0;
    for (const auto& [order, found] : counts) chi_square += std::pow(found - 1000.0, 2) / 1000;
    EXPECT_LT(chi_square, 56.0);
}

TEST(Random, ChanceHasItsProbability) {
    constexpr int n = 40000;
    Random random(18, Purpose::Test);
    int hits = 0;
    for (int i = 0; i < n; ++i) hits += random.chance(0.3);
    EXPECT_NEAR(hits / static_cast<double>(n), 0.3, 5 * std::sqrt(0.21 / n));
}

// A thread that begins at a multiple of 1024 sees the same draws as one that begins at 0.
TEST(Dropout, DrawsDoNotDependOnWhereARangeBegins) {
    constexpr int64_t n = 3000;
    std::vector<int> whole(n, -1), parts(n, -2);
    draw_dropout(5, 9, 0.4, 0, n, [&](int64_t e, bool keep) { whole[e] = keep; });
    draw_dropout(5, 9, 0.4, 2048, n, [&](int64_t e, bool keep) { parts[e] = keep; });
    draw_dropout(5, 9, 0.4, 0, 2048, [&](int64_t e, bool keep) { parts[e] = keep; });
    EXPECT_EQ(whole, parts);
    EXPECT_NEAR(std::accumulate(whole.begin(), whole.end(), 0.0) / n, 0.6, 0.05);
}

TEST(Dropout, NothingIsDroppedAtProbabilityZero) {
    draw_dropout(5, 9, 0, 0, 5000, [](int64_t, bool keep) { EXPECT_TRUE(keep); });
}

}  // namespace
}  // namespace facet
