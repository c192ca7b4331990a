// Pooling of maps with their channels last. A thread takes V channels of one pixel.
#include "engine/cuda/kernels.h"
#include "engine/cuda/lanes.cuh"

namespace facet::cuda {
namespace {

// A pixel of N images of height x width, and V channels from `channel` on.
struct Pixel {
    int64_t n, channel;
    int h, w;
    bool exists;
};

template <int V>
__device__ __forceinline__ Pixel pixel_of_thread(int64_t N, int height, int width, int64_t C) {
    const int64_t thread = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    const int64_t steps = C / V, pixel = thread / steps, n = pixel / (height * width);
    const int within = static_cast<int>(pixel - n * (height * width));
    return {n, (thread - pixel * steps) * V, within / width, within % width, n < N};
}

unsigned pixel_blocks(int64_t pixels, int64_t C, int V) {
    return static_cast<unsigned>(ceil_div(pixels * (C / V), kThreads));
}

// The part of an output's window that lies inside the input.
struct Window {
    int top, bottom, left, right;  // bottom and right are one beyond
};

__device__ __forceinline__ Window window_of(const Pooling& pool, int p, int q) {
    const int top = p * pool.stride - pool.pad, left = q * pool.stride - pool.pad;
    const int bottom = top + pool.window, right = left + pool.window;
    return {top > 0 ? top : 0, bottom < pool.H ? bottom : pool.H, left > 0 ? left : 0,
            right < pool.W ? right : pool.W};
}

// Whether `value` takes the place of `best`: larger, or NaN. Equal ones do not.
__device__ __forceinline__ bool wins(float value, float best) {
    return value > best || value != value;
}

template <class T, int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    max_pool_forward_kernel(const T* __restrict__ x, Pooling pool, T* __restrict__ y) {
    const Pixel out = pixel_of_thread<V>(pool.N, pool.P, pool.Q, pool.C);
    if (!out.exists) return;
    const Window window = window_of(pool, out.h, out.w);
    Lanes<V> best = all_lanes<V>(-INFINITY);
    for (int h = window.top; h < window.bottom; ++h) {
        for (int w = window.left; w < window.right; ++w) {
            const Lanes<V> value =
                load<V>(x + ((out.n * pool.H + h) * pool.W + w) * pool.C + out.channel);
            for (int k = 0; k < V; ++k) best[k] = wins(value[k], best[k]) ? value[k] : best[k];
        }
    }
    store<V>(y + ((out.n * pool.P + out.h) * pool.Q + out.w) * pool.C + out.channel, best);
}

// A thread takes an input pixel and asks every window that covers it whether this pixel won: no
// two threads write one place.
template <class T, int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    max_pool_backward_kernel(const T* __restrict__ x, const T* __restrict__ dy, Pooling pool, T* dx,
                             bool accumulate) {
    const Pixel in = pixel_of_thread<V>(pool.N, pool.H, pool.W, pool.C);
    if (!in.exists) return;
    const T* image = x + in.n * pool.H * pool.W * pool.C + in.channel;
    // Windows p with p stride - pad <= h < p stride - pad + window; the same for q.
    const int h = in.h + pool.pad, w = in.w + pool.pad;
    const int p0 = h < pool.window ? 0 : (h - pool.window) / pool.stride + 1;
    const int q0 = w < pool.window ? 0 : (w - pool.window) / pool.stride + 1;
    Lanes<V> sum = all_lanes<V>(0);
    for (int p = p0; p < pool.P && p * pool.stride <= h; ++p) {
        for (int q = q0; q < pool.Q && q * pool.stride <= w; ++q) {
            const Window window = window_of(pool, p, q);
            Lanes<V> best = load<V>(image + (window.top * pool.W + window.left) * pool.C);
            bool won[V];
            for (int k = 0; k < V; ++k) won[k] = window.top == in.h && window.left == in.w;
            for (int i = window.top; i < window.bottom; ++i) {
                for (int j = window.left; j < window.right; ++j) {
                    const Lanes<V> value = load<V>(image + (i * pool.W + j) * pool.C);
                    for (int k = 0; k < V; ++k) {
                        if (!wins(value[k], best[k])) continue;
                        best[k] = value[k];
                        won[k] = i == in.h && j == in.w;
                    }
                }
            }
            const Lanes<V> gradient =
                load<V>(dy + ((in.n * pool.P + p) * pool.Q + q) * pool.C + in.channel);
            for (int k = 0; k < V; ++k) sum[k] += won[k] ? gradient[k] : 0;
        }
    }
    store_gradient<V>(dx + ((in.n * pool.H + in.h) * pool.W + in.w) * pool.C + in.channel, sum,
                      accumulate);
}

template <class T, int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    average_pool_forward_kernel(const T* __restrict__ x, int64_t N, int64_t pixels, int64_t C,
                                float* __restrict__ y) {
    const Pixel out = pixel_of_thread<V>(N, 1, 1, C);
    if (!out.exists) return;
    const T* image = x + out.n * pixels * C + out.channel;
    Lanes<V> sum = all_lanes<V>(0);
    for (int64_t i = 0; i < pixels; ++i) {
        const Lanes<V> value = load<V>(image + i * C);
        for (int k = 0; k < V; ++k) sum[k] += value[k];
    }
    for (int k = 0; k < V; ++k) sum[k] /= static_cast<float>(pixels);
    store<V>(y + out.n * C + out.channel, sum);
}

template <class T, int V>
__global__ void __launch_bounds__(kThreads, kBlocks)
    average_pool_backward_kernel(const float* __restrict__ dy, int64_t N, int64_t pixels, int64_t C,
                                 T* dx, bool accumulate) {
    const Pixel in = pixel_of_thread<V>(N, static_cast<int>(pixels), 1, C);
    if (!in.exists) return;
    Lanes<V> share = load<V>(dy + in.n * C + in.channel);
    for (int k = 0; k < V; ++k) share[k] /= static_cast<float>(pixels);
    store_gradient<V>(dx + (in.n * pixels + in.h) * C + in.channel, share, accumulate);
}

// Calls use(std::integral_constant<int, V>()): 16 bytes of T a step where the channels allow it.
template <class T, class Use, class... Pointers>
void with_width(int64_t C, Use use, Pointers... pointers) {
    if (C % kPack<T> == 0 && all_aligned(pointers...)) {
        use(std::integral_constant<int, kPack<T>>());
    } else {
        use(std::integral_constant<int, 1>());
    }
}

}  // namespace

template <class T>
cudaError_t max_pool_forward(const T* x, const Pooling& pool, T* y, cudaStream_t stream) {
    with_width<T>(
        pool.C,
        [&](auto V) {
            const unsigned blocks = pixel_blocks(pool.N * pool.P * pool.Q, pool.C, V);
            FACET_LAUNCH((max_pool_forward_kernel<T, V>), blocks, kThreads, 0, stream)
            (x, pool, y);
        },
        x, y);
    return cudaGetLastError();
}

template <class T>
cudaError_t max_pool_backward(const T* x, const T* dy, const Pooling& pool, T* dx, bool accumulate,
                              cudaStream_t stream) {
    with_width<T>(
        pool.C,
        [&](auto V) {
            const unsigned blocks = pixel_blocks(pool.N * pool.H * pool.W, pool.C, V);
            FACET_LAUNCH((max_pool_backward_kernel<T, V>), blocks, kThreads, 0, stream)
            (x, dy, pool, dx, accumulate);
        },
        x, dy, dx);
    return cudaGetLastError();
}

template <class T>
cudaError_t average_pool_forward(const T* x, int64_t N, int64_t pixels, int64_t C, float* y,
                                 cudaStream_t stream) {
    with_width<T>(
        C,
        [&](auto V) {
            FACET_LAUNCH((average_pool_forward_kernel<T, V>), pixel_blocks(N, C, V), kThreads, 0,
                         stream)
            (x, N, pixels, C, y);
        },
        x, y);
    return cudaGetLastError();
}

template <class T>
cudaError_t average_pool_backward(const float* dy, int64_t N, int64_t pixels, int64_t C, T* dx,
                                  bool accumulate, cudaStream_t stream) {
    with_width<T>(
        C,
        [&](auto V) {
            FACET_LAUNCH((average_pool_backward_kernel<T, V>), pixel_blocks(N * pixels, C, V),
                         kThreads, 0, stream)
            (dy, N, pixels, C, dx, accumulate);
        },
        dy, dx);
    return cudaGetLastError();
}

#define FACET_INSTANTIATE(T)                                                                   \
    template cudaError_t max_pool_forward<T>(const T*, const Pooling&, T*, cudaStream_t);      \
    template cudaError_t max_pool_backward<T>(const T*, const T*, const Pooling&, T*, bool,    \
                                              cudaStream_t);                                   \
    template cudaError_t average_pool_forward<T>(const T*, int64_t, int64_t, int64_t, float*,  \
                                                 cudaStream_t);                                \
    template cudaError_t average_pool_backward<T>(const float*, int64_t, int64_t, int64_t, T*, \
                                                  bool, cudaStream_t);
FACET_INSTANTIATE(float)
FACET_INSTANTIATE(bfloat16)

}  // namespace facet::cuda
