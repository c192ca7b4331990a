// What a batch's gradient looks like at the head: angles, similarities, who pulls.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "train/learner.h"

namespace facet {

// Counts in bins of equal width; what lies outside is counted in the first or the last.
struct Histogram {
    double low = 0, high = 1;
    std::vector<int64_t> counts;

    void add(double value) { ++counts[bin_of(value)]; }
    size_t bin_of(double value) const;
    // The value below which that share of the counts lies, linear within a bin; NaN without counts.
    double quantile(double share) const;
};

struct Look {
    // Of each row of a class loss, degrees: to its own proxy, to the nearest other.
    Histogram target_angle{0, 180, std::vector<int64_t>(60)};
    Histogram nearest_angle{0, 180, std::vector<int64_t>(60)};
    // Cosines: of rows with their own proxy and with all others; of pairs of rows of one class, and
    // of two.
    Histogram positive{-1, 1, std::vector<int64_t>(80)}, negative = positive;
    Histogram pair_positive = positive, pair_negative = positive;
    // log10 |dL/dx_i| of the rows where it is not 0.
    Histogram gradient{-12, 2, std::vector<int64_t>(56)};

    double hard_negatives = 0;  // share of (i, j != y) with c_ij > c_iy: what masks call hard
    double hard_rows = 0;       // share of rows with such a negative
    double active_rows = 0;     // share of rows with a gradient: what a hinge lets through
    double active_classes = 0;  // share of proxies with one
    std::vector<double> top_samples, top_classes;  // share of the sum of gradient norms, by kTop

    // How much lower the negatives lie: the positives' 5 % quantile less the negatives' 95 %
    // quantile (UNPG, Jung et al. 2022, draws the two distributions), with proxies and in pairs.
    double gap = 0, pair_gap = 0;

    // cos between dL/dx of the whole batch and that of another loss on the same batch.
    struct Other {
        std::string loss;
        double cosine = 0;
    };
    std::vector<Other> others;
};

inline constexpr int64_t kTop[] = {1, 5, 10};

// `others`: losses with proxies if the step's has them, without if it has none.
Look look_at(const HeadStep& step, const std::vector<std::unique_ptr<Loss>>& others);

}  // namespace facet
