// Storage, rows and elements of the CPU device.
#include <algorithm>
#include <cmath>

#include "engine/cpu/cpu_device.h"
#include "engine/cpu/onednn.h"
#include "engine/dropout.h"
#include "engine/ledger.h"
#include "engine/parallel.h"
#include "engine/shapes.h"

namespace facet {
namespace {

double dot(const float* a, const float* b, int64_t n) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
    return sum;
}

}  // namespace

void CpuDevice::fill(const ElementShape& shape, const Tensor& y, double value) {
    float* to = y.data<float>();
    const auto v = static_cast<float>(value);
    // Padding channels of a map stay 0 whatever the value.
    if (value == 0 || y.layout() == Layout::Plain || y.size(1) % channel_block() == 0) {
        parallel_elements(shape.stored, [=](int64_t i) { to[i] = v; });
    } else {
        copy(Tensor::full(*this, y.shape(), value), y);
    }
}

void CpuDevice::copy(const ElementShape& shape, const Tensor& x, const Tensor& y) {
    const float* from = x.data<float>();
    float* to = y.data<float>();
    if (x.layout() == y.layout()) {
        parallel_elements(shape.stored, [=](int64_t i) { to[i] = from[i]; });
        return;
    }
    const int64_t N = x.size(0), C = x.size(1), pixels = x.size(2) * x.size(3);
    if (y.layout() == Layout::Map) {
        onednn::to_blocks(from, N, C, pixels, to);
    } else {
        onednn::from_blocks(from, N, C, pixels, to);
    }
}

void CpuDevice::add_bias(const RowShape& shape, const Tensor& y, const Tensor& bias) {
    const int64_t B = shape.B, D = shape.D;
    float* to = y.data<float>();
    const float* b = bias.data<float>();
    parallel_for(B, B * D, [&](int64_t i) {
#pragma omp simd
        for (int64_t d = 0; d < D; ++d) to[i * D + d] += b[d];
    });
}

void CpuDevice::sum_rows(const RowShape& shape, const Tensor& dy, const Tensor& dbias, Grad mode) {
    const int64_t B = shape.B, D = shape.D;
    const float* from = dy.data<float>();
    float* to = dbias.data<float>();
    std::vector<double> sums(D, 0.0);
    for (int64_t i = 0; i < B; ++i) {
#pragma omp simd
        for (int64_t d = 0; d < D; ++d) sums[d] += from[i * D + d];
    }
    for (int64_t d = 0; d < D; ++d) {
        to[d] = static_cast<float>(accumulates(mode) ? to[d] + sums[d] : sums[d]);
    }
}

void CpuDevice::dropout(const ElementShape& shape, const Tensor& x, double p, uint64_t seed,
                        uint64_t step, const Tensor& y, Grad mode) {
    const float* from = x.data<float>();
    float* to = y.data<float>();
    const int64_t n = shape.stored;
    const auto scale = static_cast<float>(1 / (1 - p));
    parallel_for((n + kDropoutStream - 1) / kDropoutStream, n, [&](int64_t stream) {
        const int64_t first = stream * kDropoutStream;
        draw_dropout(seed, step, p, first, std::min(first + kDropoutStream, n),
                     [&](int64_t e, bool keep) {
                         const float v = keep ? from[e] * scale : 0.0f;
                         to[e] = accumulates(mode) ? to[e] + v : v;
                     });
    });
}

void CpuDevice::axpby(const ElementShape& shape, double alpha, const Tensor& x, double beta,
                      const Tensor& y) {
    const float* from = x.data<float>();
    float* to = y.data<float>();
    const int64_t n = shape.stored;
    const auto a = static_cast<float>(alpha), b = static_cast<float>(beta);
    if (b == 0) {  // y is not read
        parallel_elements(n, [=](int64_t i) { to[i] = a * from[i]; });
    } else {
        parallel_elements(n, [=](int64_t i) { to[i] = a * from[i] + b * to[i]; });
    }
}

double CpuDevice::sum_of_squares(const Tensor& x) {
    const LedgerScope scope = ledger("sum_of_squares", 2.0 * x.count(), {x});
    // Runs of fixed length, summed in order: the same bits for every number of threads.
    constexpr int64_t run = 4096;
    const float* from = x.data<float>();
    const int64_t n = x.stored_count(), runs = (n + run - 1) / run;
    std::vector<double> partial(runs);
    parallel_for(runs, n, [&](int64_t r) {
        partial[r] = dot(from + r * run, from + r * run, std::min(run, n - r * run));
    });
    double sum = 0;
    for (const double value : partial) sum += value;
    return sum;
}

}  // namespace facet
