// The kernels of the heads that know no loss: what losses/geometry.h and losses/head.cpp do on the
// host. All pointers are device pointers; every function returns what cudaGetLastError says of its
// launch. A tile is as in losses/cuda/loss_kernels.h.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "losses/geometry.h"
#include "losses/head_form.h"

namespace facet::cuda {

// --- vectors (geometry.cu), row by row, formed in double ---

// |v| of each row of v (rows, D), 0 below shortest_norm. If a row is not finite, *bad becomes
// `rows` less the number of the first such row; it has to be 0 before.
cudaError_t vector_norms(const float* v, int64_t rows, int64_t D, double* norms,
                         unsigned long long* bad, cudaStream_t stream);

// unit = v / |v|; zeros where the norm is 0. T: float or double.
template <class T>
cudaError_t unit_vectors(const float* v, const double* norms, int64_t rows, int64_t D, T* unit,
                         cudaStream_t stream);

// In place: dv = (du - <du, u> u) / |v|.
cudaError_t through_normalisation(const float* unit, const double* norms, int64_t rows, int64_t D,
                                  float* gradient, cudaStream_t stream);

// Embeddings and proxies with their norms.
struct Vectors {
    const float* x;        // (B, D)
    const double* x_norm;  // (B)
    const float* w;        // (C, D)
    const double* w_norm;  // (C)
    int64_t B, D;
};

// The angle between x_i and w_y, and <x_i, w_y>; of a row with label -1 the default, and 0.
cudaError_t target_angles(const Vectors& vectors, const int64_t* labels, Angle* angles,
                          double* products, cudaStream_t stream);

// What a row adds to the gradients besides the cosines with other classes.
struct RowPull {
    double tangent;  // -weight dL_i/dtheta_iy, along the tangents at x_i and at w_y
    double norm;     // weight dL_i/d|x_i| / |x_i|, times x_i
};

// dx_i += tangent / |x_i| times the unit tangent at x_i towards w_y, + norm x_i.
cudaError_t add_pulls_to_x(const Vectors& vectors, const int64_t* labels, const Angle* angles,
                           const RowPull* pulls, float* dx, cudaStream_t stream);
// dw_y += tangent / |w_y| times the unit tangent at w_y towards x_i. `order`: the `count` rows with
// a label, sorted by it; they are added in this order.
cudaError_t add_pulls_to_w(const Vectors& vectors, const int64_t* labels, const Angle* angles,
                           const RowPull* pulls, const int64_t* order, int64_t count, float* dw,
                           cudaStream_t stream);

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

}  // namespace facet::cuda
