// Maps with their channels last, (N, H, W, C), seen as `rows` x C; and sums over the rows.
//
// A block covers a tile of channels and a run of rows. Its threads stand as (x, y): x counts steps
// of V channels, y counts rows, so that a thread keeps its channels, and their parameters stay in
// registers. Sums over all rows take two kernels: each block writes the sums of its rows to
// `partial`, then a second kernel adds these up in float64.
#pragma once

#include "engine/cuda/lanes.cuh"

namespace facet::cuda {

constexpr int kMostChunks = 512;       // runs of rows in a sum
constexpr int kCombineThreads = 1024;  // 32 channels x 32 chunks at a time

struct ChannelTiles {
    dim3 grid, block;      // grid (runs of rows, tiles of channels)
    int64_t rows_a_block;  // the last run may be shorter
    int64_t chunks() const { return grid.x; }
};

// V channels a step, `rows_a_thread` rows a thread at least, `most` runs of rows at most.
inline ChannelTiles channel_tiles(int64_t rows, int64_t C, int V, int rows_a_thread,
                                  int64_t most = 0x7fffffff) {
    const int64_t steps = ceil_div(C, V);
    unsigned width = 1;
    while (width < 32 && width < steps) width *= 2;
    const unsigned height = kThreads / width;
    int64_t rows_a_block = static_cast<int64_t>(height) * rows_a_thread;
    if (ceil_div(rows, rows_a_block) > most) {
        rows_a_block = ceil_div(ceil_div(rows, most), height) * height;
    }
    const auto chunks = static_cast<unsigned>(ceil_div(rows, rows_a_block));
    return {dim3(chunks, static_cast<unsigned>(ceil_div(steps, width))), dim3(width, height),
            rows_a_block};
}

constexpr int kSumRowsAThread = 16;  // fewer would make the partial sums many
constexpr int kMapRowsAThread = 4;

inline ChannelTiles channel_sum_tiles(int64_t rows, int64_t C, int V) {
    return channel_tiles(rows, C, V, kSumRowsAThread, kMostChunks);
}

// Floats that `partial` needs, whatever V is: a block has at least kThreads / 32 rows of threads.
inline int64_t channel_sum_floats(int64_t rows, int64_t C, int sums) {
    const int64_t chunks = ceil_div(rows, kThreads / 32 * kSumRowsAThread);
    return (chunks < kMostChunks ? chunks : kMostChunks) * sums * C;
}

// The part of the map that a thread covers. A thread beyond the last channel covers no rows.
struct ChannelPart {
    int64_t channel, first, last, step;
};

template <int V>
__device__ __forceinline__ ChannelPart channel_part(int64_t rows, int64_t C, int64_t rows_a_block) {
    const int64_t channel = (static_cast<int64_t>(blockIdx.y) * blockDim.x + threadIdx.x) * V;
    const int64_t begin = blockIdx.x * rows_a_block, first = begin + threadIdx.y;
    const int64_t end = begin + rows_a_block < rows ? begin + rows_a_block : rows;
    return {channel, first, channel < C ? end : first, blockDim.y};
}

// Adds up sums[s][k], which belong to channel part.channel + k, over the rows of the block, into
// partial (chunks, Sums, C). All threads of the block must call it, once in a kernel.
template <int Sums, int V>
__device__ __forceinline__ void write_channel_sums(const float (&sums)[Sums][V], int64_t C,
                                                   float* __restrict__ partial) {
    constexpr int kWarps = kThreads / 32;
    __shared__ float parts[Sums * V][kWarps][32];
    const int width = static_cast<int>(blockDim.x);  // a power of two, at most a warp
    const int thread = static_cast<int>(threadIdx.y) * width + static_cast<int>(threadIdx.x);
    const int warp = thread / 32, lane = thread % 32;
    for (int s = 0; s < Sums; ++s) {
        for (int k = 0; k < V; ++k) {
            // Lanes whose numbers are equal modulo `width` hold the same channel.
            float sum = sums[s][k];
            for (int offset = 16; offset >= width; offset /= 2)
                sum += __shfl_xor_sync(0xffffffffu, sum, offset);
#ifdef BUG_CHANNEL_SUMS_LOST_LANE
            if (lane + 1 < width) parts[s * V + k][warp][lane] = sum;
#else
            if (lane < width) parts[s * V + k][warp][lane] = sum;
#endif
        }
    }
#ifndef BUG_CHANNEL_SUMS_NO_BARRIER
    __syncthreads();
#endif
    for (int i = thread; i < Sums * V * width; i += kThreads) {
        const int which = i / width, column = i % width;
        const int64_t channel = (static_cast<int64_t>(blockIdx.y) * width + column) * V + which % V;
        if (channel >= C) continue;
        float sum = 0;
        for (int w = 0; w < kWarps; ++w) sum += parts[which][w][column];
        partial[(static_cast<int64_t>(blockIdx.x) * Sums + which / V) * C + channel] = sum;
    }
}

// In the second kernel, of combine_blocks(C) blocks of dim3(32, 32): the sums over all rows of
// channel blockIdx.x * 32 + threadIdx.x. True in the one thread a channel that has them.
inline unsigned combine_blocks(int64_t C) { return static_cast<unsigned>(ceil_div(C, 32)); }

template <int Sums>
__device__ __forceinline__ bool combine_channel_sums(const float* __restrict__ partial,
                                                     int64_t chunks, int64_t C,
                                                     double (&total)[Sums]) {
    __shared__ double parts[Sums][32][32];
    const int64_t channel = static_cast<int64_t>(blockIdx.x) * 32 + threadIdx.x;
    for (int s = 0; s < Sums; ++s) {
        double sum = 0;
        if (channel < C) {
            for (int64_t chunk = threadIdx.y; chunk < chunks; chunk += 32)
                sum += partial[(chunk * Sums + s) * C + channel];
        }
        parts[s][threadIdx.y][threadIdx.x] = sum;
    }
#ifndef BUG_COMBINE_NO_BARRIER
    __syncthreads();
#endif
    if (threadIdx.y > 0 || channel >= C) return false;
    for (int s = 0; s < Sums; ++s) {
        total[s] = 0;
        for (int y = 0; y < 32; ++y) total[s] += parts[s][y][threadIdx.x];
    }
    return true;
}

}  // namespace facet::cuda
