#include "tools/lab/compare/intervals.h"

#include <algorithm>

namespace facet::compare {
namespace {

// Linearly between order statistics.
double quantile(const std::vector<double>& sorted, double part) {
    const double at = part * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<size_t>(at);
    const size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Intervals intervals(std::vector<double> drawn, int comparisons) {
    std::sort(drawn.begin(), drawn.end());
    const double tail = 0.025, wide_tail = tail / comparisons;
    return {quantile(drawn, tail), quantile(drawn, 1 - tail), quantile(drawn, wide_tail),
            quantile(drawn, 1 - wide_tail)};
}

}  // namespace facet::compare
