// The bootstrap of `facet compare` on cases whose distributions are worked out by hand.
//
// A resample draws as many people as there are, so with few people its figures take few values,
// whose probabilities follow from counting draws. In every case here the 2.5 % of each tail end
// well inside of one value: the interval is that value, whatever the random numbers.
#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <numeric>

#include "engine/random.h"
#include "tools/lab/compare/bootstrap.h"
#include "tools/lab/compare/intervals.h"

namespace facet::compare {
namespace {

constexpr int kResamples = 4000;

// Two pictures of each person, 2p and 2p + 1: one same pair a person, then one different pair of
// every two people, (0, 1), (0, 2), ..., (1, 2), ... All runs judge all pairs rightly.
Judged all_right(int people, size_t losses, size_t seeds = 1) {
    Judged judged;
    for (int p = 0; p < people; ++p) {
        judged.people.insert(judged.people.end(), {p, p});
        judged.pairs.push_back({2 * p, 2 * p + 1, true, 0});
    }
    for (int p = 0; p < people; ++p) {
        for (int q = p + 1; q < people; ++q) judged.pairs.push_back({2 * p, 2 * q + 1, false, 0});
    }
    std::vector<double> similarity;
    for (const Pair& pair : judged.pairs) similarity.push_back(pair.same ? 0.5 : -0.5);
    const std::vector<char> correct(judged.pairs.size(), 1);
    judged.similarity.assign(losses, std::vector(seeds, similarity));
    judged.correct.assign(losses, std::vector(seeds, correct));
    return judged;
}

void judge_wrongly(std::vector<char>& correct, const Judged& judged, bool same) {
    for (size_t i = 0; i < judged.pairs.size(); ++i) {
        if (judged.pairs[i].same == same) correct[i] = 0;
    }
}

// Alternating same and different pairs of neighbours: as many of both.
Judged neighbours(int people) {
    Judged judged;
    for (int p = 0; p < people; ++p) {
        judged.people.insert(judged.people.end(), {p, p});
        judged.pairs.push_back({2 * p, 2 * p + 1, true, 0});
        judged.pairs.push_back({2 * p, 2 * ((p + 1) % people), false, 0});
    }
    return judged;
}

TEST(CompareBootstrap, MeritsOnThePairsAsTheyAre) {
    Judged judged = neighbours(4);  // pairs alternate: same, different
    judged.correct = {{{1, 1, 1, 0, 0, 1, 1, 1}}};
    judged.similarity = {{{0.9, 0.1, 0.8, 0.85, 0.2, 0.0, 0.7, -0.1}}};
    EXPECT_DOUBLE_EQ(merits(judged, Merit::Accuracy)[0][0], (3.0 / 4 + 3.0 / 4) / 2);
    // No different pair may pass at a rate of 1/100 of four: same pairs above 0.85.
    EXPECT_DOUBLE_EQ(merits(judged, Merit::Tar)[0][0], 1.0 / 4);
    judged.far = 0.25;  // one may: same pairs above 0.1
    EXPECT_DOUBLE_EQ(merits(judged, Merit::Tar)[0][0], 1);
}

// 2 same and 8 different pairs: each kind is counted by itself.
TEST(CompareBootstrap, RatesAreOfTheirOwnKindOfPairs) {
    Judged judged;
    judged.people = {0, 0, 1, 1};
    judged.pairs = {{0, 1, true, 0}, {2, 3, true, 0}};
    for (int k = 0; k < 8; ++k) judged.pairs.push_back({k % 2, 2 + k / 2 % 2, false, 0});
    judged.correct = {{{1, 0, 1, 1, 1, 1, 1, 1, 0, 0}}};
    judged.similarity = {{{0.9, 0.55, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1}}};
    EXPECT_DOUBLE_EQ(merits(judged, Merit::Accuracy)[0][0], (1.0 / 2 + 6.0 / 8) / 2);
    judged.far = 0.3;  // 2.4 of 8 different pairs, but 3 of all 10
    EXPECT_DOUBLE_EQ(merits(judged, Merit::Tar)[0][0], 1.0 / 2);
    judged.far = 0.375;  // 3 of 8
    EXPECT_DOUBLE_EQ(merits(judged, Merit::Tar)[0][0], 1);
}

// Three people drawn n0, n1, n2 times. 27 draws; the three of one person alone have no different
// pair and are drawn again. Of the other 24, six are (1, 1, 1), and three each an order of (2, 1,
// 0).
TEST(CompareBootstrap, ASamePairCountsAsOftenAsItsPersonWasDrawn) {
    Judged judged = all_right(3, 2);
    judged.correct[1][0][0] = 0;  // loss 1 does not know person 0
    // The difference is (n0 / 3) / 2: 0, 1/6 or 1/3 with probability 1/4, 1/2, 1/4. Were three same
    // pairs drawn for themselves, 1/2 would be drawn with probability 1/27, more than a tail.
    const Difference d = differences(judged, Merit::Accuracy, kResamples, 1).at(0);
    EXPECT_DOUBLE_EQ(d.mean, 1.0 / 6);
    EXPECT_DOUBLE_EQ(d.low, 0);
    EXPECT_DOUBLE_EQ(d.high, 1.0 / 3);
    EXPECT_DOUBLE_EQ(d.wide_low, d.low);  // one comparison
    EXPECT_DOUBLE_EQ(d.wide_high, d.high);
    EXPECT_FALSE(d.beyond_noise());
}

TEST(CompareBootstrap, ADifferentPairCountsAsOftenAsBothPeopleWereDrawn) {
    Judged judged = all_right(3, 2);
    judged.correct[0][0][3] = 0;  // loss 0 takes person 0 for person 1
    // The difference is -n0 n1 / (n0 n1 + n0 n2 + n1 n2) / 2: -1/2 for (2, 1, 0) and (1, 2, 0),
    // probability 1/4; -1/6 for (1, 1, 1), 1/4; else 0.
    const Difference d = differences(judged, Merit::Accuracy, kResamples, 1).at(0);
    EXPECT_DOUBLE_EQ(d.mean, -1.0 / 6);
    EXPECT_DOUBLE_EQ(d.low, -1.0 / 2);
    EXPECT_DOUBLE_EQ(d.high, 0);
}

TEST(CompareBootstrap, TheAcceptanceRateIsThatOfThePeopleDrawn) {
    Judged judged = all_right(3, 2);
    // Pairs: same 0, same 1, same 2, different (0, 1), (0, 2), (1, 2).
    judged.similarity[0][0] = {0.9, 0.7, 0.5, 0.8, 0.6, 0.4};
    judged.far = 0.4;
    // Loss 0: (1, 1, 1) one of three different pairs may pass: 2/3. (2, 1, 0) and (2, 0, 1): the
    // one kind of different pair there is may not: 2/3. (1, 2, 0) and (1, 0, 2): 1/3. (0, 2, 1) and
    // (0, 1, 2): all. Loss 1 accepts all.
    const Difference d = differences(judged, Merit::Tar, kResamples, 1).at(0);
    EXPECT_DOUBLE_EQ(d.mean, 2.0 / 3 - 1);
    EXPECT_DOUBLE_EQ(d.low, 1.0 / 3 - 1);
    EXPECT_DOUBLE_EQ(d.high, 0);
}

// Sixteen people with ten same pairs each; loss 0 knows eight of them, loss 1 nobody. The share of
// same pairs that loss 0 has right is k / 16 with k of B(16, 1/2), whose tails end at 4 and at 12
// (P(k <= 3) = 0.011, P(k <= 4) = 0.038). Of 160 pairs drawn for themselves it would be 68 and 92.
TEST(CompareBootstrap, PeopleSpreadMoreThanTheirPairs) {
    Judged judged = all_right(16, 2);
    for (int p = 0; p < 16; ++p) {
        for (int again = 1; again < 10; ++again) {
            judged.pairs.push_back({2 * p, 2 * p + 1, true, 0});
        }
    }
    for (auto& loss : judged.similarity) loss[0].resize(judged.pairs.size(), 0.5);
    for (auto& loss : judged.correct) loss[0].resize(judged.pairs.size(), 1);
    judge_wrongly(judged.correct[1][0], judged, true);
    for (size_t i = 0; i < judged.pairs.size(); ++i) {
        const Pair& pair = judged.pairs[i];
        if (pair.same && judged.people[pair.a] >= 8) judged.correct[0][0][i] = 0;
    }
    const Difference d = differences(judged, Merit::Accuracy, kResamples, 1).at(0);
    EXPECT_DOUBLE_EQ(d.mean, 1.0 / 4);
    EXPECT_DOUBLE_EQ(d.low, 4.0 / 16 / 2);
    EXPECT_DOUBLE_EQ(d.high, 12.0 / 16 / 2);
    EXPECT_TRUE(d.beyond_noise());
}

// Both swing by 1/2 from seed to seed, loss 0 always 1/2 above: seeds are drawn for both at once.
TEST(CompareBootstrap, EqualSwingsOverSeedsCancel) {
    Judged judged = all_right(5, 2, 2);
    judge_wrongly(judged.correct[0][1], judged, false);
    judge_wrongly(judged.correct[1][0], judged, false);
    judge_wrongly(judged.correct[1][1], judged, false);
    judge_wrongly(judged.correct[1][1], judged, true);
    EXPECT_EQ(merits(judged, Merit::Accuracy),
              (std::vector<std::vector<double>>{{1, 0.5}, {0.5, 0}}));
    const Difference d = differences(judged, Merit::Accuracy, kResamples, 1).at(0);
    EXPECT_DOUBLE_EQ(d.mean, 0.5);
    EXPECT_DOUBLE_EQ(d.low, 0.5);
    EXPECT_DOUBLE_EQ(d.high, 0.5);
    EXPECT_TRUE(d.beyond_noise());
}

// Of four seeds loss 0 is better with one, by 1/2. Four are drawn, k times that one, k of B(4,
// 1/4): P(k >= 3) = 13/256, P(k = 4) = 1/256, so the upper tail ends at 3/4 of 1/2.
TEST(CompareBootstrap, AsManySeedsAreDrawnAsThereAre) {
    Judged judged = all_right(5, 2, 4);
    judge_wrongly(judged.correct[1][2], judged, false);
    const Difference d = differences(judged, Merit::Accuracy, kResamples, 1).at(0);
    EXPECT_DOUBLE_EQ(d.mean, 1.0 / 8);
    EXPECT_DOUBLE_EQ(d.low, 0);
    EXPECT_DOUBLE_EQ(d.high, 3.0 / 8);
}

TEST(CompareBootstrap, IntervalsArePercentilesAlsoOfSeveralComparisons) {
    std::vector<double> drawn(241);  // 0.025 of 240 steps is 6 steps
    std::iota(drawn.begin(), drawn.end(), 0.0);
    Random random(1, Purpose::Test);
    random.shuffle(std::span(drawn));
    const Intervals one = intervals(drawn, 1), six = intervals(drawn, 6),
                    four = intervals(drawn, 4);
    EXPECT_NEAR(one.low, 6, 1e-9);
    EXPECT_NEAR(one.high, 234, 1e-9);
    EXPECT_NEAR(one.wide_low, 6, 1e-9);
    EXPECT_NEAR(one.wide_high, 234, 1e-9);
    EXPECT_NEAR(six.low, 6, 1e-9);
    EXPECT_NEAR(six.high, 234, 1e-9);
    EXPECT_NEAR(six.wide_low, 1, 1e-9);
    EXPECT_NEAR(six.wide_high, 239, 1e-9);
    EXPECT_NEAR(four.wide_low, 1.5, 1e-9);  // between two order statistics
    EXPECT_NEAR(four.wide_high, 238.5, 1e-9);
}

// Three losses are three comparisons. Loss 0 alone knows person 0 of seven; n0 is of B(7, 1/7):
// P(n0 >= 3) = 0.0576, P(n0 >= 4) = 0.01015, P(n0 >= 5) = 0.00097. A tail of 0.025 ends at 3, one
// of 0.025 / 3 = 0.0083 at 4, of 0.025 / 2 = 0.0125 at 3.
TEST(CompareBootstrap, TheTailIsSharedByAllComparisons) {
    Judged judged = all_right(7, 3);
    judged.correct[1][0][0] = judged.correct[2][0][0] = 0;
    const auto all = differences(judged, Merit::Accuracy, 40'000, 1);
    ASSERT_EQ(all.size(), 3u);
    for (const Difference& d : {all[0], all[1]}) {
        EXPECT_DOUBLE_EQ(d.mean, 1.0 / 14);
        EXPECT_DOUBLE_EQ(d.high, 3.0 / 14);
        EXPECT_DOUBLE_EQ(d.wide_high, 4.0 / 14);
    }
    EXPECT_EQ(all[2].wide_high, 0);
}

TEST(CompareBootstrap, EveryLossIsComparedWithEveryLaterOne) {
    Judged judged = all_right(6, 3);
    judge_wrongly(judged.correct[1][0], judged, true);
    judge_wrongly(judged.correct[2][0], judged, true);
    judge_wrongly(judged.correct[2][0], judged, false);
    const auto all = differences(judged, Merit::Accuracy, 100, 1);  // accuracies 1, 1/2, 0
    ASSERT_EQ(all.size(), 3u);
    const auto expect = [](const Difference& d, int a, int b, double by) {
        EXPECT_EQ(d.a, a);
        EXPECT_EQ(d.b, b);
        for (const double bound : {d.mean, d.low, d.high, d.wide_low, d.wide_high}) {
            EXPECT_DOUBLE_EQ(bound, by);
        }
    };
    expect(all[0], 0, 1, 0.5);
    expect(all[1], 0, 2, 1);
    expect(all[2], 1, 2, 0.5);
}

TEST(CompareBootstrap, NoiseIsWhatTheWideIntervalHolds) {
    const auto beyond = [](double low, double high) {
        return Difference{0, 1, 0.1, 0.05, 0.15, low, high}.beyond_noise();
    };
    EXPECT_TRUE(beyond(0.01, 0.2));
    EXPECT_TRUE(beyond(-0.2, -0.01));
    EXPECT_FALSE(beyond(-0.01, 0.2));
    EXPECT_FALSE(beyond(0, 0.2));
    EXPECT_FALSE(beyond(-0.2, 0));
}

TEST(CompareBootstrap, TheSeedDecidesAndNotTheThreads) {
    Judged judged = neighbours(30);
    Random random(5, Purpose::Test);
    for (const double skill : {0.7, 0.8}) {
        std::vector<double> similarity;
        std::vector<char> correct;
        for (const Pair& pair : judged.pairs) {
            const bool right = random.chance(skill);
            correct.push_back(right);
            similarity.push_back((right == pair.same ? 0.5 : -0.5) + random.uniform(-0.1, 0.1));
        }
        judged.similarity.push_back({similarity});
        judged.correct.push_back({correct});
    }
    judged.far = 0.1;
    const Difference many = differences(judged, Merit::Tar, 300, 9).at(0);
    const int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    const Difference one = differences(judged, Merit::Tar, 300, 9).at(0);
    omp_set_num_threads(threads);
    EXPECT_EQ(many.low, one.low);
    EXPECT_EQ(many.high, one.high);
    const Difference other = differences(judged, Merit::Tar, 300, 10).at(0);
    EXPECT_TRUE(other.low != one.low || other.high != one.high);
}

}  // namespace
}  // namespace facet::compare
