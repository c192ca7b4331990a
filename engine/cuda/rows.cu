// Matrices (B, D) row by row: bias, column sums, chosen rows.
#include "engine/cuda/channels.cuh"
#include "engine/cuda/kernels.h"

namespace facet::cuda {
namespace {

template <int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    add_bias_kernel(float* y, const float* __restrict__ bias, int64_t B, int64_t D,
                    int64_t rows_a_block) {
    const ChannelPart part = channel_part<V>(B, D, rows_a_block);
    if (part.first >= part.last) return;
    const Lanes<V> b = load<V>(bias + part.channel);
    for (int64_t row = part.first; row < part.last; row += part.step)
        store_gradient<V>(y + row * D + part.channel, b, true);
}

template <int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    sum_rows_kernel(const float* __restrict__ dy, int64_t B, int64_t D, int64_t rows_a_block,
                    float* __restrict__ partial) {
    const ChannelPart part = channel_part<V>(B, D, rows_a_block);
    float sums[1][V] = {};
    for (int64_t row = part.first; row < part.last; row += part.step) {
        const Lanes<V> value = load<V>(dy + row * D + part.channel);
        for (int k = 0; k < V; ++k) sums[0][k] += value[k];
    }
    write_channel_sums<1, V>(sums, D, partial);
}

__global__ void __launch_bounds__(kCombineThreads)
    sum_rows_finish_kernel(const float* __restrict__ partial, int64_t chunks, int64_t D,
                           float* dbias, bool accumulate) {
    double sum[1];
    if (!combine_channel_sums<1>(partial, chunks, D, sum)) return;
    store_gradient(dbias + static_cast<int64_t>(blockIdx.x) * 32 + threadIdx.x, sum[0], accumulate);
}

// y[i] = x[rows[i]], or with `scatter` y[rows[i]] = x[i], V floats a step.
template <bool scatter, int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    copy_rows_kernel(const float* __restrict__ x, const int64_t* __restrict__ rows, int64_t n,
                     int64_t D, float* __restrict__ y) {
    const int64_t steps_a_row = D / V;
    for_each_step<1>(n * steps_a_row, [&]<int>(int64_t step) {
        const int64_t i = step / steps_a_row, d = (step - i * steps_a_row) * V, row = rows[i];
        store<V>(y + (scatter ? row : i) * D + d, load<V>(x + (scatter ? i : row) * D + d));
    });
}

template <bool scatter>
cudaError_t copy_rows(const float* x, const int64_t* rows, int64_t n, int64_t D, float* y,
                      cudaStream_t stream) {
    with_width<4>(D % 4 == 0 && all_aligned(x, y), [&](auto V) {
        FACET_LAUNCH((copy_rows_kernel<scatter, V>), flat_blocks(n * (D / V), 1), kThreads, 0,
                     stream)
        (x, rows, n, D, y);
    });
    return cudaGetLastError();
}

}  // namespace

cudaError_t add_bias(float* y, const float* bias, int64_t B, int64_t D, cudaStream_t stream) {
    with_width<4>(D % 4 == 0 && all_aligned(y, bias), [&](auto V) {
        const ChannelTiles tiles = channel_tiles(B, D, V, kMapRowsAThread);
        FACET_LAUNCH(add_bias_kernel<V>, tiles.grid, tiles.block, 0, stream)
        (y, bias, B, D, tiles.rows_a_block);
    });
    return cudaGetLastError();
}

size_t sum_rows_workspace(int64_t B, int64_t D) {
    return static_cast<size_t>(channel_sum_floats(B, D, 1)) * sizeof(float);
}

cudaError_t sum_rows(const float* dy, int64_t B, int64_t D, float* dbias, bool accumulate,
                     void* workspace, cudaStream_t stream) {
    auto* partial = static_cast<float*>(workspace);
    with_width<4>(D % 4 == 0 && all_aligned(dy), [&](auto V) {
        const ChannelTiles tiles = channel_sum_tiles(B, D, V);
        FACET_LAUNCH(sum_rows_kernel<V>, tiles.grid, tiles.block, 0, stream)
        (dy, B, D, tiles.rows_a_block, partial);
        FACET_LAUNCH(sum_rows_finish_kernel, combine_blocks(D), dim3(32, 32), 0, stream)
        (partial, tiles.chunks(), D, dbias, accumulate);
    });
    return cudaGetLastError();
}

cudaError_t gather_rows(const float* x, const int64_t* rows, int64_t n, int64_t D, float* y,
                        cudaStream_t stream) {
    return copy_rows<false>(x, rows, n, D, y, stream);
}

cudaError_t scatter_rows(const float* x, const int64_t* rows, int64_t n, int64_t D, float* y,
                         cudaStream_t stream) {
    return copy_rows<true>(x, rows, n, D, y, stream);
}

}  // namespace facet::cuda
