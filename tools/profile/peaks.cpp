#include "tools/profile/peaks.h"

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "tools/bench/timing.h"

namespace facet::profile {
namespace {

constexpr int repetitions = 8;

// Twelve vectors at a time: enough for two multiply-adds a cycle of a latency of five, and few
// enough for sixteen registers.
using Vector = float __attribute__((vector_size(64)));
constexpr int64_t chains = 12, lanes = 16;

float multiply_add(int64_t rounds) {
    Vector sum[chains], factor, addend;
    for (int64_t i = 0; i < lanes; ++i) {
        factor[i] = 0.999f;
        addend[i] = 1e-3f;
    }
    for (int64_t c = 0; c < chains; ++c) sum[c] = addend * static_cast<float>(c);
    for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
        for (int64_t c = 0; c < chains; ++c) sum[c] = sum[c] * factor + addend;
    }
    float all = 0;
    for (int64_t c = 0; c < chains; ++c) {
        for (int64_t i = 0; i < lanes; ++i) all += sum[c][i];
    }
    return all;
}

double measure_flops() {
    constexpr int64_t rounds = 2'000'000;
    double best = 1e300;
    volatile float seen = 0;  // the work has a result
    for (int i = 0; i < repetitions; ++i) {
        float all = 0;
        best = std::min(best, bench::seconds_of([&] {
#pragma omp parallel reduction(+ : all)
                            all += multiply_add(rounds);
                        }));
        seen = all;
    }
    static_cast<void>(seen);
    const auto operations = static_cast<double>(2 * rounds * chains * lanes);
    return operations * omp_get_max_threads() / best;
}

double measure_bandwidth() {
    constexpr int64_t n = 16 << 20;  // 64 MiB each
    const auto a = std::make_unique_for_overwrite<float[]>(n),
               b = std::make_unique_for_overwrite<float[]>(n),
               c = std::make_unique_for_overwrite<float[]>(n);
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < n; ++i) {
        a[i] = 0;
        b[i] = 1;
        c[i] = 2;
    }
    double best = 1e300;
    for (int k = 0; k < repetitions; ++k) {
        float *to = a.get(), *one = b.get(), *other = c.get();
        best = std::min(best, bench::seconds_of([&] {
#pragma omp parallel for simd schedule(static)
                            for (int64_t i = 0; i < n; ++i) to[i] = one[i] + 3 * other[i];
                        }));
    }
    return 3 * sizeof(float) * static_cast<double>(n) / best;
}

}  // namespace

Peaks measure_peaks() { return {measure_flops(), measure_bandwidth()}; }

}  // namespace facet::profile
