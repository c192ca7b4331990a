// Sums of squares: of embeddings and of gradients, whose norm is clipped and must be finite.
#include "engine/cuda/kernels.h"
#include "engine/cuda/reduce.cuh"

namespace facet::cuda {
namespace {

constexpr int V = kPack<float>;

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

}  // namespace

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
