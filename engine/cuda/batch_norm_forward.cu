// Batch normalisation, forward: statistics, then y = PReLU(gamma (x - mean) invstd + beta) +
// addend.
#include "engine/cuda/channels.cuh"
#include "engine/cuda/kernels.h"

namespace facet::cuda {
namespace {

// Sums of d = x - pivot and of d^2, the pivot being the channel's first value: the variance then
// does not cancel when the mean is large against the spread.
template <class T, int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    batch_norm_statistics_kernel(const T* __restrict__ x, int64_t rows, int64_t C,
                                 int64_t rows_a_block, float* __restrict__ partial) {
    const ChannelPart part = channel_part<V>(rows, C, rows_a_block);
    float sums[2][V] = {};
    if (part.first < part.last) {
        const Lanes<V> pivot = load<V>(x + part.channel);
        for (int64_t row = part.first; row < part.last; row += part.step) {
            const Lanes<V> value = load<V>(x + row * C + part.channel);
            for (int k = 0; k < V; ++k) {
                const float d = value[k] - pivot[k];
                sums[0][k] += d;
                sums[1][k] += d * d;
            }
        }
    }
    write_channel_sums<2, V>(sums, C, partial);
}

template <class T>
__global__ void __launch_bounds__(kCombineThreads)
    batch_norm_finish_statistics_kernel(const float* __restrict__ partial, int64_t chunks,
                                        const T* __restrict__ x, int64_t rows, int64_t C, float eps,
                                        float momentum, float* running_mean,
                                        float* running_variance, float* mean, float* invstd) {
    double sums[2];
    if (!combine_channel_sums<2>(partial, chunks, C, sums)) return;
    const int64_t c = static_cast<int64_t>(blockIdx.x) * 32 + threadIdx.x;
    const double M = static_cast<double>(rows), shift = sums[0] / M;
    const double centre = to_float(x[c]) + shift;
    const double squares = sums[1] - sums[0] * shift;
    const double variance = squares > 0 ? squares / M : 0;
    mean[c] = static_cast<float>(centre);
    invstd[c] = static_cast<float>(1 / sqrt(variance + eps));
    running_mean[c] = static_cast<float>((1.0 - momentum) * running_mean[c] + momentum * centre);
    running_variance[c] = static_cast<float>((1.0 - momentum) * running_variance[c] +
                                             momentum * (variance * M / (M - 1)));
}

// What a channel's values go through. `spread` is invstd, or the variance where eps >= 0.
template <int V>
struct Normaliser {
    Lanes<V> mean, scale, beta, slope;

