// The CUDA device's own kernels, as functions that put their launches on a stream.
//
// Semantics are those of engine/device.h. All pointers are device pointers. Maps are stored with
// their channels last, (N, H, W, C), in T, which is float or bfloat16; where H and W do not matter
// they are seen as rows x C, rows = N H W (or N for plain (N, C)). Parameters, statistics, vectors
// and matrices are float. Sizes are counts of elements; all are at least 1. `accumulate` adds to a
// gradient, otherwise it is overwritten. Every function returns what cudaGetLastError says of its
// launches. The results do not depend on the GPU: sums have an order that is a function of the
// shape.
//
// Verified by simulation (tests/gpusim), not yet run on a GPU.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "engine/cuda/bfloat16.h"

namespace facet::cuda {

// --- batch normalisation (batch_norm_forward.cu, batch_norm_backward.cu) ---

struct BatchNormParameters {
    const float* gamma;  // (C)
    const float* beta;   // (C)
    const float* slope;  // (C), or null: no PReLU
    float eps;
};

struct BatchNormStatistics {
    float* running_mean;      // (C), updated
    float* running_variance;  // (C), updated
    float momentum;
    float* mean;    // (C), written
    float* invstd;  // (C), written
};

struct BatchNormGradients {
    float* dgamma;  // (C)
    float* dbeta;   // (C)
    float* dslope;  // (C), or null without PReLU
    bool accumulate;
};

size_t batch_norm_workspace(int64_t rows, int64_t C);  // bytes, for both passes

// rows >= 2. addend may be null.
template <class T>
cudaError_t batch_norm_train(const BatchNormParameters& bn, const BatchNormStatistics& statistics,
                             const T* x, const T* addend, int64_t rows, int64_t C, T* y,
                             void* workspace, cudaStream_t stream);
template <class T>
cudaError_t batch_norm_eval(const BatchNormParameters& bn, const float* running_mean,
                            const float* running_variance, const T* x, const T* addend,
                            int64_t rows, int64_t C, T* y, cudaStream_t stream);
template <class T>
cudaError_t batch_norm_backward(const BatchNormParameters& bn, const T* x, const float* mean,
                                const float* invstd, const T* dy, int64_t rows, int64_t C,
                                const BatchNormGradients& gradients, T* dx, bool accumulate,
                                void* workspace, cudaStream_t stream);

// --- rows (rows.cu): y, dy (B, D) ---

cudaError_t add_bias(float* y, const float* bias, int64_t B, int64_t D, cudaStream_t stream);
size_t sum_rows_workspace(int64_t B, int64_t D);  // bytes
cudaError_t sum_rows(const float* dy, int64_t B, int64_t D, float* dbias, bool accumulate,
                     void* workspace, cudaStream_t stream);
// x, y (n, D) against (rows of a larger matrix, D): y[i] = x[rows[i]], and y[rows[i]] = x[i], where
// `rows` are distinct and the other rows of y stay as they are.
cudaError_t gather_rows(const float* x, const int64_t* rows, int64_t n, int64_t D, float* y,
                        cudaStream_t stream);
cudaError_t scatter_rows(const float* x, const int64_t* rows, int64_t n, int64_t D, float* y,
                         cudaStream_t stream);

// --- elements (elements.cu) ---

template <class T>
cudaError_t fill(T* y, int64_t count, float value, cudaStream_t stream);
// y = alpha x + beta y; y is not read where beta is 0. The residual sum is axpby(1, x, 1, y).
template <class T>
cudaError_t axpby(float alpha, const T* x, float beta, T* y, int64_t count, cudaStream_t stream);
// The step that names the random numbers: a value, or what is in device memory when the kernel
// runs, for work that is recorded once and run at many steps.
struct DropoutStep {
    uint64_t value;
    const uint64_t* cell = nullptr;  // wins where there is one
};
// y = x keep / (1 - p); keep is drawn as engine/dropout.h draws it, 0 <= p < 1.
cudaError_t dropout(const float* x, int64_t count, double p, uint64_t seed, DropoutStep step,
                    float* y, bool accumulate, cudaStream_t stream);

// x (N, C, H W) plain to y (N, H W, C), and back: copies between Layout::Plain and Layout::Map.
template <class T>
cudaError_t channels_last(const float* x, int64_t N, int64_t C, int64_t pixels, T* y,
                          cudaStream_t stream);
template <class T>
cudaError_t channels_first(const T* x, int64_t N, int64_t C, int64_t pixels, float* y,
                           cudaStream_t stream);

// --- sums of squares (sum_of_squares.cu) ---

size_t sum_of_squares_workspace(int64_t count);  // bytes
// *sum, in device memory, is written.
cudaError_t sum_of_squares(const float* x, int64_t count, double* sum, void* workspace,
                           cudaStream_t stream);

// --- hashes (hash.cu) ---

int64_t hash_chunk_count(size_t bytes);
// hashes (hash_chunk_count) = hash_chunk() of every chunk of `data`, aligned to 8 bytes.
cudaError_t hash_chunks(const void* data, size_t bytes, uint64_t* hashes, cudaStream_t stream);

}  // namespace facet::cuda
