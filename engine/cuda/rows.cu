// Matrices (B, D) row by row: bias, column sums, normalisation, chosen rows.
#include "engine/cuda/channels.cuh"
#include "engine/cuda/kernels.h"
#include "engine/cuda/reduce.cuh"

namespace facet::cuda {
namespace {

constexpr float kShortestRow = 1e-12f;  // rows below it are not normalised but scaled

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

// A warp takes a row; it has this part in steps of V.
struct RowOfWarp {
    int64_t row, first;  // first element of this lane
};

template <int V>
__device__ __forceinline__ RowOfWarp row_of_warp() {
    const int64_t row = static_cast<int64_t>(blockIdx.x) * (kThreads / 32) + threadIdx.x / 32;
    return {row, static_cast<int64_t>(threadIdx.x % 32) * V};
}

template <int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    normalise_rows_forward_kernel(const float* __restrict__ x, int64_t B, int64_t D,
                                  float* __restrict__ norm, float* __restrict__ y) {
    const RowOfWarp at = row_of_warp<V>();
    if (at.row >= B) return;  // the whole warp
    const float* x_b = x + at.row * D;
    double squares = 0;  // those of 1e30 and 1e-30 are no floats
    FACET_UNROLL_TWICE for (int64_t d = at.first; d < D; d += 32 * V) {
        const Lanes<V> value = load<V>(x_b + d);
        for (int k = 0; k < V; ++k) squares += static_cast<double>(value[k]) * value[k];
    }
    const auto length = static_cast<float>(sqrt(warp_sum(squares)));
    if (threadIdx.x % 32 == 0) norm[at.row] = length;
    const float scale = 1 / (length > kShortestRow ? length : kShortestRow);
    FACET_UNROLL_TWICE for (int64_t d = at.first; d < D; d += 32 * V) {
        Lanes<V> value = load<V>(x_b + d);
        for (int k = 0; k < V; ++k) value[k] *= scale;
        store<V>(y + at.row * D + d, value);
    }
}

template <int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    normalise_rows_backward_kernel(const float* __restrict__ y, const float* __restrict__ norm,
                                   const float* __restrict__ dy, int64_t B, int64_t D, float* dx,
                                   bool accumulate) {
    const RowOfWarp at = row_of_warp<V>();
    if (at.row >= B) return;
    const float length = norm[at.row], scale = length < kShortestRow ? 0 : 1 / length;
    const float *y_b = y + at.row * D, *dy_b = dy + at.row * D;
    float products = 0;
    FACET_UNROLL_TWICE for (int64_t d = at.first; d < D; d += 32 * V) {
        const Lanes<V> value = load<V>(y_b + d), gradient = load<V>(dy_b + d);
        for (int k = 0; k < V; ++k) products += value[k] * gradient[k];
    }
    const float along = warp_sum(products);  // the radial part has no effect on y
    FACET_UNROLL_TWICE for (int64_t d = at.first; d < D; d += 32 * V) {
        const Lanes<V> value = load<V>(y_b + d);
        Lanes<V> gradient = load<V>(dy_b + d);
        for (int k = 0; k < V; ++k) gradient[k] = scale * (gradient[k] - along * value[k]);
        store_gradient<V>(dx + at.row * D + d, gradient, accumulate);
    }
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

unsigned warp_rows(int64_t B) { return static_cast<unsigned>(ceil_div(B, kThreads / 32)); }

// Calls use(std::integral_constant<int, V>()): 4 floats a step where the rows allow it.
template <class Use, class... Pointers>
void with_width(int64_t D, Use use, Pointers... pointers) {
    if (D % 4 == 0 && all_aligned(pointers...)) {
        use(std::integral_constant<int, 4>());
    } else {
        use(std::integral_constant<int, 1>());
    }
}

template <bool scatter>
cudaError_t copy_rows(const float* x, const int64_t* rows, int64_t n, int64_t D, float* y,
                      cudaStream_t stream) {
    with_width(
        D,
        [&](auto V) {
            FACET_LAUNCH((copy_rows_kernel<scatter, V>), flat_blocks(n * (D / V), 1), kThreads, 0,
                         stream)
            (x, rows, n, D, y);
        },
        x, y);
    return cudaGetLastError();
}

}  // namespace

cudaError_t add_bias(float* y, const float* bias, int64_t B, int64_t D, cudaStream_t stream) {
    with_width(
        D,
        [&](auto V) {
            const ChannelTiles tiles = channel_tiles(B, D, V, kMapRowsAThread);
            FACET_LAUNCH(add_bias_kernel<V>, tiles.grid, tiles.block, 0, stream)
            (y, bias, B, D, tiles.rows_a_block);
        },
        y, bias);
    return cudaGetLastError();
}

size_t sum_rows_workspace(int64_t B, int64_t D) {
    return static_cast<size_t>(channel_sum_floats(B, D, 1)) * sizeof(float);
}

cudaError_t sum_rows(const float* dy, int64_t B, int64_t D, float* dbias, bool accumulate,
                     void* workspace, cudaStream_t stream) {
    auto* partial = static_cast<float*>(workspace);
    with_width(
        D,
        [&](auto V) {
            const ChannelTiles tiles = channel_sum_tiles(B, D, V);
            FACET_LAUNCH(sum_rows_kernel<V>, tiles.grid, tiles.block, 0, stream)
            (dy, B, D, tiles.rows_a_block, partial);
            FACET_LAUNCH(sum_rows_finish_kernel, combine_blocks(D), dim3(32, 32), 0, stream)
            (partial, tiles.chunks(), D, dbias, accumulate);
        },
        dy);
    return cudaGetLastError();
}

cudaError_t normalise_rows(const float* x, int64_t B, int64_t D, float* norm, float* y,
                           cudaStream_t stream) {
    with_width(
        D,
        [&](auto V) {
            FACET_LAUNCH(normalise_rows_forward_kernel<V>, warp_rows(B), kThreads, 0, stream)
            (x, B, D, norm, y);
        },
        x, y);
    return cudaGetLastError();
}

cudaError_t normalise_rows_backward(const float* y, const float* norm, const float* dy, int64_t B,
                                    int64_t D, float* dx, bool accumulate, cudaStream_t stream) {
    with_width(
        D,
        [&](auto V) {
            FACET_LAUNCH(normalise_rows_backward_kernel<V>, warp_rows(B), kThreads, 0, stream)
            (y, norm, dy, B, D, dx, accumulate);
        },
        y, dy, dx);
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
