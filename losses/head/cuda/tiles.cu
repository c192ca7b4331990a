// Tiles of cosines: what a head does to them whatever the loss.
#include "engine/cuda/lanes.cuh"
#include "losses/head/cuda/cuda_backend.h"
#include "losses/head/cuda/head_kernels.h"

namespace facet::cuda {
namespace {

__global__ void __launch_bounds__(kThreads, kBlocks) clip_cosines_kernel(const Tile<float> tile) {
    const int64_t thread = static_cast<int64_t>(blockIdx.y) * kThreads + threadIdx.x;
    for (int64_t j = thread * 4; j < tile.n; j += int64_t{gridDim.y} * kThreads * 4) {
        float* at = tile.c + blockIdx.x * tile.ld + j;
        Lanes<4> c = load<4>(at);
        bool clipped = false;
        for (int k = 0; k < 4; ++k) {
            clipped |= c[k] > 1 || c[k] < -1;
            c[k] = c[k] > 1 ? 1 : (c[k] < -1 ? -1 : c[k]);
        }
        if (clipped) store<4>(at, c);  // rarely
    }
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

void CudaBackend::clip_cosines(const Tile<float>& tile) {
    // A block for every (at most) 16 steps of a thread, for every row.
    const dim3 grid(static_cast<unsigned>(tile.B),
                    static_cast<unsigned>(ceil_div(tile.n, 16 * kThreads * 4)));
    FACET_LAUNCH(clip_cosines_kernel, grid, kThreads, 0, stream_)(tile);
    check_launch(cudaGetLastError());
}

void CudaBackend::zero_targets(const Tile<float>& tile) {
    FACET_LAUNCH(zero_targets_kernel, thread_blocks(tile.B), kThreads, 0, stream_)(tile);
    check_launch(cudaGetLastError());
}

void target_columns(const Tile<float>& tile, int64_t* columns, cudaStream_t stream) {
    FACET_LAUNCH(target_columns_kernel, thread_blocks(tile.B), kThreads, 0, stream)(tile, columns);
    check_launch(cudaGetLastError());
}

void sum_columns(const Tile<float>& tile, double* sums, cudaStream_t stream) {
    FACET_LAUNCH(sum_columns_kernel, thread_blocks(tile.n), kThreads, 0, stream)(tile, sums);
    check_launch(cudaGetLastError());
}

}  // namespace facet::cuda
