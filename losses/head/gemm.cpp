#include "losses/head/gemm.h"

#include <dnnl.h>

#include <algorithm>
#include <atomic>

#include "engine/error.h"
#include "engine/parallel.h"
#include "losses/head/arithmetic.h"

namespace facet {
namespace {

// Pieces of the longer side: at most 16, at least 128 wide (a narrow piece packs the other matrix
// for little).
int64_t piece_width(int64_t length) { return std::max<int64_t>(128, padded((length + 15) / 16)); }

}  // namespace

double dot_lanes(const double* a, const double* b, int64_t n, double scale) {
    return sum_lanes_tail<double>(n, [&](int64_t i) { return a[i] * (b[i] * scale); });
}

template <>
void gemm<float>(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const float* A, int64_t lda,
                 const float* B, int64_t ldb, float beta, float* C, int64_t ldc) {
    const char ta = a_op == Op::transpose ? 'T' : 'N', tb = b_op == Op::transpose ? 'T' : 'N';
    const bool by_rows = M >= N;
    const int64_t length = by_rows ? M : N, width = piece_width(length);
    std::atomic<int> failure{dnnl_success};
    // Inside a parallel loop oneDNN runs each product on the thread of the piece.
    const auto piece = [&](int64_t index) {
        const int64_t at = index * width, n = std::min(width, length - at);
        const int64_t row = by_rows ? at : 0, column = by_rows ? 0 : at;
        const float* a = A + (a_op == Op::transpose ? row : row * lda);
        const float* b = B + (b_op == Op::transpose ? column * ldb : column);
        const auto status = dnnl_sgemm(ta, tb, by_rows ? n : M, by_rows ? N : n, K, 1.0f, a, lda, b,
                                       ldb, beta, C + row * ldc + column, ldc);
        if (status != dnnl_success) failure = status;
    };
    parallel_for((length + width - 1) / width, M * N * K, piece);
    FACET_CHECK(failure == dnnl_success, "dnnl_sgemm: status {} for M {}, N {}, K {}",
                failure.load(), M, N, K);
}

template <>
void gemm<double>(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const double* A, int64_t lda,
                  const double* B, int64_t ldb, double beta, double* C, int64_t ldc) {
    const int64_t a_row = a_op == Op::transpose ? 1 : lda;
    const int64_t a_column = a_op == Op::transpose ? lda : 1;
    parallel_for(M, M * N * K, [&](int64_t i) {
        double* c = C + i * ldc;
        if (a_op == Op::none && b_op == Op::transpose) {
            for (int64_t j = 0; j < N; ++j) {
                const double product = dot_lanes(A + i * lda, B + j * ldb, K);
                c[j] = beta == 0 ? product : beta * c[j] + product;
            }
            return;
        }
        for (int64_t j = 0; j < N; ++j) c[j] = beta == 0 ? 0 : beta * c[j];
        for (int64_t k = 0; k < K; ++k) {
            const double a = A[i * a_row + k * a_column];
            if (b_op == Op::none) {
                const double* b = B + k * ldb;
#pragma omp simd
                for (int64_t j = 0; j < N; ++j) c[j] += a * b[j];
            } else {
                for (int64_t j = 0; j < N; ++j) c[j] += a * B[j * ldb + k];
            }
        }
    });
}

}  // namespace facet
