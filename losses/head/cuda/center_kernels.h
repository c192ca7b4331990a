// The kernels of center loss (center.cu). All pointers are device pointers; every function returns
// what cudaGetLastError says of its launch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace facet::cuda {

// Embeddings and the centres of their classes.
struct Centres {
    const float* x;         // (B, D)
    const int64_t* labels;  // (B) class; -1: the row does not count
    const float* w;         // (C, D)
    const double* given;    // (C, D) in place of w, or null
    int64_t B, D;
    double counted;  // rows that count
};

// values[i] = |x_i - centre|^2 / 2 and row i of dx, which may be null; both 0 for a row that does
// not count.
cudaError_t center_rows(const Centres& centres, double* values, float* dx, cudaStream_t stream);
// dw -= what center_rows gives dx. `order`: the `count` rows that count, by class; they are
// subtracted in this order.
cudaError_t center_proxies(const Centres& centres, const int64_t* order, int64_t count, float* dw,
                           cudaStream_t stream);

}  // namespace facet::cuda
