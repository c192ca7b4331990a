// What is said of a figure over the runs of several seeds.
#pragma once

#include <cmath>
#include <numeric>
#include <vector>

namespace facet {

inline double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Standard deviation of the sample, n - 1; 0 for one value.
inline double spread(const std::vector<double>& values) {
    if (values.size() < 2) return 0;
    const double centre = mean(values);
    double squares = 0;
    for (const double v : values) squares += (v - centre) * (v - centre);
    return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

}  // namespace facet
