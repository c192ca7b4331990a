// Intervals of what resampling drew.
#pragma once

#include <vector>

namespace facet::compare {

// 95 % intervals: for one difference alone, and for each of `comparisons` differences so that they
// hold together (Bonferroni: a tail of 0.025 / comparisons at each end). Percentiles are
// interpolated linearly between order statistics.
struct Intervals {
    double low = 0, high = 0;
    double wide_low = 0, wide_high = 0;
};
Intervals intervals(std::vector<double> drawn, int comparisons);

}  // namespace facet::compare
