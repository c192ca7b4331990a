// Element by element: fill, scaled sums, dropout.
#include "engine/cuda/kernels.h"
#include "engine/cuda/lanes.cuh"
#include "engine/cuda/philox.cuh"

namespace facet::cuda {
namespace {

template <class T, int V>
__global__ void __launch_bounds__(kThreads, kBlocks) fill_kernel(T* y, int64_t count, float value) {
#ifdef BUG_OUT_OF_BOUNDS
    ++count;
#endif
    for_each_step<V>(count, [&]<int n>(int64_t i) { store<n>(y + i, all_lanes<n>(value)); });
}

template <class T, int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    axpby_kernel(float alpha, const T* __restrict__ x, float beta, T* __restrict__ y,
                 int64_t count) {
    for_each_step<V>(count, [&]<int n>(int64_t i) {
        Lanes<n> value = load<n>(x + i);
        for (int k = 0; k < n; ++k) value[k] *= alpha;
        if (beta != 0) {
            const Lanes<n> before = load<n>(y + i);
            for (int k = 0; k < n; ++k) value[k] += beta * before[k];
        }
        store<n>(y + i, value);
    });
}

constexpr int kDropoutStream = 1024;     // elements a stream, as in engine/dropout.h
constexpr uint32_t kDropoutPurpose = 4;  // facet::Purpose::Dropout

// A thread draws four words for four elements.
template <int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    dropout_kernel(const float* __restrict__ x, int64_t count, uint64_t seed, DropoutStep step,
                   uint32_t threshold, float scale, float* __restrict__ y, bool accumulate) {
    const PhiloxStreams streams =
        philox_streams(seed, kDropoutPurpose, step.cell ? *step.cell : step.value);
    const int64_t thread = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    const int64_t threads = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = thread * 4; i < count; i += threads * 4) {
        const uint4 words = philox_words(streams, static_cast<uint64_t>(i / kDropoutStream),
                                         static_cast<uint32_t>(i % kDropoutStream / 4));
        const Lanes<4> keep = {{words.x >= threshold ? scale : 0, words.y >= threshold ? scale : 0,
                                words.z >= threshold ? scale : 0,
                                words.w >= threshold ? scale : 0}};
        if (V == 4 && i + 4 <= count) {
            Lanes<V> value = load<V>(x + i);
            for (int k = 0; k < V; ++k) value[k] = keep[k] > 0 ? value[k] * scale : 0;
            store_gradient<V>(y + i, value, accumulate);
            continue;
        }
        for (int k = 0; k < 4; ++k) {
            if (i + k >= count) break;
            const float value = keep[k] > 0 ? x[i + k] * scale : 0;
            y[i + k] = accumulate ? y[i + k] + value : value;
        }
    }
}

}  // namespace

template <class T>
cudaError_t fill(T* y, int64_t count, float value, cudaStream_t stream) {
    with_width<kPack<T>>(aligned(y), [&](auto V) {
        FACET_LAUNCH((fill_kernel<T, V>), flat_blocks(count, V), kThreads, 0, stream)
        (y, count, value);
    });
    return cudaGetLastError();
}

template <class T>
cudaError_t axpby(float alpha, const T* x, float beta, T* y, int64_t count, cudaStream_t stream) {
    with_width<kPack<T>>(all_aligned(x, y), [&](auto V) {
        FACET_LAUNCH((axpby_kernel<T, V>), flat_blocks(count, V), kThreads, 0, stream)
        (alpha, x, beta, y, count);
    });
    return cudaGetLastError();
}

cudaError_t dropout(const float* x, int64_t count, double p, uint64_t seed, DropoutStep step,
                    float* y, bool accumulate, cudaStream_t stream) {
    const auto threshold = static_cast<uint32_t>(p * 4294967296.0);
    const auto scale = static_cast<float>(1 / (1 - p));
    with_width<4>(all_aligned(x, y), [&](auto V) {
        FACET_LAUNCH(dropout_kernel<V>, flat_blocks(count, 4), kThreads, 0, stream)
        (x, count, seed, step, threshold, scale, y, accumulate);
    });
    return cudaGetLastError();
}

#define FACET_INSTANTIATE(T)                                        \
    template cudaError_t fill<T>(T*, int64_t, float, cudaStream_t); \
    template cudaError_t axpby<T>(float, const T*, float, T*, int64_t, cudaStream_t);
FACET_INSTANTIATE(float)
FACET_INSTANTIATE(bfloat16)

}  // namespace facet::cuda
