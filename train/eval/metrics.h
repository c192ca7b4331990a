// Verification: how well do similarities tell pairs of one person from pairs of two?
//
// A similarity is the cosine of two embeddings, in double. The usual rule of published tables works
// on the squared Euclidean distance of the unit vectors, d = 2 - 2 cos, and calls a pair "same" if
// d < t for a threshold t of 0, 0.01, ..., 3.99.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "train/eval/identification.h"
#include "train/eval/pairs.h"

namespace facet {

// Similarities of one kind of pairs. Standard deviations are of the population, percentiles are
// interpolated linearly between order statistics (NumPy's default).
struct Distribution {
    static constexpr double kPercents[] = {1, 5, 25, 50, 75, 95, 99};

    int64_t count = 0;
    double mean = 0, std = 0, min = 0, max = 0;
    std::vector<double> percentiles;  // (7), at kPercents
    std::vector<int64_t> histogram;   // (40) counts; bin i covers [-1 + i/20, -1 + (i+1)/20)
};

// The true acceptance rate at a false acceptance rate.
struct TarAtFar {
    double target_far = 0;
    // Whether the target is at least 1 / (different pairs); below that nothing can be measured and
    // the fields after this one stay 0.
    bool measurable = false;
    double threshold = 0;  // pairs are accepted if cos > threshold
    double far = 0;        // achieved: at most target_far, and exact
    double tar = 0;
};

// Accuracy by the usual rule, the threshold chosen on the other folds.
struct FoldAccuracy {
    std::vector<double> accuracy;   // (folds)
    std::vector<double> threshold;  // (folds), on d: the first that is best on the other folds
    std::vector<char> correct;      // (pairs), 1 where the pair was judged rightly by its fold
    double mean = 0, std = 0;       // over folds; std of the population
};

struct Interval {
    double low = 0, high = 0;
};

struct Verification {
    std::string protocol;             // PairList::protocol
    std::string folds_are;            // where the folds come from, in words
    int64_t same = 0, different = 0;  // pairs
    FoldAccuracy cross_validated;     // its mean is the headline number
    Interval interval;                // 95 % bootstrap interval of the headline accuracy
    int resamples = 0;                // of the bootstrap
    double best_accuracy = 0;         // at the best threshold on these very pairs: optimistic
    double best_threshold = 0;        // on d
    std::vector<TarAtFar> tar_at_far;
    double equal_error_rate = 0;
    double auc = 0;  // probability that a same pair is more similar than a different one
    Distribution similarity_same, similarity_different;
    double gap_of_means = 0;  // mean of same - mean of different
    double gap_of_tails = 0;  // 5th percentile of same - 95th percentile of different
    std::optional<Identification> identification;  // set by the caller where labels are known
};

struct VerifyOptions {
    std::vector<double> far_targets = {1e-1, 1e-2, 1e-3, 1e-4};
    int resamples = 1000;
    uint64_t seed = 0;  // of the bootstrap, and of the folds where the protocol names none
};

// Everything above from one similarity a pair. If the protocol names no folds (LFW View 1, whose
// threshold should come from other pairs), same and different pairs are shuffled and dealt evenly
// to 10 folds, or fewer where there are fewer than 10 pairs of a kind.
//
// The bootstrap draws pairs with replacement and keeps each pair's verdict: it holds thresholds
// fixed and takes pairs as independent, which pairs sharing an image are not quite.
//
// Throws Error if a similarity is NaN, infinite or no cosine (naming the pair), if there are fewer
// than 2 pairs of a kind or the sizes disagree, UsageError for a FAR target outside (0, 1) and for
// fewer than one resample.
Verification verify(std::span<const double> similarities, const PairList& list,
                    const VerifyOptions& options = {});

nlohmann::ordered_json to_json(const Verification& verification);

// For people: one line a figure, ending with a newline.
std::string table(const Verification& verification);

std::string percent(double share);  // 0.9435 -> "94.35 %"

// The parts of verify(), each on its own. They expect finite similarities.
FoldAccuracy fold_accuracy(std::span<const double> similarities, std::span<const Pair> pairs,
                           int folds);
// Accuracy at the threshold on d that is best for these pairs (the first of several).
struct BestThreshold {
    double accuracy = 0, threshold = 0;
};
BestThreshold best_threshold(std::span<const double> similarities, std::span<const Pair> pairs);

// Both kinds sorted ascending.
struct SortedScores {
    std::vector<double> same, different;
};
SortedScores sorted_scores(std::span<const double> similarities, std::span<const Pair> pairs);

// At the smallest threshold whose FAR is at most the target: no interpolation, no nearest point.
TarAtFar tar_at_far(const SortedScores& scores, double target_far);
// Where the false acceptance and the false rejection rate meet, linearly interpolated.
double equal_error_rate(const SortedScores& scores);
// Exact, by ranks; ties count one half.
double area_under_curve(const SortedScores& scores);
Distribution distribution(std::span<const double> sorted);

}  // namespace facet
