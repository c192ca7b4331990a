// The kernels of the heads that know no loss and are more than an operation of CudaBackend. All
// pointers are device pointers. Rows of a tile are 16-byte aligned and padded to a multiple of four
// numbers.
#pragma once

#include "losses/head/cuda/head_device.h"

namespace facet::cuda {

// unit = v / |v| for `rows` vectors; zeros where the norm is 0. T: float or double.
template <class T>
void unit_vectors(Vectors<float> raw, int64_t rows, int64_t D, T* unit, cudaStream_t stream);

// In place of the products <x_u, x_v>, q_uv (n, n): that of u <= v for both.
void pair_products(PairQuantity quantity, int64_t n, double* q, cudaStream_t stream);

// columns[i] = position of the target in the tile, or -1.
void target_columns(const Tile<float>& tile, int64_t* columns, cudaStream_t stream);
// sums[first + j] = sum_i c_ij, in double.
void sum_columns(const Tile<float>& tile, double* sums, cudaStream_t stream);

// The k >= 1 largest of x[b ld .. b ld + n - 1], the best first, ties to the lower column, NaN
// after all numbers: values and columns are (B, k). Column skip[b] is not taken; -1 or a null
// `skip` takes all. Where a row has fewer than k, value -inf and column -1. The row is read k
// times.
cudaError_t top_k(const float* x, int64_t B, int64_t n, int64_t ld, const int64_t* skip, int64_t k,
                  float* values, int64_t* columns, cudaStream_t stream);

}  // namespace facet::cuda
