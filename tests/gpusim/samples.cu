#include <cuda_runtime.h>

#include "tests/gpusim/samples.h"

// The simulator's tests launch as the project's kernels do (engine/cuda/kernel.cuh).
#include "engine/cuda/kernel.cuh"

namespace samples {
namespace {

__global__ void increment_kernel(const int* in, int* out, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i] + 1;
}

__device__ float warp_sum(float value) {
    for (int offset = 16; offset > 0; offset /= 2)
        value += __shfl_down_sync(0xffffffffu, value, offset);
    return value;
}

__global__ void block_sum_kernel(const float* in, float* out) {
    __shared__ float parts[3];
    const float sum = warp_sum(in[threadIdx.x]);
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x == 0) out[blockIdx.x] = parts[0] + parts[1] + parts[2];
}

__global__ void reverse_warp_kernel(const float* in, float* out) {
    __shared__ float values[32];
    values[threadIdx.x] = in[threadIdx.x];
    __syncwarp();
    out[threadIdx.x] = values[31 - threadIdx.x];
}

__global__ void histogram_kernel(const int* in, int n, int* counts) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        atomicAdd(&counts[in[i]], 1);
}

__global__ void vote_kernel(const int* in, unsigned* votes, int* out) {
    const unsigned odd = __ballot_sync(0xffffffffu, in[threadIdx.x] & 1);
    if (threadIdx.x == 0) votes[0] = odd;
    out[threadIdx.x] = __shfl_sync(0xffffffffu, in[threadIdx.x], threadIdx.x + 1, 8);
}

__global__ void race_write_then_read_kernel(float* out) {
    __shared__ float value[1];
    if (threadIdx.x == 0) value[0] = 0;
    __syncthreads();
    if (threadIdx.x == 5) value[0] = 1;
    out[threadIdx.x] = value[0];
}

__global__ void race_read_then_write_kernel(float* out) {
    __shared__ float values[64];
    values[threadIdx.x] = threadIdx.x;
    __syncthreads();
    const float other = values[63 - threadIdx.x];
    values[threadIdx.x] = other;
    __syncthreads();
    out[threadIdx.x] = values[threadIdx.x];
}

__global__ void race_within_warp_kernel(float* out) {
    __shared__ float values[32];
    values[threadIdx.x] = threadIdx.x;
    const float next = __shfl_sync(0xffffffffu, 1.0f, 0);  // a shuffle does not order memory
    out[threadIdx.x] = values[31 - threadIdx.x] + next;
}

__global__ void race_between_blocks_kernel(float* out) {
    if (threadIdx.x == 0) out[0] = blockIdx.x;
}

__global__ void count_without_atomic_kernel(int* count) { *count += 1; }

__global__ void write_past_end_kernel(float* data, int n) {
    for (int i = threadIdx.x; i <= n; i += blockDim.x) data[i] = 0;
}

__global__ void read_misaligned_kernel(const float* data, float* out) {
    const char* between = reinterpret_cast<const char*>(data) + 2;
    out[threadIdx.x] = *reinterpret_cast<const float*>(between);
}

__global__ void read_misaligned_vector_kernel(const float* data, float* out) {
    FACET_ALIGNED(data + 1, 16);
    out[threadIdx.x] = data[1];
}

__global__ void read_uninitialised_shared_kernel(float* out) {
    __shared__ float values[32];
    if (threadIdx.x > 0) values[threadIdx.x] = 1;
    __syncthreads();
    out[threadIdx.x] = values[threadIdx.x];
}

__global__ void dynamic_overrun_kernel(float* out) {
    FACET_DYNAMIC_SHARED(float, values);
    values[threadIdx.x + 1] = 1;
    __syncthreads();
    out[threadIdx.x] = values[threadIdx.x + 1];
}

__global__ void divergent_barrier_kernel(float* out) {
    if (threadIdx.x < 16) {
        __syncthreads();
    } else {
        out[threadIdx.x] = 1;
        __syncthreads();
    }
}

__global__ void barrier_after_exit_kernel(float* out) {
    if (threadIdx.x == 40) return;
    __syncthreads();
    out[threadIdx.x] = 1;
}

__global__ void shuffle_without_lane_kernel(float* out) {
    if (threadIdx.x != 7) out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.0f, 1);
}

