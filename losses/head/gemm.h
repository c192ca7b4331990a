// Matrix products of the heads, row-major: C (M, N) = op(A) (M, K) op(B) (K, N) + beta C.
// The work is cut into pieces that depend on the shape alone, so the result has the same bits with
// any number of threads.
#pragma once

#include <cstdint>

namespace facet {

enum class Op { none, transpose };

// lda, ldb, ldc: elements between rows of A, B, C as stored. With beta = 0 C is not read.
// float: oneDNN sgemm. double: every entry of a product with op(B) = transpose is
// dot_lanes(row of A, row of B), so equal rows give equal bits.
template <class T>
void gemm(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const T* A, int64_t lda, const T* B,
          int64_t ldb, T beta, T* C, int64_t ldc);

// <a, scale b> over n values, in the fixed order of arithmetic.h.
double dot_lanes(const double* a, const double* b, int64_t n, double scale = 1);

}  // namespace facet
