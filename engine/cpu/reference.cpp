#include "engine/cpu/reference.h"

#include <algorithm>
#include <cmath>

#include "engine/dropout.h"
#include "engine/shapes.h"

namespace facet {

Device& reference_device() {
    static ReferenceDevice device;
    return device;
}

void ReferenceDevice::fill(const Tensor& y, double value) {
    std::fill_n(y.data<double>(), y.count(), value);
}

void ReferenceDevice::copy(const Tensor& x, const Tensor& y) {
    expect_shape("copy", "y", y, x.shape());
    std::copy_n(x.data<double>(), x.count(), y.data<double>());
}

void ReferenceDevice::gemm(Transpose ta, Transpose tb, double alpha, const Tensor& a,
                           const Tensor& b, double beta, const Tensor& c) {
    const auto [M, N, K] = gemm_shape(ta, tb, a, b, c);
    const double *pa = a.data<double>(), *pb = b.data<double>();
    double* pc = c.data<double>();
    for (int64_t i = 0; i < M; ++i) {
        for (int64_t j = 0; j < N; ++j) {
            double sum = 0;
            for (int64_t k = 0; k < K; ++k) {
                const double a_ik = ta == Transpose::No ? pa[i * K + k] : pa[k * M + i];
                const double b_kj = tb == Transpose::No ? pb[k * N + j] : pb[j * K + k];
                sum += a_ik * b_kj;
            }
            double& target = pc[i * N + j];
            // As in BLAS, beta = 0 means that c is not read.
            target = alpha * sum + (beta == 0 ? 0 : beta * target);
        }
    }
}

void ReferenceDevice::add_bias(const Tensor& y, const Tensor& bias) {
    const auto [B, D] = bias_shape("add_bias", "y", y, "bias", bias);
    double* py = y.data<double>();
    for (int64_t b = 0; b < B; ++b)
        for (int64_t d = 0; d < D; ++d) py[b * D + d] += bias.data<double>()[d];
}

void ReferenceDevice::sum_rows(const Tensor& dy, const Tensor& dbias, Grad mode) {
    const auto [B, D] = bias_shape("sum_rows", "dy", dy, "dbias", dbias);
    const double* pdy = dy.data<double>();
    for (int64_t d = 0; d < D; ++d) {
        double sum = 0;
        for (int64_t b = 0; b < B; ++b) sum += pdy[b * D + d];
        write(dbias.data<double>()[d], sum, mode);
    }
}

namespace {
constexpr double shortest_row = 1e-12;  // rows below it are not normalised but scaled

double dot(const double* a, const double* b, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
}
}  // namespace

void ReferenceDevice::normalise_rows(const Tensor& x, const Tensor& norm, const Tensor& y) {
    const auto [B, D] = normalise_shape(x, norm, y);
    for (int64_t b = 0; b < B; ++b) {
        const double* row = x.data<double>() + b * D;
        const double length = std::sqrt(dot(row, row, D));
        norm.data<double>()[b] = length;
        for (int64_t d = 0; d < D; ++d)
            y.data<double>()[b * D + d] = row[d] / std::max(length, shortest_row);
    }
}

void ReferenceDevice::normalise_rows_backward(const Tensor& y, const Tensor& norm, const Tensor& dy,
                                              const Tensor& dx, Grad mode) {
    const auto [B, D] = normalise_backward_shape(y, norm, dy, dx);
    for (int64_t b = 0; b < B; ++b) {
        const double *y_b = y.data<double>() + b * D, *dy_b = dy.data<double>() + b * D;
        const double length = norm.data<double>()[b];
        const double along = dot(dy_b, y_b, D);  // the radial part has no effect on y
        for (int64_t d = 0; d < D; ++d) {
            const double dx_d = length < shortest_row ? 0 : (dy_b[d] - along * y_b[d]) / length;
            write(dx.data<double>()[b * D + d], dx_d, mode);
        }
    }
}

void ReferenceDevice::dropout(const Tensor& x, double p, uint64_t seed, uint64_t step,
                              const Tensor& y, Grad mode) {
    check_dropout(x, p, y);
    const double* px = x.data<double>();
    double* py = y.data<double>();
    draw_dropout(seed, step, p, 0, x.count(),
                 [&](int64_t e, bool keep) { write(py[e], keep ? px[e] / (1 - p) : 0, mode); });
}

void ReferenceDevice::axpby(double alpha, const Tensor& x, double beta, const Tensor& y) {
    expect_like("axpby", "y", y, x);
    const double* px = x.data<double>();
    double* py = y.data<double>();
    // As in BLAS, beta = 0 means that y is not read.
    for (int64_t i = 0; i < x.count(); ++i) py[i] = alpha * px[i] + (beta == 0 ? 0 : beta * py[i]);
}

double ReferenceDevice::sum_of_squares(const Tensor& x) {
    return dot(x.data<double>(), x.data<double>(), x.count());
}

}  // namespace facet
