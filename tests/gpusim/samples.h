// Small kernels for the simulator's own tests: right ones, and for each fault that the simulator
// must find one that has it. They take device pointers.
#pragma once

namespace samples {

// out[i] = in[i] + 1, blocks of 128.
void increment(const int* in, int* out, int n);
// out[b] = sum of in[0 .. 95] by shuffles, shared memory and a barrier.
void block_sum(const float* in, float* out, int blocks);
// out[i] = the value of thread 31 - i of the warp, by way of shared memory and __syncwarp.
void reverse_warp(const float* in, float* out);
// counts[in[i]] += 1, atomically; n values below 8, 4 blocks.
void histogram(const int* in, int n, int* counts);
// votes[0] = which of 32 lanes hold an odd number; out = each lane's neighbour below, wrapping in
// sections of 8.
void vote(const int* in, unsigned* votes, int* out);

void race_write_then_read(float* out);  // the barrier after a write is missing
void race_read_then_write(float* out);  // the barrier after a read is missing
void race_within_warp(float* out);      // the __syncwarp is missing
void race_between_blocks(float* out);   // all blocks write one place
void count_without_atomic(int* count);
void write_past_end(float* data, int n);
void read_misaligned(const float* data, float* out);
void read_misaligned_vector(const float* data, float* out);
void read_uninitialised_shared(float* out);
void dynamic_overrun(float* out);  // one float beyond the dynamic shared memory
void divergent_barrier(float* out);
void barrier_after_exit(float* out);
void shuffle_without_lane(float* out);  // lane 7 does not come, the mask says it does
void shuffle_outside_mask(float* out);  // reads a lane that the mask lacks
void shuffle_not_in_mask(float* out);   // the caller is not in its own mask
void shuffle_absent_lanes(float* out);  // a warp of 20 threads with a mask of 32
void divergent_warp(float* out);        // lanes of one mask at two shuffles
void too_many_threads();

}  // namespace samples
