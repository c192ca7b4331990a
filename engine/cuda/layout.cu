// Between plain maps (N, C, H W) and maps with their channels last (N, H W, C): a transposition of
// C x pixels for every image, through tiles in shared memory so that both sides are read and
// written along their rows.
#include "engine/cuda/kernels.h"
#include "engine/cuda/lanes.cuh"

namespace facet::cuda {
namespace {

constexpr int kTile = 32, kTileRows = 8;  // a block has kTile x kTileRows threads
constexpr int64_t kMostBlocks = 2048;     // more tiles: a block takes several

// y (N, columns, rows) = transposed x (N, rows, columns). A block takes tiles blockIdx.x,
// blockIdx.x + gridDim.x, ... of all images'.
template <class From, class To>
__global__ void __launch_bounds__(kTile* kTileRows)
    transpose_kernel(const From* __restrict__ x, int64_t N, int64_t rows, int64_t columns,
                     To* __restrict__ y) {
    __shared__ float tile[kTile][kTile + 1];  // one more: its columns fall into different banks
    const int64_t across = (columns + kTile - 1) / kTile, down = (rows + kTile - 1) / kTile;
    for (int64_t t = blockIdx.x; t < N * across * down; t += gridDim.x) {
        const int64_t image = t / (across * down) * rows * columns;
        const int64_t row0 = t / across % down * kTile, column0 = t % across * kTile;
        for (int i = threadIdx.y; i < kTile; i += kTileRows) {
            const int64_t row = row0 + i, column = column0 + threadIdx.x;
            if (row < rows && column < columns)
                tile[i][threadIdx.x] = to_float(x[image + row * columns + column]);
        }
#ifndef BUG_TRANSPOSE_NO_BARRIER_BEFORE_READ
        __syncthreads();
#endif
        for (int i = threadIdx.y; i < kTile; i += kTileRows) {
            const int64_t row = row0 + threadIdx.x, column = column0 + i;
            if (row < rows && column < columns)
                y[image + column * rows + row] = from_float<To>(tile[threadIdx.x][i]);
        }
#ifndef BUG_TRANSPOSE_NO_BARRIER_BEFORE_REUSE
        __syncthreads();  // the next tile overwrites this one
#endif
    }
}

template <class From, class To>
cudaError_t transpose(const From* x, int64_t N, int64_t rows, int64_t columns, To* y,
                      cudaStream_t stream) {
    const int64_t tiles = N * ceil_div(rows, kTile) * ceil_div(columns, kTile);
    const auto blocks = static_cast<unsigned>(tiles < kMostBlocks ? tiles : kMostBlocks);
    FACET_LAUNCH((transpose_kernel<From, To>), blocks, dim3(kTile, kTileRows), 0, stream)
    (x, N, rows, columns, y);
    return cudaGetLastError();
}

}  // namespace

template <class T>
cudaError_t channels_last(const float* x, int64_t N, int64_t C, int64_t pixels, T* y,
                          cudaStream_t stream) {
    return transpose(x, N, C, pixels, y, stream);
}

template <class T>
cudaError_t channels_first(const T* x, int64_t N, int64_t C, int64_t pixels, float* y,
                           cudaStream_t stream) {
    return transpose(x, N, pixels, C, y, stream);
}

#define FACET_INSTANTIATE(T)                                                            \
    template cudaError_t channels_last<T>(const float*, int64_t, int64_t, int64_t, T*,  \
                                          cudaStream_t);                                \
    template cudaError_t channels_first<T>(const T*, int64_t, int64_t, int64_t, float*, \
                                           cudaStream_t);
FACET_INSTANTIATE(float)
FACET_INSTANTIATE(bfloat16)

}  // namespace facet::cuda
