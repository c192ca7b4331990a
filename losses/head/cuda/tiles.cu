// Tiles of cosines: what a head does to them whatever the loss.
#include "engine/cuda/lanes.cuh"
#include "losses/head/cuda/head_kernels.h"

namespace facet::cuda {
namespace {

// use(i, j) for the columns j of row i that are this thread's: blockIdx.x is i.
template <class Use>
__device__ __forceinline__ void each_column(const Tile<float>& tile, int V, Use use) {
    const int64_t thread = static_cast<int64_t>(blockIdx.y) * kThreads + threadIdx.x;
    for (int64_t j = thread * V; j < tile.n; j += int64_t{gridDim.y} * kThreads * V) use(j);
}

// Blocks for every (at most) 16 steps of a thread.
dim3 tile_grid(const Tile<float>& tile, int V) {
    return dim3(static_cast<unsigned>(tile.B),
                static_cast<unsigned>(ceil_div(tile.n, 16 * kThreads * V)));
}

__global__ void __launch_bounds__(kThreads, kBlocks) clip_cosines_kernel(const Tile<float> tile) {
    each_column(tile, 4, [&](int64_t j) {
        float* at = tile.c + blockIdx.x * tile.ld + j;
        Lanes<4> c = load<4>(at);
        bool clipped = false;
        for (int k = 0; k < 4; ++k) {
            clipped |= c[k] > 1 || c[k] < -1;
            c[k] = c[k] > 1 ? 1 : (c[k] < -1 ? -1 : c[k]);
        }
        if (clipped) store<4>(at, c);  // rarely
    });
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    copy_tile_kernel(const Tile<float> tile, float* __restrict__ matrix, int64_t C) {
    each_column(tile, 1, [&](int64_t j) {
        matrix[blockIdx.x * C + tile.first + j] = tile.c[blockIdx.x * tile.ld + j];
    });
}

__device__ __forceinline__ int64_t global_thread() {
    return static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    target_columns_kernel(const Tile<float> tile, int64_t* __restrict__ columns) {
    const int64_t i = global_thread();
    if (i < tile.B) columns[i] = tile.row(i).y;
}

__global__ void __launch_bounds__(kThreads, kBlocks) zero_targets_kernel(const Tile<float> tile) {
    const int64_t i = global_thread();
    if (i >= tile.B) return;
    const int64_t y = tile.row(i).y;
    if (y >= 0) tile.c[i * tile.ld + y] = 0;
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    sum_columns_kernel(const Tile<float> tile, double* __restrict__ sums) {
    const int64_t j = global_thread();
    if (j >= tile.n) return;
    double sum = 0;
    for (int64_t i = 0; i < tile.B; ++i) sum += tile.c[i * tile.ld + j];
    sums[tile.first + j] = sum;
}

unsigned thread_blocks(int64_t count) { return static_cast<unsigned>(ceil_div(count, kThreads)); }

}  // namespace

cudaError_t clip_cosines(const Tile<float>& tile, cudaStream_t stream) {
    FACET_LAUNCH(clip_cosines_kernel, tile_grid(tile, 4), kThreads, 0, stream)(tile);
    return cudaGetLastError();
}

cudaError_t copy_tile(const Tile<float>& tile, float* matrix, int64_t C, cudaStream_t stream) {
    FACET_LAUNCH(copy_tile_kernel, tile_grid(tile, 1), kThreads, 0, stream)(tile, matrix, C);
    return cudaGetLastError();
}

cudaError_t target_columns(const Tile<float>& tile, int64_t* columns, cudaStream_t stream) {
    FACET_LAUNCH(target_columns_kernel, thread_blocks(tile.B), kThreads, 0, stream)(tile, columns);
    return cudaGetLastError();
}

cudaError_t zero_targets(const Tile<float>& tile, cudaStream_t stream) {
    FACET_LAUNCH(zero_targets_kernel, thread_blocks(tile.B), kThreads, 0, stream)(tile);
    return cudaGetLastError();
}

cudaError_t sum_columns(const Tile<float>& tile, double* sums, cudaStream_t stream) {
    FACET_LAUNCH(sum_columns_kernel, thread_blocks(tile.n), kThreads, 0, stream)(tile, sums);
    return cudaGetLastError();
}

}  // namespace facet::cuda
