#include "train/eval/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "engine/error.h"
#include "engine/random.h"

namespace facet {
namespace {

constexpr int kThresholds = 400;
constexpr double kThresholdStep = 0.01;
constexpr int kOwnFolds = 10;  // where the protocol names none

// Streams of Purpose::Pairs, told apart by their step; generated pairs use 0 to 2.
enum Stream : uint64_t { kFoldsOfSame = 16, kFoldsOfDifferent = 17, kBootstrap = 18 };

// Pairs judged rightly at each threshold.
using Counts = std::array<int64_t, kThresholds>;

double threshold(int index) { return index * kThresholdStep; }

// The first threshold at which a pair is called "same", kThresholds if there is none.
int first_accepting(double similarity) {
    const double d = 2 - 2 * similarity;
    int index = std::clamp(static_cast<int>(d / kThresholdStep) - 1, 0, kThresholds);
    while (index < kThresholds && !(d < threshold(index))) ++index;
    return index;
}

// A same pair is judged rightly from its first accepting threshold on, a different pair before it.
void count(Counts& correct, double similarity, bool same) {
    const int first = first_accepting(similarity);
    const auto middle = correct.begin() + first;
    const auto begin = same ? middle : correct.begin();
    const auto end = same ? correct.end() : middle;
    std::for_each(begin, end, [](int64_t& n) { ++n; });
}

int first_best(const Counts& correct) {
    return static_cast<int>(std::max_element(correct.begin(), correct.end()) - correct.begin());
}

void set_mean_and_std(FoldAccuracy& result) {
    const auto n = static_cast<double>(result.accuracy.size());
    result.mean = std::accumulate(result.accuracy.begin(), result.accuracy.end(), 0.0) / n;
    double squares = 0;
    for (const double a : result.accuracy) squares += (a - result.mean) * (a - result.mean);
    result.std = std::sqrt(squares / n);
}

std::string name_of(const PairList& list, size_t i) {
    const Pair& pair = list.pairs[i];
    const auto a = static_cast<size_t>(pair.a), b = static_cast<size_t>(pair.b);
    if (std::max(a, b) < list.files.size()) {
        return fmt::format("pair {} ({}, {})", i, list.files[a], list.files[b]);
    }
    return fmt::format("pair {} (images {} and {})", i, pair.a, pair.b);
}

void check(std::span<const double> similarities, const PairList& list) {
    FACET_CHECK(similarities.size() == list.pairs.size(), "verification: {} similarities, {} pairs",
                similarities.size(), list.pairs.size());
    // Cosines computed in float32 may exceed 1 by rounding, but by no more than this.
    constexpr double kLimit = 1 + 1e-4;
    for (size_t i = 0; i < similarities.size(); ++i) {
        FACET_CHECK(std::abs(similarities[i]) <= kLimit,
                    "verification: {} has the similarity {}, expected a cosine", name_of(list, i),
                    similarities[i]);
        FACET_CHECK(list.pairs[i].fold >= 0 && list.pairs[i].fold < list.folds,
                    "verification: {} is in fold {} of {}", name_of(list, i), list.pairs[i].fold,
                    list.folds);
    }
}

// Deals the pairs of one kind to folds in shuffled order.
void deal(std::vector<Pair>& pairs, bool same, int folds, Random random) {
    std::vector<size_t> members;
    for (size_t i = 0; i < pairs.size(); ++i) {
        if (pairs[i].same == same) members.push_back(i);
    }
    random.shuffle(std::span(members));
    for (size_t i = 0; i < members.size(); ++i) {
        pairs[members[i]].fold = static_cast<int>(i % static_cast<size_t>(folds));
    }
}

// The 2.5th and 97.5th percentile of the accuracy over resampled pairs.
Interval bootstrap(const std::vector<char>& correct, int resamples, uint64_t seed) {
    std::vector<double> accuracies;
    for (int r = 0; r < resamples; ++r) {
        Random random(seed, Purpose::Pairs, kBootstrap, static_cast<uint64_t>(r));
        int64_t right = 0;
        for (size_t i = 0; i < correct.size(); ++i) right += correct[random.below(correct.size())];
        accuracies.push_back(static_cast<double>(right) / static_cast<double>(correct.size()));
    }
    std::sort(accuracies.begin(), accuracies.end());
    const auto at = [&](double share) {
        return accuracies[static_cast<size_t>(std::lround(share * (resamples - 1)))];
    };
    return {at(0.025), at(0.975)};
}

}  // namespace

FoldAccuracy fold_accuracy(std::span<const double> similarities, std::span<const Pair> pairs,
                           int folds) {
    std::vector<Counts> correct(static_cast<size_t>(folds), Counts{});
    std::vector<int64_t> size(static_cast<size_t>(folds), 0);
    Counts all{};
    for (size_t i = 0; i < pairs.size(); ++i) {
        const auto fold = static_cast<size_t>(pairs[i].fold);
        count(correct[fold], similarities[i], pairs[i].same);
        count(all, similarities[i], pairs[i].same);
        ++size[fold];
    }
    FoldAccuracy result;
    std::vector<int> chosen;
    for (size_t f = 0; f < correct.size(); ++f) {
        FACET_CHECK(size[f] > 0 && size[f] < static_cast<int64_t>(pairs.size()),
                    "verification: fold {} holds {} of {} pairs; expected some, but not all", f,
                    size[f], pairs.size());
        Counts others = all;
        for (size_t t = 0; t < others.size(); ++t) others[t] -= correct[f][t];
        const int best = first_best(others);
        chosen.push_back(best);
        result.threshold.push_back(threshold(best));
        result.accuracy.push_back(static_cast<double>(correct[f][static_cast<size_t>(best)]) /
                                  static_cast<double>(size[f]));
    }
    for (size_t i = 0; i < pairs.size(); ++i) {
        const bool accepted =
            first_accepting(similarities[i]) <= chosen[static_cast<size_t>(pairs[i].fold)];
        result.correct.push_back(accepted == pairs[i].same);
    }
    set_mean_and_std(result);
    return result;
}

BestThreshold best_threshold(std::span<const double> similarities, std::span<const Pair> pairs) {
    Counts correct{};
    for (size_t i = 0; i < pairs.size(); ++i) count(correct, similarities[i], pairs[i].same);
    const int best = first_best(correct);
    return {
        static_cast<double>(correct[static_cast<size_t>(best)]) / static_cast<double>(pairs.size()),
        threshold(best)};
}

Verification verify(std::span<const double> similarities, const PairList& list,
                    const VerifyOptions& options) {
    for (const double target : options.far_targets) {
        FACET_USAGE(target > 0 && target < 1, "FAR target {}; expected between 0 and 1", target);
    }
    FACET_USAGE(options.resamples >= 1, "{} bootstrap resamples; expected at least 1",
                options.resamples);
    check(similarities, list);
    const SortedScores scores = sorted_scores(similarities, list.pairs);

    Verification result;
    result.protocol = list.protocol;
    result.same = static_cast<int64_t>(scores.same.size());
    result.different = static_cast<int64_t>(scores.different.size());
    const int64_t fewer = std::min(result.same, result.different);
    FACET_CHECK(fewer >= 2, "verification: {} same and {} different pairs; expected 2 of each",
                result.same, result.different);

    std::vector<Pair> pairs = list.pairs;
    int folds = list.folds;
    if (list.cross_validated) {
        result.folds_are = fmt::format("{} folds of the protocol", folds);
    } else {
        folds = static_cast<int>(std::min<int64_t>(kOwnFolds, fewer));
        deal(pairs, true, folds, Random(options.seed, Purpose::Pairs, kFoldsOfSame));
        deal(pairs, false, folds, Random(options.seed, Purpose::Pairs, kFoldsOfDifferent));
        result.folds_are =
            fmt::format("{} stratified folds dealt here, seed {}", folds, options.seed);
    }
    result.cross_validated = fold_accuracy(similarities, pairs, folds);
    result.interval = bootstrap(result.cross_validated.correct, options.resamples, options.seed);
    result.resamples = options.resamples;
    const BestThreshold best = best_threshold(similarities, pairs);
    result.best_accuracy = best.accuracy;
    result.best_threshold = best.threshold;

    for (const double target : options.far_targets) {
        result.tar_at_far.push_back(tar_at_far(scores, target));
    }
    result.equal_error_rate = equal_error_rate(scores);
    result.auc = area_under_curve(scores);
    result.similarity_same = distribution(scores.same);
    result.similarity_different = distribution(scores.different);
    result.gap_of_means = result.similarity_same.mean - result.similarity_different.mean;
    constexpr size_t k5th = 1, k95th = 5;
    static_assert(Distribution::kPercents[k5th] == 5 && Distribution::kPercents[k95th] == 95);
    result.gap_of_tails =
        result.similarity_same.percentiles[k5th] - result.similarity_different.percentiles[k95th];
    return result;
}

}  // namespace facet
