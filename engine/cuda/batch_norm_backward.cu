// Batch normalisation with PReLU, backward. z is formed again from x, which is cheaper than a map
// kept in memory.
#include "engine/cuda/channels.cuh"
#include "engine/cuda/kernels.h"

namespace facet::cuda {
namespace {

template <int V>
struct ChannelValues {
    Lanes<V> mean, invstd, gamma, beta, slope;

    __device__ __forceinline__ ChannelValues(const BatchNormParameters& bn, const float* mean_of,
                                             const float* invstd_of, int64_t c)
        : mean(load<V>(mean_of + c)),
          invstd(load<V>(invstd_of + c)),
          gamma(load<V>(bn.gamma + c)),
          beta(load<V>(bn.beta + c)),
          slope(bn.slope ? load<V>(bn.slope + c) : all_lanes<V>(1)) {}

    // Formed as in the forward pass, to the bit, so that both take the same side of PReLU.
    __device__ __forceinline__ float z(int k, float x) const {
        return gamma[k] * invstd[k] * (x - mean[k]) + beta[k];
    }
};

// Sums of dz, dz x_hat and, for dslope, of dy z where z <= 0.
template <class T, int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    batch_norm_backward_sums_kernel(BatchNormParameters bn, const float* __restrict__ mean,
                                    const float* __restrict__ invstd, const T* __restrict__ x,
                                    const T* __restrict__ dy, int64_t rows, int64_t C,
                                    int64_t rows_a_block, float* __restrict__ partial) {
    const ChannelPart part = channel_part<V>(rows, C, rows_a_block);
    float sums[3][V] = {};
    if (part.first < part.last) {
        const ChannelValues<V> channel(bn, mean, invstd, part.channel);
        for (int64_t row = part.first; row < part.last; row += part.step) {
            const Lanes<V> value = load<V>(x + row * C + part.channel);
            const Lanes<V> gradient = load<V>(dy + row * C + part.channel);
            for (int k = 0; k < V; ++k) {
                const float z = channel.z(k, value[k]);
                const float dz = z > 0 ? gradient[k] : channel.slope[k] * gradient[k];
                sums[0][k] += dz;
                sums[1][k] += dz * ((value[k] - channel.mean[k]) * channel.invstd[k]);
                sums[2][k] += z > 0 ? 0 : gradient[k] * z;
            }
        }
    }
    write_channel_sums<3, V>(sums, C, partial);
}

// dx = gamma invstd (dz - mean(dz) - x_hat mean(dz x_hat)) = k1 dz + k2 (x - mean) + k3, with
// k1 = gamma invstd; this finds k2 and k3, a channel each.
__global__ void __launch_bounds__(kCombineThreads)
    batch_norm_finish_backward_kernel(const float* __restrict__ partial, int64_t chunks,
                                      BatchNormParameters bn, const float* __restrict__ invstd,
                                      int64_t rows, int64_t C, BatchNormGradients gradients,
                                      float* __restrict__ k2, float* __restrict__ k3) {
    double sums[3];
    if (!combine_channel_sums<3>(partial, chunks, C, sums)) return;
    const int64_t c = static_cast<int64_t>(blockIdx.x) * 32 + threadIdx.x;
    const double M = static_cast<double>(rows);
    const double scale = static_cast<double>(bn.gamma[c]) * invstd[c];
    k2[c] = static_cast<float>(-scale * invstd[c] * sums[1] / M);
    k3[c] = static_cast<float>(-scale * sums[0] / M);
    store_gradient(gradients.dgamma + c, sums[1], gradients.accumulate);
    store_gradient(gradients.dbeta + c, sums[0], gradients.accumulate);
    if (bn.slope) store_gradient(gradients.dslope + c, sums[2], gradients.accumulate);
}

template <class T, int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    batch_norm_backward_kernel(BatchNormParameters bn, const float* __restrict__ mean,
                               const float* __restrict__ invstd, const float* __restrict__ k2,
                               const float* __restrict__ k3, const T* __restrict__ x,
                               const T* __restrict__ dy, int64_t rows, int64_t C,
                               int64_t rows_a_block, T* dx, bool accumulate) {
    const ChannelPart part = channel_part<V>(rows, C, rows_a_block);
    if (part.first >= part.last) return;
    const ChannelValues<V> channel(bn, mean, invstd, part.channel);
    const Lanes<V> along_x = load<V>(k2 + part.channel), constant = load<V>(k3 + part.channel);
    for (int64_t row = part.first; row < part.last; row += part.step) {
        const int64_t at = row * C + part.channel;
        const Lanes<V> value = load<V>(x + at);
        Lanes<V> gradient = load<V>(dy + at);
        for (int k = 0; k < V; ++k) {
            const float dz =
                channel.z(k, value[k]) > 0 ? gradient[k] : channel.slope[k] * gradient[k];
            gradient[k] = channel.gamma[k] * channel.invstd[k] * dz +
                          along_x[k] * (value[k] - channel.mean[k]) + constant[k];
        }
        store_gradient<V>(dx + at, gradient, accumulate);
    }
}

template <class T, int V>
void backward(const BatchNormParameters& bn, const T* x, const float* mean, const float* invstd,
              const T* dy, int64_t rows, int64_t C, const BatchNormGradients& gradients, T* dx,
              bool accumulate, float* workspace, cudaStream_t stream) {
    float *k2 = workspace, *k3 = workspace + C, *partial = workspace + 2 * C;
    const ChannelTiles sums = channel_sum_tiles(rows, C, V);
    FACET_LAUNCH((batch_norm_backward_sums_kernel<T, V>), sums.grid, sums.block, 0, stream)
    (bn, mean, invstd, x, dy, rows, C, sums.rows_a_block, partial);
    FACET_LAUNCH(batch_norm_finish_backward_kernel, combine_blocks(C), dim3(32, 32), 0, stream)
    (partial, sums.chunks(), bn, invstd, rows, C, gradients, k2, k3);
    const ChannelTiles tiles = channel_tiles(rows, C, V, kMapRowsAThread);
    FACET_LAUNCH((batch_norm_backward_kernel<T, V>), tiles.grid, tiles.block, 0, stream)
    (bn, mean, invstd, k2, k3, x, dy, rows, C, tiles.rows_a_block, dx, accumulate);
}

}  // namespace

template <class T>
cudaError_t batch_norm_backward(const BatchNormParameters& bn, const T* x, const float* mean,
                                const float* invstd, const T* dy, int64_t rows, int64_t C,
                                const BatchNormGradients& gradients, T* dx, bool accumulate,
                                void* workspace, cudaStream_t stream) {
    auto* floats = static_cast<float*>(workspace);
    const bool packs = C % kPack<T> == 0 &&
                       all_aligned(bn.gamma, bn.beta, bn.slope, mean, invstd, x, dy, dx, workspace);
    with_width<kPack<T>>(packs, [&](auto V) {
        backward<T, V>(bn, x, mean, invstd, dy, rows, C, gradients, dx, accumulate, floats, stream);
    });
    return cudaGetLastError();
}

#define FACET_INSTANTIATE(T)                                                                 \
    template cudaError_t batch_norm_backward<T>(                                             \
        const BatchNormParameters&, const T*, const float*, const float*, const T*, int64_t, \
        int64_t, const BatchNormGradients&, T*, bool, void*, cudaStream_t);
FACET_INSTANTIATE(float)
FACET_INSTANTIATE(bfloat16)

}  // namespace facet::cuda
