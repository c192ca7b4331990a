// Figures that need only the order of the similarities: TAR@FAR, EER, AUC, distributions.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/error.h"
#include "train/eval/metrics.h"

namespace facet {
namespace {

constexpr int kBins = 40;

// How many of the ascending scores exceed a threshold.
int64_t above(const std::vector<double>& sorted, double threshold) {
    return sorted.end() - std::upper_bound(sorted.begin(), sorted.end(), threshold);
}

double share(int64_t part, size_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
}

double percentile(std::span<const double> sorted, double percent) {
    const double position = percent / 100 * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<size_t>(position);
    const size_t next = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (position - static_cast<double>(below)) * (sorted[next] - sorted[below]);
}

}  // namespace

SortedScores sorted_scores(std::span<const double> similarities, std::span<const Pair> pairs) {
    SortedScores scores;
    for (size_t i = 0; i < pairs.size(); ++i) {
        (pairs[i].same ? scores.same : scores.different).push_back(similarities[i]);
    }
    std::sort(scores.same.begin(), scores.same.end());
    std::sort(scores.different.begin(), scores.different.end());
    return scores;
}

TarAtFar tar_at_far(const SortedScores& scores, double target_far) {
    const size_t n = scores.different.size();
    TarAtFar result;
    result.target_far = target_far;
    // The allowance is for a product such as 1e-3 * 3000 that rounds to just below an integer.
    const auto accepted = static_cast<size_t>(target_far * static_cast<double>(n) * (1 + 1e-12));
    if (accepted < 1 || accepted >= n) return result;
    result.measurable = true;
    // The most similar different pair that must be rejected; pairs tied with it go with it.
    result.threshold = scores.different[n - 1 - accepted];
    result.far = share(above(scores.different, result.threshold), n);
    result.tar = share(above(scores.same, result.threshold), scores.same.size());
    return result;
}

double equal_error_rate(const SortedScores& scores) {
    // Lowers the threshold over the distinct scores: FAR rises from 0 to 1 while the false
    // rejection rate falls from 1 to 0, so FAR - FRR passes 0 exactly once.
    double far = 0, frr = 1;
    auto same = scores.same.rbegin();
    auto different = scores.different.rbegin();
    while (true) {
        double next = -std::numeric_limits<double>::infinity();
        if (same != scores.same.rend()) next = std::max(next, *same);
        if (different != scores.different.rend()) next = std::max(next, *different);
        while (same != scores.same.rend() && *same >= next) ++same;
        while (different != scores.different.rend() && *different >= next) ++different;
        const double next_far =
            share(different - scores.different.rbegin(), scores.different.size());
        const double next_frr = 1 - share(same - scores.same.rbegin(), scores.same.size());
        if (next_far >= next_frr) {
            const double before = frr - far, after = next_far - next_frr;
            return far + before / (before + after) * (next_far - far);
        }
        far = next_far;
        frr = next_frr;
    }
}

double area_under_curve(const SortedScores& scores) {
    int64_t twice_wins = 0;  // in halves, so that a tie is a whole number
    for (const double s : scores.same) {
        const auto range = std::equal_range(scores.different.begin(), scores.different.end(), s);
        twice_wins += 2 * (range.first - scores.different.begin()) + (range.second - range.first);
    }
    return static_cast<double>(twice_wins) / 2 / static_cast<double>(scores.same.size()) /
           static_cast<double>(scores.different.size());
}

Distribution distribution(std::span<const double> sorted) {
    FACET_CHECK(!sorted.empty(), "distribution: no similarities");
    Distribution result;
    const auto n = static_cast<double>(sorted.size());
    result.count = static_cast<int64_t>(sorted.size());
    for (const double s : sorted) result.mean += s / n;
    double squares = 0;
    for (const double s : sorted) squares += (s - result.mean) * (s - result.mean);
    result.std = std::sqrt(squares / n);
    result.min = sorted.front();
    result.max = sorted.back();
    for (const double percent : Distribution::kPercents) {
        result.percentiles.push_back(percentile(sorted, percent));
    }
    result.histogram.assign(kBins, 0);
    for (const double s : sorted) {  // the ends take what rounding puts beyond [-1, 1]
        const int bin = std::clamp(static_cast<int>(std::floor((s + 1) * kBins / 2)), 0, kBins - 1);
        ++result.histogram[static_cast<size_t>(bin)];
    }
    return result;
}

}  // namespace facet