    __device__ __forceinline__ Normaliser(const BatchNormParameters& bn, const float* mean_of,
                                          const float* spread, float eps, int64_t c)
        : mean(load<V>(mean_of + c)),
          scale(load<V>(spread + c)),
          beta(load<V>(bn.beta + c)),
          slope(bn.slope ? load<V>(bn.slope + c) : all_lanes<V>(1)) {
        const Lanes<V> gamma = load<V>(bn.gamma + c);
        for (int k = 0; k < V; ++k)
            scale[k] = gamma[k] * (eps >= 0 ? 1 / sqrtf(scale[k] + eps) : scale[k]);
    }
};

template <class T, int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    batch_norm_forward_kernel(BatchNormParameters bn, const float* __restrict__ mean,
                              const float* __restrict__ spread, float eps, const T* __restrict__ x,
                              const T* __restrict__ addend, int64_t rows, int64_t C,
                              int64_t rows_a_block, T* __restrict__ y) {
    const ChannelPart part = channel_part<V>(rows, C, rows_a_block);
    if (part.first >= part.last) return;
    const Normaliser<V> channel(bn, mean, spread, eps, part.channel);
    for (int64_t row = part.first; row < part.last; row += part.step) {
        const int64_t at = row * C + part.channel;
        Lanes<V> value = load<V>(x + at);
        for (int k = 0; k < V; ++k) {
            const float z = channel.scale[k] * (value[k] - channel.mean[k]) + channel.beta[k];
            value[k] = z > 0 ? z : channel.slope[k] * z;
        }
        if (addend) {
            const Lanes<V> other = load<V>(addend + at);
            for (int k = 0; k < V; ++k) value[k] += other[k];
        }
        store<V>(y + at, value);
    }
}

template <class T, int V>
void normalise(const BatchNormParameters& bn, const float* mean, const float* spread, float eps,
               const T* x, const T* addend, int64_t rows, int64_t C, T* y, cudaStream_t stream) {
    const ChannelTiles tiles = channel_tiles(rows, C, V, kMapRowsAThread);
    FACET_LAUNCH((batch_norm_forward_kernel<T, V>), tiles.grid, tiles.block, 0, stream)
    (bn, mean, spread, eps, x, addend, rows, C, tiles.rows_a_block, y);
}

template <class T, int V>
void train(const BatchNormParameters& bn, const BatchNormStatistics& statistics, const T* x,
           const T* addend, int64_t rows, int64_t C, T* y, float* partial, cudaStream_t stream) {
    const ChannelTiles tiles = channel_sum_tiles(rows, C, V);
    FACET_LAUNCH((batch_norm_statistics_kernel<T, V>), tiles.grid, tiles.block, 0, stream)
    (x, rows, C, tiles.rows_a_block, partial);
    FACET_LAUNCH((batch_norm_finish_statistics_kernel<T>), combine_blocks(C), dim3(32, 32), 0,
                 stream)
    (partial, tiles.chunks(), x, rows, C, bn.eps, statistics.momentum, statistics.running_mean,
     statistics.running_variance, statistics.mean, statistics.invstd);
    normalise<T, V>(bn, statistics.mean, statistics.invstd, -1, x, addend, rows, C, y, stream);
}

template <class T>
bool in_packs(const BatchNormParameters& bn, const float* mean, const float* spread, const T* x,
              const T* addend, int64_t C, const T* y) {
    return C % kPack<T> == 0 &&
           all_aligned(bn.gamma, bn.beta, bn.slope, mean, spread, x, addend, y);
}

}  // namespace

size_t batch_norm_workspace(int64_t rows, int64_t C) {
    // The backward pass needs most: three sums, and two coefficients a channel.
    return static_cast<size_t>(channel_sum_floats(rows, C, 3) + 2 * C) * sizeof(float);
}

template <class T>
cudaError_t batch_norm_train(const BatchNormParameters& bn, const BatchNormStatistics& statistics,
                             const T* x, const T* addend, int64_t rows, int64_t C, T* y,
                             void* workspace, cudaStream_t stream) {
    auto* partial = static_cast<float*>(workspace);
    with_width<kPack<T>>(
        in_packs(bn, statistics.mean, statistics.invstd, x, addend, C, y),
        [&](auto V) { train<T, V>(bn, statistics, x, addend, rows, C, y, partial, stream); });
    return cudaGetLastError();
}

template <class T>
cudaError_t batch_norm_eval(const BatchNormParameters& bn, const float* running_mean,
                            const float* running_variance, const T* x, const T* addend,
                            int64_t rows, int64_t C, T* y, cudaStream_t stream) {
    with_width<kPack<T>>(in_packs(bn, running_mean, running_variance, x, addend, C, y),
                         [&](auto V) {
                             normalise<T, V>(bn, running_mean, running_variance, bn.eps, x, addend,
                                             rows, C, y, stream);
                         });
    return cudaGetLastError();
}

#define FACET_INSTANTIATE(T)                                                                    \
    template cudaError_t batch_norm_train<T>(const BatchNormParameters&,                        \
                                             const BatchNormStatistics&, const T*, const T*,    \
                                             int64_t, int64_t, T*, void*, cudaStream_t);        \
    template cudaError_t batch_norm_eval<T>(const BatchNormParameters&, const float*,           \
                                            const float*, const T*, const T*, int64_t, int64_t, \
                                            T*, cudaStream_t);
FACET_INSTANTIATE(float)
FACET_INSTANTIATE(bfloat16)

}  // namespace facet::cuda
