// From 8-bit pictures to the network's input: normalised, and varied at random.
#include "engine/cuda/bfloat16.h"
#include "engine/cuda/philox.cuh"
#include "engine/cuda/reduce.cuh"
#include "train/data/cuda/picture_kernels.h"

namespace facet::cuda {
namespace {

struct Rgb {
    float r, g, b;
};

// 0..255 becomes -1..1.
__device__ __forceinline__ float normalised(float value) { return (value / 255.0f - 0.5f) / 0.5f; }

__device__ __forceinline__ Rgb pixel_at(const uint8_t* __restrict__ picture, int pixel) {
    const uint8_t* p = picture + int64_t{3} * pixel;
    return {static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2])};
}

// Writes the normalised colour of a pixel of picture n.
template <class T>
__device__ __forceinline__ void write_pixel(const PictureShape& shape, int64_t n, int pixel,
                                            Rgb colour, T* __restrict__ y) {
    const int64_t pixels = static_cast<int64_t>(shape.H) * shape.W;
    const int64_t channel = shape.channels_last ? 1 : pixels;
    T* out = y + 3 * n * pixels + (shape.channels_last ? int64_t{3} * pixel : pixel);
    out[0] = from_float<T>(normalised(colour.r));
    out[channel] = from_float<T>(normalised(colour.g));
    out[2 * channel] = from_float<T>(normalised(colour.b));
}

template <class T>
__global__ void __launch_bounds__(kThreads, kBlocks)
    normalise_pictures_kernel(const uint8_t* __restrict__ x, PictureShape shape,
                              T* __restrict__ y) {
    const int64_t pixels = static_cast<int64_t>(shape.H) * shape.W;
    for_each_step<1>(shape.N * pixels, [&]<int>(int64_t i) {
        const int64_t n = i / pixels;
        const int pixel = static_cast<int>(i - n * pixels);
        write_pixel(shape, n, pixel, pixel_at(x + 3 * n * pixels, pixel), y);
    });
}

__device__ __forceinline__ float clamped(float value, float high) {
    value = value > 0 ? value : 0;
    return value < high ? value : high;
}

__device__ __forceinline__ float mixed(float a, float b, float share) {
    return a + share * (b - a);
}
__device__ __forceinline__ Rgb mixed(Rgb a, Rgb b, float share) {
    return {mixed(a.r, b.r, share), mixed(a.g, b.g, share), mixed(a.b, b.b, share)};
}

// What the warp puts at output pixel (x, y). The order of the operations is that of
// train/data/augment.cpp.
__device__ __forceinline__ Rgb warped(const uint8_t* __restrict__ picture, int H, int W,
                                      const PictureVariation& v, int x, int y) {
    const float start_x = static_cast<float>(v.xy * y + v.x0);
    const float start_y = static_cast<float>(v.yy * y + v.y0);
    const float from_x = clamped(static_cast<float>(v.xx) * static_cast<float>(x) + start_x,
                                 static_cast<float>(W - 1));
    const float from_y = clamped(static_cast<float>(v.yx) * static_cast<float>(x) + start_y,
                                 static_cast<float>(H - 1));
    const int left = static_cast<int>(from_x), top = static_cast<int>(from_y);
    const int corner = top * W + left;
    const int right = left < W - 1 ? 1 : 0, down = top < H - 1 ? W : 0;
    const float fx = from_x - static_cast<float>(left), fy = from_y - static_cast<float>(top);
    const Rgb above = mixed(pixel_at(picture, corner), pixel_at(picture, corner + right), fx);
    const Rgb below =
        mixed(pixel_at(picture, corner + down), pixel_at(picture, corner + down + right), fx);
    return mixed(above, below, fy);
}

__device__ __forceinline__ float luma(Rgb c) { return 0.299f * c.r + 0.587f * c.g + 0.114f * c.b; }

// Whether (x, y) is erased, and with which noise.
__device__ __forceinline__ bool erased(const PictureVariation& v, const PhiloxStreams& noise, int x,
                                       int y, Rgb& colour) {
    const int column = x - v.left, row = y - v.top;
    if (column < 0 || column >= v.width || row < 0 || row >= v.height) return false;
    const uint32_t at = v.noise_word + static_cast<uint32_t>(row * v.width + column);
    const uint4 words = philox_words(noise, v.index, at / 4);
    const uint32_t low = at % 2 ? words.y : words.x, high = at % 2 ? words.w : words.z;
    const uint32_t word = at % 4 < 2 ? low : high;
    colour = {static_cast<float>(word & 255), static_cast<float>(word >> 8 & 255),
              static_cast<float>(word >> 16 & 255)};
    return true;
}

// A block takes a picture. The first pass adds up the luma of the warped picture, which contrast
// needs; the second makes the pixels, warping once more instead of keeping them.
template <class T>
__global__ void __launch_bounds__(kThreads, kBlocks)
    vary_pictures_kernel(const uint8_t* __restrict__ x, PictureShape shape,
                         const PictureVariation* __restrict__ variations, PhiloxStreams noise,
                         T* __restrict__ y) {
    const int64_t n = blockIdx.x;
    const int pixels = shape.H * shape.W;
    const uint8_t* picture = x + 3 * n * pixels;
    const PictureVariation v = variations[n];
    float sum = 0;
    for (int i = threadIdx.x; i < pixels; i += kThreads)
        sum += luma(warped(picture, shape.H, shape.W, v, i % shape.W, i / shape.W));
    const double mean = block_sum(static_cast<double>(sum)) / pixels;
    const float gain = static_cast<float>(v.gain), lift = static_cast<float>(v.lift * mean);
    for (int i = threadIdx.x; i < pixels; i += kThreads) {
        Rgb colour;
        if (!erased(v, noise, i % shape.W, i / shape.W, colour)) {
            colour = warped(picture, shape.H, shape.W, v, i % shape.W, i / shape.W);
            if (v.grey) colour.r = colour.g = colour.b = luma(colour);
            colour = {clamped(colour.r * gain + lift, 255), clamped(colour.g * gain + lift, 255),
                      clamped(colour.b * gain + lift, 255)};
        }
        write_pixel(shape, n, i, colour, y);
    }
}

}  // namespace

template <class T>
cudaError_t normalise_pictures(const uint8_t* x, const PictureShape& shape, T* y,
                               cudaStream_t stream) {
    const int64_t pixels = shape.N * shape.H * shape.W;
    FACET_LAUNCH(normalise_pictures_kernel<T>, flat_blocks(pixels, 1), kThreads, 0, stream)
    (x, shape, y);
    return cudaGetLastError();
}

template <class T>
cudaError_t vary_pictures(const uint8_t* x, const PictureShape& shape,
                          const PictureVariation* variations, const PictureNoise& noise, T* y,
                          cudaStream_t stream) {
    const PhiloxStreams streams = philox_streams(noise.seed, noise.purpose, noise.step);
    FACET_LAUNCH(vary_pictures_kernel<T>, static_cast<unsigned>(shape.N), kThreads, 0, stream)
    (x, shape, variations, streams, y);
    return cudaGetLastError();
}

#define FACET_INSTANTIATE(T)                                                                \
    template cudaError_t normalise_pictures<T>(const uint8_t*, const PictureShape&, T*,     \
                                               cudaStream_t);                               \
    template cudaError_t vary_pictures<T>(const uint8_t*, const PictureShape&,              \
                                          const PictureVariation*, const PictureNoise&, T*, \
                                          cudaStream_t);
FACET_INSTANTIATE(float)
FACET_INSTANTIATE(bfloat16)

}  // namespace facet::cuda
