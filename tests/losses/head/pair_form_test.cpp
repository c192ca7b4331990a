// What each pair loss computes from given similarities, by hand.
#include <gtest/gtest.h>

#include <algorithm>

#include "losses/circle_pair.h"
#include "losses/contrastive.h"
#include "losses/infonce.h"
#include "losses/multi_similarity.h"
#include "losses/npair.h"
#include "losses/supcon.h"
#include "losses/triplet.h"

namespace facet::testing {
namespace {

using Matrix = std::vector<std::vector<double>>;

// sums and derivatives of all anchors, before the division by the number of terms.
struct Outcome {
    double sum = 0;
    int64_t terms = 0;
    int usable = 0;
    Matrix g;
};

template <class Form>
Outcome visit(const KeyValues& parameters, const std::vector<int64_t>& y, const Matrix& q) {
    State state;
    Form form = make_form<Form>(Settings(info_of<Form>(), parameters), state);
    std::vector<int64_t> place;  // how many rows of the same class come before
    for (auto v = y.begin(); v != y.end(); ++v) place.push_back(std::count(y.begin(), v, *v));
    const auto anchor = [&](size_t u) -> Anchor {
        return {{int64_t(u), std::ssize(y), y.data(), place.data(), q[u].data()}};
    };
    if constexpr (requires { form.counts(); }) {
        PairCounts all;
        for (size_t u = 0; u < y.size(); ++u) {
            const PairCounts count = form.count(anchor(u));
            all.same += count.same;
            all.different += count.different;
        }
        if (form.counts()) form.open(all);
    }
    Outcome outcome;
    for (size_t u = 0; u < y.size(); ++u) {
        outcome.g.emplace_back(y.size(), 0.0);
        const AnchorResult result = form.anchor(anchor(u), outcome.g.back().data());
        outcome.sum += result.sum;
        outcome.terms += result.terms;
        outcome.usable += result.usable;
    }
    return outcome;
}

void expect_near(const Matrix& a, const Matrix& b) {
    for (size_t u = 0; u < b.size(); ++u) {
        for (size_t v = 0; v < b.size(); ++v) {
            EXPECT_NEAR(a[u][v], b[u][v], 1e-14) << u << ", " << v;
        }
    }
}

TEST(PairForm, ContrastiveAveragesOverAllPairs) {
    const Matrix d = {{0, 1, 3}, {1, 0, 2}, {3, 2, 0}};
    const Outcome o = visit<Contrastive>({{"margin", "2.5"}}, {0, 0, 1}, d);
    EXPECT_DOUBLE_EQ(o.sum, 2 * (0.5 + 0 + 0.125)) << "every pair from both ends";
    EXPECT_EQ(o.terms, 6);
    expect_near(o.g, {{0, 1, 0}, {1, 0, -0.5}, {0, -0.5, 0}});
}

TEST(PairForm, ContrastiveAsInPytorchMetricLearningAveragesWhatIsNotSatisfied) {
    const Matrix d = {{0, 1, 3}, {1, 0, 2}, {3, 2, 0}};
    const Outcome o = visit<Contrastive>({{"margin", "2.5"}, {"compat", "pml"}}, {0, 0, 1}, d);
    EXPECT_DOUBLE_EQ(o.sum, 1 + 0.5) << "one pair of each kind counts";
    EXPECT_EQ(o.terms, 0) << "already averaged";
    expect_near(o.g, {{0, 0.5, 0}, {0.5, 0, -0.5}, {0, -0.5, 0}});
    const Outcome none =
        visit<Contrastive>({{"margin", "1"}, {"compat", "pml"}}, {0, 1}, {{0, 2}, {2, 0}});
    EXPECT_EQ(none.sum, 0);
    EXPECT_EQ(none.usable, 2) << "satisfied pairs are pairs";
}

// Rows 0, 1 of one class, 2, 3 of another.
const std::vector<int64_t> kTwoByTwo = {0, 0, 1, 1};
const Matrix kDistances = {{0, 5, 2, 9}, {5, 0, 3, 4}, {2, 3, 0, 7}, {9, 4, 7, 0}};

TEST(PairForm, TripletAllCountsTheTripletsThatViolate) {
    const Outcome o = visit<Triplet>({{"margin", "2"}}, kTwoByTwo, kDistances);
    // (a p n) v: 012 5, 013 -2, 102 4, 103 3, 230 7, 231 6, 320 0, 321 5
    EXPECT_EQ(o.terms, 6) << "v = 0 does not violate";
    EXPECT_EQ(o.sum, 5 + 4 + 3 + 7 + 6 + 5);
    expect_near(o.g, {{0, 1, -1, 0}, {2, 0, -1, -1}, {-1, -1, 0, 2}, {0, -1, 1, 0}});
}

TEST(PairForm, TripletSoftCountsEveryTriplet) {
    const Outcome o = visit<Triplet>({{"margin", "2"}, {"soft", "true"}}, kTwoByTwo, kDistances);
    double sum = 0;
    for (const double v : {5, -2, 4, 3, 7, 6, 0, 5}) sum += std::log(1 + std::exp(v));
    EXPECT_NEAR(o.sum, sum, 1e-13);
    EXPECT_EQ(o.terms, 8);
    EXPECT_NEAR(o.g[3][0], -0.5, 1e-15);
}

TEST(PairForm, TripletHardTakesTheFarthestPositiveAndTheClosestNegative) {
    const std::vector<int64_t> y = {0, 0, 0, 1, 1};
    const Matrix d = {
        {0, 1, 4, 3, 2}, {1, 0, 2, 6, 7}, {4, 2, 0, 5, 5}, {3, 6, 5, 0, 1}, {2, 7, 5, 1, 0}};
    const Outcome o = visit<Triplet>({{"margin", "2"}, {"mining", "hard"}}, y, d);
    // 0: p 2, n 4: 4 - 2 + 2. 1: p 2, n 3: 2 - 6 + 2 < 0. 2: p 0, n 3 (a tie): 4 - 5 + 2.
    // 3: p 4, n 0: 1 - 3 + 2 = 0. 4: p 3, n 0: 1 - 2 + 2.
    EXPECT_EQ(o.sum, 4 + 0 + 1 + 0 + 1);
    EXPECT_EQ(o.terms, 5) << "satisfied anchors count";
    expect_near(
        o.g,
        {{0, 0, 1, 0, -1}, {0, 0, 0, 0, 0}, {1, 0, 0, -1, 0}, {0, 0, 0, 0, 0}, {-1, 0, 0, 1, 0}});
}

TEST(PairForm, TripletTiesGoToTheLowestRow) {
    const Matrix d = {
        {0, 4, 4, 1, 1}, {4, 0, 1, 9, 9}, {4, 1, 0, 9, 9}, {1, 9, 9, 0, 9}, {1, 9, 9, 9, 0}};
    const Outcome o = visit<Triplet>({{"mining", "hard"}}, {0, 0, 0, 1, 2}, d);
    EXPECT_EQ(o.g[0], (std::vector<double>{0, 1, 0, -1, 0}));
}

TEST(PairForm, TripletSemihardTakesTheClosestNegativeBeyondThePositive) {
    const Outcome o =
        visit<Triplet>({{"margin", "4"}, {"mining", "semihard"}}, kTwoByTwo, kDistances);
    // (0, 1): beyond 5 only 3 at 9: 5 - 9 + 4 = 0. (1, 0): none beyond 5, the farthest is 3.
    // (2, 3): none beyond 7, the farthest is 1. (3, 2): 0 at 9.
    EXPECT_EQ(o.terms, 4);
    EXPECT_EQ(o.sum, 0 + (5 - 4 + 4) + (7 - 3 + 4) + (7 - 9 + 4));
    expect_near(o.g, {{0, 0, 0, 0}, {1, 0, 0, -1}, {0, -1, 0, 1}, {-1, 0, 1, 0}});
    // A negative as far as the positive is not beyond it.
    const Outcome tie = visit<Triplet>({{"mining", "semihard"}}, {0, 0, 1, 2},
                                       {{0, 2, 2, 3}, {2, 0, 9, 9}, {2, 9, 0, 9}, {3, 9, 9, 0}});
    EXPECT_EQ(tie.sum, 0) << "2 - 3 + 0.2 and 2 - 9 + 0.2";
}

TEST(PairForm, NPairTakesTheFirstTwoRowsOfEachClass) {
    const std::vector<int64_t> y = {5, 3, 5, 3, 5, 9};
    Matrix z(6, std::vector<double>(6, 0.0));
    z[0][2] = 1, z[0][3] = 0.5, z[1][3] = 2, z[1][2] = -1;
    for (int i = 0; i < 6; ++i) z[i][i] = 10 + i;
    const Outcome o = visit<NPair>({{"reg", "0.4"}}, y, z);
    const double p0 = 1 / (1 + std::exp(0.5)), p1 = 1 / (1 + std::exp(3.0));
    EXPECT_EQ(o.terms, 2);
    EXPECT_NEAR(o.sum, -std::log(1 - p0) - std::log(1 - p1) + 0.1 * (10 + 11 + 12 + 13), 1e-13);
    Matrix g(6, std::vector<double>(6, 0.0));
    g[0] = {0.1, 0, -p0, p0, 0, 0};
    g[1] = {0, 0.1, p1, -p1, 0, 0};
    g[2][2] = g[3][3] = 0.1;
    expect_near(o.g, g);
}

TEST(PairForm, InfoNceLeavesOtherPositivesOut) {
    const double a = 0.3, b = -0.2, c = 0.4;
    const Matrix S = {{1, a, b, c}, {a, 1, 0, 0}, {b, 0, 1, 0}, {c, 0, 0, 1}};
    const Outcome o = visit<InfoNce>({{"tau", "0.5"}}, {0, 0, 0, 1}, S);
    const auto q = [](double p, double n) { return 1 / (1 + std::exp((p - n) / 0.5)); };
    double sum = -std::log(1 - q(a, c)) - std::log(1 - q(b, c));
    for (const double s : {a, 0.0, b, 0.0}) sum -= std::log(1 - q(s, 0));
    EXPECT_NEAR(o.sum, sum, 1e-14);
    EXPECT_EQ(o.terms, 6);
    EXPECT_NEAR(o.g[0][1], -q(a, c) / 0.5, 1e-14);
    EXPECT_NEAR(o.g[0][3], (q(a, c) + q(b, c)) / 0.5, 1e-14);
    EXPECT_EQ(o.g[3], std::vector<double>(4, 0.0));
}

TEST(PairForm, SupConPutsTheMeanOutsideOfTheLogarithm) {
    const Matrix S = {{1, .3, -.2, .4}, {.3, 1, .1, .2}, {-.2, .1, 1, .6}, {.4, .2, .6, 1}};
    const Outcome o = visit<SupCon>({{"tau", "0.5"}}, {0, 0, 0, 1}, S);
    EXPECT_EQ(o.terms, 3) << "row 3 has no positive";
    double sum = 0;
    for (int i = 0; i < 3; ++i) {
        double Z = 0;
        for (int a = 0; a < 4; ++a) Z += a == i ? 0 : std::exp(S[i][a] / 0.5);
        for (int j = 0; j < 4; ++j) {
            if (j == i) continue;
            const double softmax = std::exp(S[i][j] / 0.5) / Z, share = j < 3 ? 0.5 : 0;
            sum -= share * std::log(softmax);
            EXPECT_NEAR(o.g[i][j], (softmax - share) / 0.5, 1e-14);
        }
    }
    EXPECT_NEAR(o.sum, sum, 1e-14);
    const KeyValues compat = {{"tau", "0.5"}, {"compat", "supcontrast"}};
    EXPECT_EQ(visit<SupCon>(compat, {0, 0, 0, 1}, S).terms, 4);
}

TEST(PairForm, CircleWeighsSimilaritiesByTheirDistanceFromTheOptimum) {
    const Matrix S = {{1, 0.5, 0.2, -0.9}, {0.5, 1, 0, 0}, {0.2, 0, 1, 0}, {-0.9, 0, 0, 1}};
    const Outcome o = visit<CirclePair>({{"gamma", "4"}}, {0, 0, 1, 2}, S);
    EXPECT_EQ(o.terms, 2) << "rows 2 and 3 have no positive";
    const double n = std::exp(4 * 0.45 * (0.2 - 0.25)), off = 1;  // s_3 < -m: weight 0
    const double p = std::exp(-4 * 0.75 * (0.5 - 0.75)), t = (n + off) * p;
    EXPECT_NEAR(o.g[0][1], -t / (1 + t) * 4 * 0.75, 1e-14);
    EXPECT_NEAR(o.g[0][2], t / (1 + t) * 4 * 0.45 * n / (n + off), 1e-14);
    EXPECT_EQ(o.g[0][3], 0);
}

TEST(PairForm, MultiSimilarityKeepsThePairsThatViolate) {
    const std::vector<int64_t> y = {0, 0, 0, 1, 2};
    Matrix S(5, {1, 0.9, 0.5, 0.6, 0.2});
    const Outcome o = visit<MultiSimilarity>({}, y, S);
    // Row 0: 0.9 - 0.1 is not below 0.6, 0.5 is; 0.6 + 0.1 is above 0.5, 0.2 + 0.1 is not.
    const double e = std::exp(50 * (0.6 - 0.5));
    EXPECT_EQ(o.g[0][1], 0);
    EXPECT_NEAR(o.g[0][2], -0.5, 1e-15);
    EXPECT_NEAR(o.g[0][3], e / (1 + e), 1e-15);
    EXPECT_EQ(o.g[0][4], 0);
    EXPECT_EQ(o.g[3], std::vector<double>(5, 0.0)) << "no positives: no negative is kept";
    EXPECT_EQ(o.terms, 5) << "and it counts in B";
    const Outcome all = visit<MultiSimilarity>({{"mine", "false"}}, y, S);
    EXPECT_NE(all.g[0][1], 0);
    EXPECT_NE(all.g[3][0], 0);
}

// Rows on which the softmax of the positive rounds to 1: the gradient by subtraction is 0.
TEST(PairForm, EasyRowsKeepTheirDigits) {
    const Matrix S = {{1, 1, -1}, {1, 1, -1}, {-1, -1, 1}};
    const std::vector<int64_t> y = {0, 0, 1};
    const double rest = std::exp(-2 / 0.02);
    const auto expect_relative = [](double found, double expected) {
        EXPECT_NEAR(found, expected, 1e-12 * std::abs(expected));
    };
    ASSERT_EQ(1 - 1 / (1 + rest), 0);
    const Outcome nce = visit<InfoNce>({{"tau", "0.02"}}, y, S);
    expect_relative(nce.sum, 2 * rest);
    expect_relative(nce.g[0][1], -rest / 0.02);
    const Outcome con = visit<SupCon>({{"tau", "0.02"}}, y, S);
    expect_relative(con.sum, 2 * rest);
    expect_relative(con.g[0][1], -rest / 0.02);
    // Two equal positives: softmax - 1/2.
    const Matrix T = {{1, 1, 1, -1}, {1, 1, 1, -1}, {1, 1, 1, -1}, {-1, -1, -1, 1}};
    expect_relative(visit<SupCon>({{"tau", "0.02"}}, {0, 0, 0, 1}, T).g[0][1], -rest / 4 / 0.02);
    // z = 100 for the own positive, 0 for the other.
    const Matrix z = {{1, 0, 100, 0}, {0, 1, 0, 100}, {100, 0, 1, 0}, {0, 100, 0, 1}};
    const Outcome pairs = visit<NPair>({{"reg", "0"}}, {0, 1, 0, 1}, z);
    expect_relative(pairs.sum, 2 * std::exp(-100.0));
    expect_relative(pairs.g[0][2], -std::exp(-100.0));
}

}  // namespace
}  // namespace facet::testing