__global__ void shuffle_outside_mask_kernel(float* out) {
    if (threadIdx.x < 8) out[threadIdx.x] = __shfl_sync(0x000000ffu, 1.0f, 9);
}

__global__ void shuffle_not_in_mask_kernel(float* out) {
    out[threadIdx.x] = __shfl_sync(0x0000ffffu, 1.0f, 0);
}

__global__ void shuffle_absent_lanes_kernel(float* out) {
    out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.0f, 1);
}

__global__ void divergent_warp_kernel(float* out) {
    if (threadIdx.x % 2) {
        out[threadIdx.x] = __shfl_sync(0xffffffffu, 1.0f, 0);
    } else {
        out[threadIdx.x] = __shfl_sync(0xffffffffu, 2.0f, 1);
    }
}

}  // namespace

void increment(const int* in, int* out, int n) {
    FACET_LAUNCH(increment_kernel, (n + 127) / 128, 128, 0, nullptr)(in, out, n);
}
void block_sum(const float* in, float* out, int blocks) {
    FACET_LAUNCH(block_sum_kernel, blocks, 96, 0, nullptr)(in, out);
}
void reverse_warp(const float* in, float* out) {
    FACET_LAUNCH(reverse_warp_kernel, 1, 32, 0, nullptr)(in, out);
}
void histogram(const int* in, int n, int* counts) {
    FACET_LAUNCH(histogram_kernel, 4, 64, 0, nullptr)(in, n, counts);
}
void vote(const int* in, unsigned* votes, int* out) {
    FACET_LAUNCH(vote_kernel, 1, 32, 0, nullptr)(in, votes, out);
}
void race_write_then_read(float* out) {
    FACET_LAUNCH(race_write_then_read_kernel, 1, 32, 0, nullptr)(out);
}
void race_read_then_write(float* out) {
    FACET_LAUNCH(race_read_then_write_kernel, 1, 64, 0, nullptr)(out);
}
void race_within_warp(float* out) { FACET_LAUNCH(race_within_warp_kernel, 1, 32, 0, nullptr)(out); }
void race_between_blocks(float* out) {
    FACET_LAUNCH(race_between_blocks_kernel, 3, 32, 0, nullptr)(out);
}
void count_without_atomic(int* count) {
    FACET_LAUNCH(count_without_atomic_kernel, 1, 32, 0, nullptr)(count);
}
void write_past_end(float* data, int n) {
    FACET_LAUNCH(write_past_end_kernel, 1, 32, 0, nullptr)(data, n);
}
void read_misaligned(const float* data, float* out) {
    FACET_LAUNCH(read_misaligned_kernel, 1, 32, 0, nullptr)(data, out);
}
void read_misaligned_vector(const float* data, float* out) {
    FACET_LAUNCH(read_misaligned_vector_kernel, 1, 32, 0, nullptr)(data, out);
}
void read_uninitialised_shared(float* out) {
    FACET_LAUNCH(read_uninitialised_shared_kernel, 1, 32, 0, nullptr)(out);
}
void dynamic_overrun(float* out) {
    FACET_LAUNCH(dynamic_overrun_kernel, 1, 32, 32 * sizeof(float), nullptr)(out);
}
void divergent_barrier(float* out) {
    FACET_LAUNCH(divergent_barrier_kernel, 1, 32, 0, nullptr)(out);
}
void barrier_after_exit(float* out) {
    FACET_LAUNCH(barrier_after_exit_kernel, 1, 64, 0, nullptr)(out);
}
void shuffle_without_lane(float* out) {
    FACET_LAUNCH(shuffle_without_lane_kernel, 1, 32, 0, nullptr)(out);
}
void shuffle_outside_mask(float* out) {
    FACET_LAUNCH(shuffle_outside_mask_kernel, 1, 32, 0, nullptr)(out);
}
void shuffle_not_in_mask(float* out) {
    FACET_LAUNCH(shuffle_not_in_mask_kernel, 1, 32, 0, nullptr)(out);
}
void shuffle_absent_lanes(float* out) {
    FACET_LAUNCH(shuffle_absent_lanes_kernel, 1, 20, 0, nullptr)(out);
}
void divergent_warp(float* out) { FACET_LAUNCH(divergent_warp_kernel, 1, 32, 0, nullptr)(out); }
void too_many_threads() { FACET_LAUNCH(barrier_after_exit_kernel, 1, 2048, 0, nullptr)(nullptr); }

}  // namespace samples
