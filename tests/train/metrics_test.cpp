#include "train/eval/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/random.h"

namespace facet {
namespace {

struct Scored {
    PairList list;
    std::vector<double> similarities;

    void add(double similarity, bool same, int fold) {
        list.pairs.push_back({0, 1, same, fold});
        similarities.push_back(similarity);
    }
};

// Same pairs around 0.5, different ones around 0, rounded so that ties occur.
Scored random_scores(uint64_t seed, int pairs, int folds) {
    Random random(seed, Purpose::Test);
    Scored scored;
    scored.list.folds = folds;
    scored.list.cross_validated = folds > 1;
    for (int i = 0; i < pairs; ++i) {
        const bool same = i % 2 == 0;
        const double s = (same ? 0.5 : 0.0) + 0.3 * random.normal();
        scored.add(std::clamp(std::round(s * 50) / 50, -1.0, 1.0), same, i / 2 % folds);
    }
    return scored;
}

SortedScores scores(std::vector<double> same, std::vector<double> different) {
    std::sort(same.begin(), same.end());
    std::sort(different.begin(), different.end());
    return {same, different};
}

double rate_above(const std::vector<double>& values, double threshold) {
    double count = 0;
    for (const double v : values) count += v > threshold;
    return count / static_cast<double>(values.size());
}

// ---- accuracy

// The rule as published, written out: every threshold on every pair.
double accuracy_at(const Scored& scored, double t, int fold, bool inside) {
    double right = 0, all = 0;
    for (size_t i = 0; i < scored.similarities.size(); ++i) {
        const Pair& pair = scored.list.pairs[i];
        if ((pair.fold == fold) != inside) continue;
        const double d = 2 - 2 * scored.similarities[i];
        right += (d < t) == pair.same;
        ++all;
    }
    return right / all;
}

TEST(Verification, FoldAccuracyFollowsThePublishedRule) {
    for (uint64_t seed = 0; seed < 5; ++seed) {
        const Scored scored = random_scores(seed, 200, 5);
        const FoldAccuracy result = fold_accuracy(scored.similarities, scored.list.pairs, 5);
        double mean = 0, right = 0;
        for (int fold = 0; fold < 5; ++fold) {
            double best = -1, chosen = -1;
            for (int i = 0; i < 400; ++i) {
                const double accuracy = accuracy_at(scored, i * 0.01, fold, false);
                if (accuracy > best + 1e-12) {
                    best = accuracy;
                    chosen = i * 0.01;
                }
            }
            const auto f = static_cast<size_t>(fold);
            EXPECT_DOUBLE_EQ(result.threshold[f], chosen);
            EXPECT_DOUBLE_EQ(result.accuracy[f], accuracy_at(scored, chosen, fold, true));
            mean += result.accuracy[f] / 5;
        }
        EXPECT_NEAR(result.mean, mean, 1e-12);
        for (const char correct : result.correct) right += correct;
        EXPECT_NEAR(right / 200, mean, 1e-12);  // folds of equal size
    }
}

TEST(Verification, StandardDeviationIsThatOfThePopulation) {
    // Fold 0 separates, fold 1 is reversed, and the threshold of each is chosen on the other. On
    // fold 1 calling all different, d < 0, is the first of the best: half of fold 0 is right. On
    // fold 0 it is the first above d = 0.25: nothing in fold 1, with d = 3 and d = 0.125, is right.
    Scored scored;
    scored.add(0.875, true, 0);
    scored.add(-0.9, false, 0);
    scored.add(-0.5, true, 1);
    scored.add(0.9375, false, 1);
    const FoldAccuracy result = fold_accuracy(scored.similarities, scored.list.pairs, 2);
    EXPECT_EQ(result.accuracy, (std::vector<double>{0.5, 0.0}));
    EXPECT_DOUBLE_EQ(result.threshold[0], 0);
    EXPECT_DOUBLE_EQ(result.threshold[1], 0.26);  // d < 0.25 does not hold for d = 0.25
    EXPECT_DOUBLE_EQ(result.mean, 0.25);
    EXPECT_DOUBLE_EQ(result.std, 0.25);
}

TEST(Verification, SeparablePairsAreAllRight) {
    Scored scored;
    scored.list.folds = 3;
    scored.list.cross_validated = true;
    for (int i = 0; i < 30; ++i) {
        scored.add(0.6 + 0.01 * (i / 3), true, i % 3);
        scored.add(0.1 - 0.01 * (i / 3), false, i % 3);
    }
    const Verification v = verify(scored.similarities, scored.list);
    EXPECT_EQ(v.cross_validated.mean, 1);
    EXPECT_EQ(v.cross_validated.std, 0);
    EXPECT_EQ(v.interval.low, 1);
    EXPECT_EQ(v.interval.high, 1);
    EXPECT_EQ(v.best_accuracy, 1);
    EXPECT_EQ(v.auc, 1);
    EXPECT_EQ(v.equal_error_rate, 0);
    EXPECT_EQ(v.tar_at_far[0].tar, 1);
    EXPECT_GT(v.gap_of_tails, 0.4);
}

TEST(Verification, ReversedPairsAreAllWrong) {
    const SortedScores reversed = scores({-0.5, -0.4}, {0.4, 0.5});
    EXPECT_EQ(area_under_curve(reversed), 0);
    EXPECT_EQ(equal_error_rate(reversed), 1);
    EXPECT_EQ(tar_at_far(reversed, 0.5).tar, 0);
}

TEST(Verification, PerfectAgreementIsAcceptedAtTheSmallestPositiveThreshold) {
    // d = 0 is not below the threshold 0, but below 0.01; opposite vectors, d = 4, never pass.
    Scored scored;
    scored.add(1, true, 0);
    scored.add(-1, false, 0);
    const BestThreshold best = best_threshold(scored.similarities, scored.list.pairs);
    EXPECT_EQ(best.accuracy, 1);
    EXPECT_DOUBLE_EQ(best.threshold, 0.01);
}

TEST(Verification, WithoutFoldsStratifiedOnesAreDealt) {
    Scored scored = random_scores(3, 200, 1);
    const Verification v = verify(scored.similarities, scored.list, {.seed = 7});
    EXPECT_EQ(v.cross_validated.accuracy.size(), 10u);
    EXPECT_NE(v.folds_are.find("10 stratified folds"), std::string::npos);
    EXPECT_GE(v.best_accuracy, v.cross_validated.mean);
    const BestThreshold best = best_threshold(scored.similarities, scored.list.pairs);
    EXPECT_EQ(v.best_accuracy, best.accuracy);
    // The same seed deals the same folds, another seed others.
    const auto thresholds_and_accuracies = [&](uint64_t seed) {
        const auto folds = verify(scored.similarities, scored.list, {.seed = seed}).cross_validated;
        return std::pair(folds.threshold, folds.accuracy);
    };
    EXPECT_EQ(thresholds_and_accuracies(7), thresholds_and_accuracies(7));
    EXPECT_NE(thresholds_and_accuracies(7), thresholds_and_accuracies(8));
}

// Eight pairs of sixteen are judged rightly, so a resample has k of B(16, 1/2) of them right: P(k
// <= 3) = 0.011, P(k <= 4) = 0.038 and P(k <= 5) = 0.105, so the lower tail of 2.5 % ends at 4 and
// the upper one at 12. Tails of 1 or of 5 % would end elsewhere.
TEST(Verification, BootstrapIntervalIsTheBinomials) {
    Scored scored;
    for (int i = 0; i < 8; ++i) {  // same pairs apart, different ones nearer: nothing is accepted
        scored.add(-0.9, true, i);
        scored.add(0.0, false, i);
    }
    scored.list.folds = 8;
    scored.list.cross_validated = true;
    for (const uint64_t seed : {0, 1, 2}) {
        const Verification v =
            verify(scored.similarities, scored.list, {.resamples = 4001, .seed = seed});
        EXPECT_EQ(v.cross_validated.mean, 0.5);
        EXPECT_EQ(v.resamples, 4001);
        EXPECT_DOUBLE_EQ(v.interval.low, 0.25);
        EXPECT_DOUBLE_EQ(v.interval.high, 0.75);
    }
}

// Of one resample both ends are its accuracy; of two the lower and the upper one.
TEST(Verification, BootstrapIntervalIsOfAsManyResamplesAsAskedFor) {
    const Scored scored = random_scores(1, 200, 10);
    const auto interval = [&](int resamples, uint64_t seed) {
        return verify(scored.similarities, scored.list, {.resamples = resamples, .seed = seed})
            .interval;
    };
    const Interval one = interval(1, 3), two = interval(2, 3), other = interval(1, 4);
    EXPECT_EQ(one.low, one.high);
    EXPECT_TRUE(two.low == one.low || two.high == one.low);
    EXPECT_LT(two.low, two.high);
    EXPECT_NE(one.low, other.low);
}

// ---- ranks

TEST(Verification, TarAtFarTakesTheLargestThresholdThatKeepsTheTarget) {
    const SortedScores s = scores({0.9, 0.55, 0.45, 0.2}, {0.1, 0.2, 0.3, 0.5, 0.6});
    TarAtFar point = tar_at_far(s, 0.2);  // one of five may pass: 0.6 does, 0.5 must not
    EXPECT_TRUE(point.measurable);
    EXPECT_EQ(point.threshold, 0.5);
    EXPECT_DOUBLE_EQ(point.far, 0.2);
    EXPECT_DOUBLE_EQ(point.tar, 0.5);
    point = tar_at_far(s, 0.39);  // not 0.4, although that is nearer
    EXPECT_DOUBLE_EQ(point.far, 0.2);
    EXPECT_FALSE(tar_at_far(s, 0.19).measurable);
}

TEST(Verification, TiedNegativesAreRejectedTogether) {
    const SortedScores s = scores({0.9, 0.5, 0.5, 0.2}, {0.1, 0.2, 0.5, 0.5, 0.5});
    const TarAtFar point = tar_at_far(s, 0.4);  // two may pass, but three are tied
    EXPECT_TRUE(point.measurable);
    EXPECT_EQ(point.far, 0);
    EXPECT_EQ(point.tar, 0.25);
}

TEST(Verification, TarAtFarMatchesBruteForce) {
    for (uint64_t seed = 0; seed < 10; ++seed) {
        const Scored scored = random_scores(seed, 300, 1);
        const SortedScores s = sorted_scores(scored.similarities, scored.list.pairs);
        for (const double target : {0.01, 0.05, 0.1, 0.3}) {
            // The most permissive of all thresholds "cos > an observed score".
            double far = -1, tar = -1;
            for (const double t : scored.similarities) {
                if (rate_above(s.different, t) > target) continue;
                far = std::max(far, rate_above(s.different, t));
            }
            for (const double t : scored.similarities) {
                if (rate_above(s.different, t) == far) tar = std::max(tar, rate_above(s.same, t));
            }
            const TarAtFar point = tar_at_far(s, target);
            EXPECT_DOUBLE_EQ(point.far, far);
            // Just above a rejected negative is at least as permissive as any observed score.
            EXPECT_GE(point.tar, tar);
            EXPECT_DOUBLE_EQ(point.tar, rate_above(s.same, point.threshold));
            EXPECT_DOUBLE_EQ(point.far, rate_above(s.different, point.threshold));
        }
    }
}

TEST(Verification, ExactMultiplesOfOneOverNAreMeasurable) {
    SortedScores s;
    for (int i = 0; i < 3000; ++i) s.different.push_back(i * 1e-4);
    s.same = {0.2, 0.9};
    for (const double target : {1e-1, 1e-2, 1e-3, 0.7, 1.0 / 3000}) {
        EXPECT_NEAR(tar_at_far(s, target).far, target, 1e-12) << target;
    }
    EXPECT_FALSE(tar_at_far(s, 1e-4).measurable);
}

TEST(Verification, AreaUnderCurveCountsTiesHalf) {
    EXPECT_DOUBLE_EQ(area_under_curve(scores({0.5}, {0.5})), 0.5);
    EXPECT_DOUBLE_EQ(area_under_curve(scores({0.5, 0.9}, {0.5, 0.1})), 3.5 / 4);
    const Scored scored = random_scores(2, 300, 1);
    const SortedScores s = sorted_scores(scored.similarities, scored.list.pairs);
    double wins = 0;
    for (const double a : s.same)
        for (const double b : s.different) wins += a > b ? 1 : a == b ? 0.5 : 0;
    EXPECT_NEAR(area_under_curve(s), wins / (150 * 150), 1e-12);
}

TEST(Verification, EqualErrorRateByHand) {
    // Thresholds downwards accept 0.9 (FAR 0, FRR 2/3), 0.8 (1/3, 2/3), 0.7 (1/3, 1/3): they meet.
    EXPECT_NEAR(equal_error_rate(scores({0.9, 0.7, 0.1}, {0.8, 0.3, 0.2})), 1.0 / 3, 1e-12);
    // From (0, 1/2) to (1, 1/2): FAR passes FRR = 1/2 half way.
    EXPECT_NEAR(equal_error_rate(scores({0.9, 0.1}, {0.5})), 0.5, 1e-12);
    // All tied: from (0, 1) to (1, 0).
    EXPECT_NEAR(equal_error_rate(scores({0.5, 0.5}, {0.5})), 0.5, 1e-12);
    // From (0, 1/4) to (1/2, 0), a tie of one same and one different pair: 1/4 - x/4 = x/2.
    EXPECT_NEAR(equal_error_rate(scores({0.9, 0.8, 0.7, 0.5}, {0.5, 0.1})), 1.0 / 6, 1e-12);
}

TEST(Verification, DistributionByHand) {
    const std::vector<double> sorted = {-1, 0, 0.5, 1};
    const Distribution d = distribution(sorted);
    EXPECT_DOUBLE_EQ(d.mean, 0.125);
    EXPECT_DOUBLE_EQ(d.std, std::sqrt((1.265625 + 0.015625 + 0.140625 + 0.765625) / 4));
    // numpy.percentile([-1, 0, 0.5, 1], [1, 5, 25, 50, 75, 95, 99])
    const double expected[] = {-0.97, -0.85, -0.25, 0.25, 0.625, 0.925, 0.985};
    for (size_t i = 0; i < 7; ++i) EXPECT_NEAR(d.percentiles[i], expected[i], 1e-12);
    EXPECT_EQ(d.histogram[0], 1);
    EXPECT_EQ(d.histogram[20], 1);
    EXPECT_EQ(d.histogram[30], 1);
    EXPECT_EQ(d.histogram[39], 1);
    EXPECT_EQ(d.min, -1);
    EXPECT_EQ(d.max, 1);
}

// The 5th percentile of the same pairs is 0.42, the 95th of the different ones 0.28.
TEST(Verification, GapsAreOfTheMeansAndOfTheTailsThatFaceEachOther) {
    Scored scored;
    scored.list.folds = 5;
    scored.list.cross_validated = true;
    for (int i = 0; i < 5; ++i) {
        scored.add(0.4 + 0.1 * i, true, i);
        scored.add(-0.1 + 0.1 * i, false, i);
    }
    const Verification v = verify(scored.similarities, scored.list, {.resamples = 1});
    EXPECT_NEAR(v.gap_of_means, 0.6 - 0.1, 1e-12);
    EXPECT_NEAR(v.gap_of_tails, 0.42 - 0.28, 1e-12);
}

// ---- errors

TEST(Verification, NaNIsAnErrorThatNamesThePair) {
    Scored scored = random_scores(1, 20, 2);
    scored.list.files = {"Ann/Ann_0001.jpg", "Bob/Bob_0002.jpg"};
    scored.similarities[13] = std::nan("");
    try {
        verify(scored.similarities, scored.list);
        FAIL() << "NaN was accepted";
    } catch (const Error& error) {
        const std::string message = error.what();
        EXPECT_NE(message.find("pair 13 (Ann/Ann_0001.jpg, Bob/Bob_0002.jpg)"), std::string::npos)
            << message;
        EXPECT_NE(message.find("nan"), std::string::npos) << message;
    }
    for (const double wrong : {1.5, -1.01, std::numeric_limits<double>::infinity()}) {
        scored.similarities[13] = wrong;
        EXPECT_THROW(verify(scored.similarities, scored.list), Error);
    }
    scored.similarities[13] = 1 + 1e-6;  // rounding
    EXPECT_NO_THROW(verify(scored.similarities, scored.list));
}

TEST(Verification, RefusesWhatCannotBeMeasured) {
    Scored scored = random_scores(1, 20, 2);
    EXPECT_THROW(verify(std::span(scored.similarities).first(19), scored.list), Error);
    EXPECT_THROW(verify(scored.similarities, scored.list, {.far_targets = {0}}), UsageError);
    EXPECT_THROW(verify(scored.similarities, scored.list, {.far_targets = {1}}), UsageError);
    EXPECT_THROW(verify(scored.similarities, scored.list, {.resamples = 0}), UsageError);
    Scored empty_fold = scored;
    empty_fold.list.folds = 3;
    EXPECT_THROW(verify(empty_fold.similarities, empty_fold.list), Error);
    Scored one_kind = scored;
    for (Pair& pair : one_kind.list.pairs) pair.same = true;
    EXPECT_THROW(verify(one_kind.similarities, one_kind.list), Error);
    EXPECT_THROW(verify({}, PairList{}), Error);
}

// ---- reports

TEST(Verification, ReportsSayWhatIsNotMeasurable) {
    const Scored scored = random_scores(1, 200, 10);
    Verification v = verify(scored.similarities, scored.list);
    v.identification = Identification{0.5, 10, 20};
    const auto json = to_json(v);
    EXPECT_EQ(json["accuracy"]["mean"].get<double>(), v.cross_validated.mean);
    EXPECT_EQ(json["accuracy"]["folds"].size(), 10u);
    EXPECT_EQ(json["tar_at_far"][0]["tar"].get<double>(), v.tar_at_far[0].tar);
    EXPECT_TRUE(json["tar_at_far"][3]["tar"].is_null());
    EXPECT_EQ(json["tar_at_far"][3]["note"], "not measurable with 100 negatives");
    EXPECT_EQ(json["similarity"]["same"]["percentiles"]["50"].get<double>(),
              v.similarity_same.percentiles[3]);
    EXPECT_EQ(json["identification"]["rank1"], 0.5);
    const std::string text = table(v);
    EXPECT_NE(text.find("TAR@FAR=0.0001          not measurable with 100 negatives"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("at the best threshold on these pairs"), std::string::npos) << text;
    EXPECT_NE(text.find("rank-1                  50.00 %"), std::string::npos) << text;
}

}  // namespace
}  // namespace facet
