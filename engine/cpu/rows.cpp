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

constexpr double shortest_row = 1e-12;  // rows below it are scaled instead of normalised

double dot(const float* a, const float* b, int64_t n) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
    return sum;
}

double traffic(int64_t values) { return 4.0 * static_cast<double>(values); }

}  // namespace

void CpuDevice::fill(const Tensor& y, double value) {
    const LedgerScope scope("fill", 0, static_cast<double>(y.bytes()),
                            [&] { return to_string(y.shape()); });
    float* to = y.data<float>();
    const int64_t n = y.stored_count();
    const auto v = static_cast<float>(value);
    // Padding channels of a map stay 0 whatever the value.
    if (value == 0 || y.layout() == Layout::Plain || y.size(1) % channel_block() == 0) {
        parallel_elements(n, [=](int64_t i) { to[i] = v; });
    } else {
        copy(Tensor::full(*this, y.shape(), value), y);
    }
}

void CpuDevice::copy(const Tensor& x, const Tensor& y) {
    expect_shape("copy", "y", y, x.shape());
    const LedgerScope scope("copy", 0, static_cast<double>(x.bytes() + y.bytes()),
                            [&] { return to_string(x.shape()); });
    const float* from = x.data<float>();
    float* to = y.data<float>();
    if (x.layout() == y.layout()) {
        const int64_t n = x.stored_count();
        parallel_elements(n, [=](int64_t i) { to[i] = from[i]; });
        return;
    }
    const int64_t N = x.size(0), C = x.size(1), pixels = x.size(2) * x.size(3);
    if (y.layout() == Layout::Map) {
        onednn::to_blocks(from, N, C, pixels, to);
    } else {
        onednn::from_blocks(from, N, C, pixels, to);
    }
}

void CpuDevice::add_bias(const Tensor& y, const Tensor& bias) {
    const RowShape shape = bias_shape("add_bias", "y", y, "bias", bias);
    const int64_t B = shape.B, D = shape.D;
    const LedgerScope scope("add_bias", 1.0 * B * D, traffic(2 * B * D),
                            [&] { return to_string(y.shape()); });
    float* to = y.data<float>();
    const float* b = bias.data<float>();
    parallel_for(B, B * D, [&](int64_t i) {
#pragma omp simd
        for (int64_t d = 0; d < D; ++d) to[i * D + d] += b[d];
    });
}

void CpuDevice::sum_rows(const Tensor& dy, const Tensor& dbias, Grad mode) {
    const RowShape shape = bias_shape("sum_rows", "dy", dy, "dbias", dbias);
    const int64_t B = shape.B, D = shape.D;
    const LedgerScope scope("sum_rows", 1.0 * B * D, traffic(B * D),
                            [&] { return to_string(dy.shape()); });
    const float* from = dy.data<float>();
    float* to = dbias.data<float>();
    std::vector<double> sums(D, 0.0);
    for (int64_t i = 0; i < B; ++i) {
#pragma omp simd
        for (int64_t d = 0; d < D; ++d) sums[d] += from[i * D + d];
    }
    for (int64_t d = 0; d < D; ++d) {
        to[d] = static_cast<float>(mode == Grad::Accumulate ? to[d] + sums[d] : sums[d]);
    }
}

void CpuDevice::normalise_rows(const Tensor& x, const Tensor& norm, const Tensor& y) {
    const RowShape shape = normalise_shape(x, norm, y);
    const int64_t B = shape.B, D = shape.D;
    const LedgerScope scope("normalise_rows", 3.0 * B * D, traffic(2 * B * D),
                            [&] { return to_string(x.shape()); });
    parallel_for(B, B * D, [&](int64_t b) {
        const float* row = x.data<float>() + b * D;
        float* unit = y.data<float>() + b * D;
        const double length = std::sqrt(dot(row, row, D));
        norm.data<float>()[b] = static_cast<float>(length);
        const double scale = 1 / std::max(length, shortest_row);
#pragma omp simd
        for (int64_t d = 0; d < D; ++d) unit[d] = static_cast<float>(row[d] * scale);
    });
}

void CpuDevice::normalise_rows_backward(const Tensor& y, const Tensor& norm, const Tensor& dy,
                                        const Tensor& dx, Grad mode) {
    const RowShape shape = normalise_backward_shape(y, norm, dy, dx);
    const int64_t B = shape.B, D = shape.D;
    const LedgerScope scope("normalise_rows_backward", 5.0 * B * D, traffic(3 * B * D),
                            [&] { return to_string(y.shape()); });
    parallel_for(B, B * D, [&](int64_t b) {
        const float *unit = y.data<float>() + b * D, *dunit = dy.data<float>() + b * D;
        float* to = dx.data<float>() + b * D;
        const double length = norm.data<float>()[b];
        const double inverse = length < shortest_row ? 0 : 1 / length;
        const double along = dot(dunit, unit, D);
        if (mode == Grad::Overwrite) std::fill_n(to, D, 0.0f);
#pragma omp simd
        for (int64_t d = 0; d < D; ++d) {
            to[d] += static_cast<float>((dunit[d] - along * unit[d]) * inverse);
        }
    });
}

void CpuDevice::dropout(const Tensor& x, double p, uint64_t seed, uint64_t step, const Tensor& y,
                        Grad mode) {
    check_dropout(x, p, y);
    const LedgerScope scope("dropout", 1.0 * x.count(), traffic(2 * x.count()),
                            [&] { return to_string(x.shape()); });
    const float* from = x.data<float>();
    float* to = y.data<float>();
    const int64_t n = x.count();
    const auto scale = static_cast<float>(1 / (1 - p));
    parallel_for((n + kDropoutStream - 1) / kDropoutStream, n, [&](int64_t stream) {
        const int64_t first = stream * kDropoutStream;
        draw_dropout(seed, step, p, first, std::min(first + kDropoutStream, n),
                     [&](int64_t e, bool keep) {
                         const float v = keep ? from[e] * scale : 0.0f;
                         to[e] = mode == Grad::Accumulate ? to[e] + v : v;
                     });
    });
}

void CpuDevice::axpby(double alpha, const Tensor& x, double beta, const Tensor& y) {
    expect_like("axpby", "y", y, x);
    const LedgerScope scope("axpby", 3.0 * x.count(), traffic(3 * x.count()),
                            [&] { return to_string(x.shape()); });
    const float* from = x.data<float>();
    float* to = y.data<float>();
    const int64_t n = x.stored_count();
    const auto a = static_cast<float>(alpha), b = static_cast<float>(beta);
    if (b == 0) {  // y is not read
        parallel_elements(n, [=](int64_t i) { to[i] = a * from[i]; });
    } else {
        parallel_elements(n, [=](int64_t i) { to[i] = a * from[i] + b * to[i]; });
    }
}

double CpuDevice::sum_of_squares(const Tensor& x) {
    const LedgerScope scope("sum_of_squares", 2.0 * x.count(), traffic(x.count()),
                            [&] { return to_string(x.shape()); });
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
