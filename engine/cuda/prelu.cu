// PReLU: y = x > 0 ? x : slope x, a slope a channel.
#include "engine/cuda/channels.cuh"
#include "engine/cuda/kernels.h"

namespace facet::cuda {
namespace {

template <class T, int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    prelu_forward_kernel(const T* __restrict__ x, const float* __restrict__ slope, int64_t rows,
                         int64_t C, int64_t rows_a_block, T* __restrict__ y) {
    const ChannelPart part = channel_part<V>(rows, C, rows_a_block);
    if (part.first >= part.last) return;
    const Lanes<V> a = load<V>(slope + part.channel);
    for (int64_t row = part.first; row < part.last; row += part.step) {
        Lanes<V> value = load<V>(x + row * C + part.channel);
        for (int k = 0; k < V; ++k) value[k] = value[k] > 0 ? value[k] : a[k] * value[k];
        store<V>(y + row * C + part.channel, value);
    }
}

// dx, and on the way the sums of dy x where x <= 0, which make dslope.
template <class T, int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    prelu_backward_kernel(const T* __restrict__ x, const float* __restrict__ slope,
                          const T* __restrict__ dy, int64_t rows, int64_t C, int64_t rows_a_block,
                          T* dx, bool accumulate, float* __restrict__ partial) {
    const ChannelPart part = channel_part<V>(rows, C, rows_a_block);
    float sums[1][V] = {};
    if (part.first < part.last) {
        const Lanes<V> a = load<V>(slope + part.channel);
        for (int64_t row = part.first; row < part.last; row += part.step) {
            const int64_t at = row * C + part.channel;
            const Lanes<V> value = load<V>(x + at);
            Lanes<V> gradient = load<V>(dy + at);
            for (int k = 0; k < V; ++k) {
                if (!(value[k] > 0)) {
                    sums[0][k] += gradient[k] * value[k];
                    gradient[k] *= a[k];
                }
            }
            store_gradient<V>(dx + at, gradient, accumulate);
        }
    }
    if (partial) write_channel_sums<1, V>(sums, C, partial);
}

__global__ void __launch_bounds__(kCombineThreads)
    prelu_finish_backward_kernel(const float* __restrict__ partial, int64_t chunks, int64_t C,
                                 float* dslope, bool accumulate) {
    double sum[1];
    if (!combine_channel_sums<1>(partial, chunks, C, sum)) return;
    store_gradient(dslope + static_cast<int64_t>(blockIdx.x) * 32 + threadIdx.x, sum[0],
                   accumulate);
}

template <class T, int V>
void forward(const T* x, const float* slope, int64_t rows, int64_t C, T* y, cudaStream_t stream) {
    const ChannelTiles tiles = channel_tiles(rows, C, V, kMapRowsAThread);
    FACET_LAUNCH((prelu_forward_kernel<T, V>), tiles.grid, tiles.block, 0, stream)
    (x, slope, rows, C, tiles.rows_a_block, y);
}

template <class T, int V>
void backward(const T* x, const float* slope, const T* dy, int64_t rows, int64_t C, float* dslope,
              bool accumulate_slope, T* dx, bool accumulate, float* partial, cudaStream_t stream) {
    const ChannelTiles tiles = channel_sum_tiles(rows, C, V);
    FACET_LAUNCH((prelu_backward_kernel<T, V>), tiles.grid, tiles.block, 0, stream)
    (x, slope, dy, rows, C, tiles.rows_a_block, dx, accumulate, dslope ? partial : nullptr);
    if (!dslope) return;
    FACET_LAUNCH(prelu_finish_backward_kernel, combine_blocks(C), dim3(32, 32), 0, stream)
    (partial, tiles.chunks(), C, dslope, accumulate_slope);
}

}  // namespace

size_t prelu_workspace(int64_t rows, int64_t C) {
    return static_cast<size_t>(channel_sum_floats(rows, C, 1)) * sizeof(float);
}

template <class T>
cudaError_t prelu_forward(const T* x, const float* slope, int64_t rows, int64_t C, T* y,
                          cudaStream_t stream) {
    if (C % kPack<T> == 0 && all_aligned(x, slope, y)) {
        forward<T, kPack<T>>(x, slope, rows, C, y, stream);
    } else {
        forward<T, 1>(x, slope, rows, C, y, stream);
    }
    return cudaGetLastError();
}

template <class T>
cudaError_t prelu_backward(const T* x, const float* slope, const T* dy, int64_t rows, int64_t C,
                           float* dslope, bool accumulate_slope, T* dx, bool accumulate,
                           void* workspace, cudaStream_t stream) {
    auto* partial = static_cast<float*>(workspace);
    if (C % kPack<T> == 0 && all_aligned(x, slope, dy, dx)) {
        backward<T, kPack<T>>(x, slope, dy, rows, C, dslope, accumulate_slope, dx, accumulate,
                              partial, stream);
    } else {
        backward<T, 1>(x, slope, dy, rows, C, dslope, accumulate_slope, dx, accumulate, partial,
                       stream);
    }
    return cudaGetLastError();
}

#define FACET_INSTANTIATE(T)                                                                   \
    template cudaError_t prelu_forward<T>(const T*, const float*, int64_t, int64_t, T*,        \
                                          cudaStream_t);                                       \
    template cudaError_t prelu_backward<T>(const T*, const float*, const T*, int64_t, int64_t, \
                                           float*, bool, T*, bool, void*, cudaStream_t);
FACET_INSTANTIATE(float)
FACET_INSTANTIATE(bfloat16)

}  // namespace facet::cuda
