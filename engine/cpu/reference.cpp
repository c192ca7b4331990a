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

void ReferenceDevice::fill(const ElementShape& shape, const Tensor& y, double value) {
    std::fill_n(y.data<double>(), shape.stored, value);
}

void ReferenceDevice::copy(const ElementShape& shape, const Tensor& x, const Tensor& y) {
    std::copy_n(x.data<double>(), shape.stored, y.data<double>());
}

void ReferenceDevice::gemm(const GemmShape& shape, Transpose ta, Transpose tb, double alpha,
                           const Tensor& a, const Tensor& b, double beta, const Tensor& c) {
    const auto [M, N, K] = shape;
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

void ReferenceDevice::add_bias(const RowShape& shape, const Tensor& y, const Tensor& bias) {
    const auto [B, D] = shape;
    double* py = y.data<double>();
    for (int64_t b = 0; b < B; ++b)
        for (int64_t d = 0; d < D; ++d) py[b * D + d] += bias.data<double>()[d];
}

void ReferenceDevice::sum_rows(const RowShape& shape, const Tensor& dy, const Tensor& dbias,
                               Grad mode) {
    const auto [B, D] = shape;
    const double* pdy = dy.data<double>();
    for (int64_t d = 0; d < D; ++d) {
        double sum = 0;
        for (int64_t b = 0; b < B; ++b) sum += pdy[b * D + d];
        write(dbias.data<double>()[d], sum, mode);
    }
}

void ReferenceDevice::dropout(const ElementShape& shape, const Tensor& x, double p, uint64_t seed,
                              uint64_t step, const Tensor& y, Grad mode) {
    const double* px = x.data<double>();
    double* py = y.data<double>();
    draw_dropout(seed, step, p, 0, shape.stored,
                 [&](int64_t e, bool keep) { write(py[e], keep ? px[e] / (1 - p) : 0, mode); });
}

void ReferenceDevice::axpby(const ElementShape& shape, double alpha, const Tensor& x, double beta,
                            const Tensor& y) {
    const double* px = x.data<double>();
    double* py = y.data<double>();
    // As in BLAS, beta = 0 means that y is not read.
    for (int64_t i = 0; i < shape.stored; ++i)
        py[i] = alpha * px[i] + (beta == 0 ? 0 : beta * py[i]);
}

double ReferenceDevice::sum_of_squares(const Tensor& x) {
    double sum = 0;
    for (int64_t i = 0; i < x.count(); ++i) sum += x.data<double>()[i] * x.data<double>()[i];
    return sum;
}

}  // namespace facet
