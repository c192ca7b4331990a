// The bootstrap of `facet compare`: known answers, and how often it cries wolf.
#include <gtest/gtest.h>
#include <omp.h>

#include <numeric>

#include "engine/random.h"
#include "tools/compare/bootstrap.h"

namespace facet::compare {
namespace {

// `people` people with two images each: one same pair a person, one different pair between
// neighbours.
Judged pairs_of(int people) {
    Judged judged;
    for (int p = 0; p < people; ++p) {
        judged.people.insert(judged.people.end(), {p, p});
        judged.pairs.push_back({2 * p, 2 * p + 1, true, 0});
        judged.pairs.push_back({2 * p, 2 * ((p + 1) % people), false, 0});
    }
    return judged;
}

// A run that judges a pair rightly with this probability.
void add_run(Judged& judged, size_t loss, double skill, Random& random) {
    if (judged.similarity.size() <= loss) {
        judged.similarity.resize(loss + 1);
        judged.correct.resize(loss + 1);
    }
    std::vector<double> similarity;
    std::vector<char> correct;
    for (const Pair& pair : judged.pairs) {
        const bool right = random.chance(skill);
        correct.push_back(right);
        similarity.push_back((right == pair.same ? 0.5 : -0.5) + random.uniform(-0.1, 0.1));
    }
    judged.similarity[loss].push_back(similarity);
    judged.correct[loss].push_back(correct);
}

TEST(CompareBootstrap, MeritsOnThePairsAsTheyAre) {
    Judged judged = pairs_of(4);  // pairs alternate: same, different
    judged.correct = {{{1, 1, 1, 0, 0, 1, 1, 1}}};
    judged.similarity = {{{0.9, 0.1, 0.8, 0.85, 0.2, 0.0, 0.7, -0.1}}};
    EXPECT_DOUBLE_EQ(merits(judged, Merit::Accuracy)[0][0], (3.0 / 4 + 3.0 / 4) / 2);
    // No different pair may pass at a rate of 1/100 of four: same pairs above 0.85.
    EXPECT_DOUBLE_EQ(merits(judged, Merit::Tar)[0][0], 1.0 / 4);
    judged.far = 0.25;  // one may: same pairs above 0.1
    EXPECT_DOUBLE_EQ(merits(judged, Merit::Tar)[0][0], 1);
}

TEST(CompareBootstrap, ALossIsNotBetterThanItself) {
    Judged judged = pairs_of(40);
    Random random(1, Purpose::Test);
    add_run(judged, 0, 0.8, random);
    judged.similarity.push_back(judged.similarity[0]);
    judged.correct.push_back(judged.correct[0]);
    for (const Merit merit : {Merit::Accuracy, Merit::Tar}) {
        const Difference d = differences(judged, merit, 200, 1).at(0);
        EXPECT_EQ(d.mean, 0);
        EXPECT_EQ(d.low, 0);
        EXPECT_EQ(d.high, 0);
        EXPECT_FALSE(d.beyond_noise());
    }
}

TEST(CompareBootstrap, AClearDifferenceIsSeenAndOrdered) {
    Judged judged = pairs_of(200);
    Random random(2, Purpose::Test);
    for (int seed = 0; seed < 2; ++seed) {
        add_run(judged, 0, 0.6, random);
        add_run(judged, 1, 0.95, random);
    }
    const Difference d = differences(judged, Merit::Accuracy, 500, 1).at(0);
    EXPECT_TRUE(d.beyond_noise());
    EXPECT_LT(d.mean, -0.25);
    EXPECT_LT(d.low, d.mean);
    EXPECT_GT(d.high, d.mean);
    EXPECT_LE(d.wide_low, d.low);
    EXPECT_GE(d.wide_high, d.high);
}

TEST(CompareBootstrap, WiderWithMoreComparisons) {
    Judged judged = pairs_of(60);
    Random random(3, Purpose::Test);
    for (size_t loss = 0; loss < 4; ++loss) add_run(judged, loss, 0.8, random);
    const auto all = differences(judged, Merit::Accuracy, 2000, 1);
    ASSERT_EQ(all.size(), 6u);
    for (const Difference& d : all) EXPECT_LT(d.wide_low, d.low);
}

// Two losses of equal skill: the 95 % interval should miss zero in about 1 of 20 worlds. In 200
// worlds more than 24 would be beyond what chance allows (binomial, p = 0.001).
TEST(CompareBootstrap, SeldomCriesWolf) {
    int cries = 0;
    for (int world = 0; world < 200; ++world) {
        Judged judged = pairs_of(50);
        Random random(4, Purpose::Test, world);
        add_run(judged, 0, 0.8, random);
        add_run(judged, 1, 0.8, random);
        const Difference d = differences(judged, Merit::Accuracy, 200, world).at(0);
        cries += d.low > 0 || d.high < 0;
    }
    EXPECT_LE(cries, 24);
    EXPECT_GT(cries, 0);
}

TEST(CompareBootstrap, TheSameBitsWithOneThread) {
    Judged judged = pairs_of(30);
    Random random(5, Purpose::Test);
    add_run(judged, 0, 0.7, random);
    add_run(judged, 1, 0.8, random);
    const Difference many = differences(judged, Merit::Tar, 300, 9).at(0);
    const int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    const Difference one = differences(judged, Merit::Tar, 300, 9).at(0);
    omp_set_num_threads(threads);
    EXPECT_EQ(many.low, one.low);
    EXPECT_EQ(many.high, one.high);
}

}  // namespace
}  // namespace facet::compare
