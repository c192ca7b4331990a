// The kernels of the pairs of a batch, whatever the loss (pairs.cu): what losses/head/cpu does on
// the host. All pointers are device pointers, all sizes at least 1; every function returns what
// cudaGetLastError says of its launch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "losses/head/pair_quantity.h"

namespace facet::cuda {

// x_u = row rows[u] of v (B, D), divided by its norm where the quantity is one of unit vectors.
cudaError_t pair_vectors(PairQuantity quantity, const float* v, const double* norms,
                         const int64_t* rows, int64_t n, int64_t D, double* x, cudaStream_t stream);
// In place of the products <x_u, x_v>, q_uv (n, n): that of u <= v for both.
cudaError_t pair_products(PairQuantity quantity, int64_t n, double* q, cudaStream_t stream);
// q_uv of the distances between x_u and x_v; `norms` (B) are those of the embeddings.
cudaError_t pair_distances(PairQuantity quantity, const double* x, const double* norms,
                           const int64_t* rows, int64_t n, int64_t D, double* q,
                           cudaStream_t stream);
// In place of dL/dq_uv / scale, the factor h_uv with which v enters dL/dx_u.
cudaError_t join_pairs(PairQuantity quantity, const double* q, double scale, int64_t n, double* g,
                       cudaStream_t stream);
// dx_u = sum_v h_uv (x_u - x_v)
cudaError_t pair_differences(const double* h, const double* x, int64_t n, int64_t D, double* dx,
                             cudaStream_t stream);
// Row rows[u] of `gradient` (B, D) = dx_u, through the normalisation where there was one.
cudaError_t finish_pairs(PairQuantity quantity, const double* x, const double* norms,
                         const int64_t* rows, const double* dx, int64_t n, int64_t D,
                         float* gradient, cudaStream_t stream);

}  // namespace facet::cuda
