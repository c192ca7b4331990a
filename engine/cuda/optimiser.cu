// Optimiser steps, and what they need to know of all gradients: their squares, and whether they
// are numbers.
#include "engine/cuda/kernels.h"
#include "engine/cuda/reduce.cuh"

namespace facet::cuda {
namespace {

constexpr int V = kPack<float>;

// Whether anything moves; then `step` is what the source says.
template <class Parameters>
__device__ __forceinline__ bool read_source(const UpdateSource& source, Parameters& step) {
    if (!source.cell) return true;
    const UpdateCell cell = *source.cell;
    step.lr = cell.lr;
    if (source.clipped) step.gradient_scale = cell.gradient_scale;
    if constexpr (std::is_same_v<Parameters, AdamWParameters>) {
        step.correction1 = cell.correction1;
        step.correction2 = cell.correction2;
    }
    return cell.moves != 0;
}

template <int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    sgd_step_kernel(SgdParameters step, const UpdateSource source, const float* __restrict__ dw,
                    float* __restrict__ v, float* __restrict__ w, int64_t count) {
    if (!read_source(source, step)) return;
    for_each_step<V>(count, [&]<int n>(int64_t i) {
        Lanes<n> w_i = load<n>(w + i), v_i = load<n>(v + i);
        const Lanes<n> dw_i = load<n>(dw + i);
        for (int k = 0; k < n; ++k) {
            const float d = step.gradient_scale * dw_i[k] + step.weight_decay * w_i[k];
            v_i[k] = step.momentum * v_i[k] + d;
            w_i[k] -= step.lr * (step.nesterov ? d + step.momentum * v_i[k] : v_i[k]);
        }
        store<n>(v + i, v_i);
        store<n>(w + i, w_i);
    });
}

template <int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    adamw_step_kernel(AdamWParameters step, const UpdateSource source, const float* __restrict__ dw,
                      float* __restrict__ m, float* __restrict__ v, float* __restrict__ w,
                      int64_t count) {
    if (!read_source(source, step)) return;
    for_each_step<V>(count, [&]<int n>(int64_t i) {
        Lanes<n> w_i = load<n>(w + i), m_i = load<n>(m + i), v_i = load<n>(v + i);
        const Lanes<n> dw_i = load<n>(dw + i);
        for (int k = 0; k < n; ++k) {
            const float d = step.gradient_scale * dw_i[k];
            m_i[k] = step.beta1 * m_i[k] + step.rest1 * d;
            v_i[k] = step.beta2 * v_i[k] + step.rest2 * d * d;
            const float update =
                (m_i[k] / step.correction1) / (sqrtf(v_i[k] / step.correction2) + step.eps);
            w_i[k] -= step.lr * (update + step.weight_decay * w_i[k]);
        }
        store<n>(m + i, m_i);
        store<n>(v + i, v_i);
        store<n>(w + i, w_i);
    });
}

// A thread adds up in float64, then the block: partial[block].
template <int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    sum_of_squares_kernel(const float* __restrict__ x, int64_t count,
                          double* __restrict__ partial) {
    double sum = 0;
    for_each_step<V>(count, [&]<int n>(int64_t i) {
        const Lanes<n> value = load<n>(x + i);
        for (int k = 0; k < n; ++k) sum += static_cast<double>(value[k]) * value[k];
    });
    sum = block_sum(sum);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    sum_of_squares_finish_kernel(const double* __restrict__ partial, int blocks,
                                 double* __restrict__ result) {
    double sum = 0;
    for (int i = threadIdx.x; i < blocks; i += kThreads) sum += partial[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) *result = sum;
}

// One thread, in the order in which the host adds: the bits are the same wherever it is decided.
__global__ void __launch_bounds__(kThreads, kBlocks)
    decide_update_kernel(const double* __restrict__ squares, int clipped, int count, double clip,
                         UpdateCell* cell) {
    if (threadIdx.x > 0) return;
    double sum = 0;
    bool finite = true;
    for (int i = 0; i < count; ++i) {
        const double square = squares[i];
        finite = finite && square - square == 0;
        if (i < clipped) sum += square;
    }
    const double norm = sqrt(sum);
    cell->norm = norm;
    cell->moves = finite ? 1 : 0;
    cell->gradient_scale = static_cast<float>(clip > 0 && norm > clip ? clip / norm : 1);
}

}  // namespace

cudaError_t decide_update(const double* squares, int clipped, int count, double clip,
                          UpdateCell* cell, cudaStream_t stream) {
    FACET_LAUNCH(decide_update_kernel, 1, kThreads, 0, stream)(squares, clipped, count, clip, cell);
    return cudaGetLastError();
}

cudaError_t sgd_step(const SgdParameters& step, const float* dw, float* v, float* w, int64_t count,
                     cudaStream_t stream, UpdateSource source) {
    if (all_aligned(dw, v, w)) {
        FACET_LAUNCH(sgd_step_kernel<V>, flat_blocks(count, V), kThreads, 0, stream)
        (step, source, dw, v, w, count);
    } else {
        FACET_LAUNCH(sgd_step_kernel<1>, flat_blocks(count, 1), kThreads, 0, stream)
        (step, source, dw, v, w, count);
    }
    return cudaGetLastError();
}

cudaError_t adamw_step(const AdamWParameters& step, const float* dw, float* m, float* v, float* w,
                       int64_t count, cudaStream_t stream, UpdateSource source) {
    if (all_aligned(dw, m, v, w)) {
        FACET_LAUNCH(adamw_step_kernel<V>, flat_blocks(count, V), kThreads, 0, stream)
        (step, source, dw, m, v, w, count);
    } else {
        FACET_LAUNCH(adamw_step_kernel<1>, flat_blocks(count, 1), kThreads, 0, stream)
        (step, source, dw, m, v, w, count);
    }
    return cudaGetLastError();
}

size_t sum_of_squares_workspace(int64_t count) { return flat_blocks(count, 1) * sizeof(double); }

cudaError_t sum_of_squares(const float* x, int64_t count, double* sum, void* workspace,
                           cudaStream_t stream) {
    auto* partial = static_cast<double*>(workspace);
    const unsigned blocks = flat_blocks(count, aligned(x) ? V : 1);
    if (aligned(x)) {
        FACET_LAUNCH(sum_of_squares_kernel<V>, blocks, kThreads, 0, stream)(x, count, partial);
    } else {
        FACET_LAUNCH(sum_of_squares_kernel<1>, blocks, kThreads, 0, stream)(x, count, partial);
    }
    FACET_LAUNCH(sum_of_squares_finish_kernel, 1, kThreads, 0, stream)
    (partial, static_cast<int>(blocks), sum);
    return cudaGetLastError();
}

}  // namespace facet::cuda
