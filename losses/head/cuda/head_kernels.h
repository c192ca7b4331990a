// The kernels of the heads that know no loss: what losses/head/cpu does on the host. All
// pointers are device pointers; every function returns what cudaGetLastError says of its launch.
// Rows of a tile are 16-byte aligned and padded to a multiple of four numbers.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "losses/head/backend.h"

namespace facet::cuda {

// --- vectors (geometry.cu), row by row, formed in double ---

// |v| of each row of v (rows, D), 0 below shortest_norm. If a row is not finite, *bad becomes
// `rows` less the number of the first such row; it has to be 0 before.
cudaError_t vector_norms(const float* v, int64_t rows, int64_t D, double* norms, uint64_t* bad,
                         cudaStream_t stream);

// unit = v / |v|; zeros where the norm is 0. T: float or double.
template <class T>
cudaError_t unit_vectors(const float* v, const double* norms, int64_t rows, int64_t D, T* unit,
                         cudaStream_t stream);

// In place: dv = (du - <du, u> u) / |v|.
cudaError_t through_normalisation(const float* unit, const double* norms, int64_t rows, int64_t D,
                                  float* gradient, cudaStream_t stream);

// The angle between x_i and w_y, and its cosine or <x_i, w_y>; of a row with label -1 the default,
// and 0.
cudaError_t target_angles(const Targets<float>& targets, bool cosines, Angle* angles,
                          double* products, cudaStream_t stream);

// dx_i += tangent / |x_i| times the unit tangent at x_i towards w_y, + norm x_i.
cudaError_t add_pulls_to_x(const Targets<float>& targets, const Angle* angles, const RowPull* pulls,
                           float* dx, cudaStream_t stream);
// dw_y += tangent / |w_y| times the unit tangent at w_y towards x_i. `order`: the `count` rows with
// a label, sorted by it; they are added in this order.
cudaError_t add_pulls_to_w(const Targets<float>& targets, const Angle* angles, const RowPull* pulls,
                           const int64_t* order, int64_t count, float* dw, cudaStream_t stream);

// --- tiles of cosines (tiles.cu) ---

// Clips to [-1, 1].
cudaError_t clip_cosines(const Tile<float>& tile, cudaStream_t stream);
// columns[i] = position of the target in the tile, or -1.
cudaError_t target_columns(const Tile<float>& tile, int64_t* columns, cudaStream_t stream);
// 0 at the targets.
cudaError_t zero_targets(const Tile<float>& tile, cudaStream_t stream);
// sums[first + j] = sum_i c_ij, in double.
cudaError_t sum_columns(const Tile<float>& tile, double* sums, cudaStream_t stream);
// matrix[i C + first + j] = c_ij
cudaError_t copy_tile(const Tile<float>& tile, float* matrix, int64_t C, cudaStream_t stream);

// --- the largest of every row (top_k.cu) ---

// The k >= 1 largest of x[b ld .. b ld + n - 1], the best first, ties to the lower column, NaN
// after all numbers: values and columns are (B, k). Column skip[b] is not taken; -1 or a null
// `skip` takes all. Where a row has fewer than k, value -inf and column -1. The row is read k
// times.
cudaError_t top_k(const float* x, int64_t B, int64_t n, int64_t ld, const int64_t* skip, int64_t k,
                  float* values, int64_t* columns, cudaStream_t stream);

}  // namespace facet::cuda
