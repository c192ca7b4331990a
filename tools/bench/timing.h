// Timing for the benchmarks: samples in seconds and what is said about them.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "engine/error.h"

namespace facet::bench {

template <class Work>
double seconds_of(Work work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The median is what is reported: on a machine that others use too, the mean measures them.
struct Spread {
    double median, min, max;  // seconds
};

inline Spread spread_of(std::vector<double> samples) {
    FACET_CHECK(!samples.empty(), "bench: no samples");
    std::sort(samples.begin(), samples.end());
    const size_t n = samples.size();
    return {(samples[(n - 1) / 2] + samples[n / 2]) / 2, samples.front(), samples.back()};
}

// The median of at least `repetitions` runs and at least `least` seconds, after one run to warm up.
template <class Work>
Spread measure(int repetitions, double least, Work work) {
    work();
    std::vector<double> samples;
    for (double total = 0; std::ssize(samples) < repetitions || total < least;) {
        samples.push_back(seconds_of(work));
        total += samples.back();
    }
    return spread_of(std::move(samples));
}

}  // namespace facet::bench
