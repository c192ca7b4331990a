// The negative pairs of a batch as slots of a softmax: the quartiles of their similarities, the
// sums that rows see, and the derivative.
#include <bit>

#include "losses/head/cuda/device_slots.h"
#include "losses/head/cuda/head_kernels.h"
#include "losses/head/cuda/warps.cuh"

namespace facet::cuda {
namespace {

// Unsigned numbers in the order of the doubles: negative ones have their bits turned round.
constexpr uint64_t kSign = uint64_t{1} << 63;
__device__ __forceinline__ uint64_t key_of(double value) {
    const auto bits = std::bit_cast<uint64_t>(value);
    return (bits & kSign) ? ~bits : bits | kSign;
}
__device__ __forceinline__ double value_of(uint64_t key) {
    return std::bit_cast<double>((key & kSign) ? key & ~kSign : ~key);
}

// Counts by their next byte the keys that begin with `prefix`; `rest`: bits behind that byte.
__device__ __forceinline__ void count_keys(const SlotPairs& pairs, uint64_t prefix, int rest,
                                           unsigned* counts) {
    for (int64_t u = threadIdx.x / 32; u < pairs.B; u += kWarps) {
        for (int64_t v = u + 1 + threadIdx.x % 32; v < pairs.B; v += 32) {
            if (!pairs.negative(u, v)) continue;
            const uint64_t key = key_of(pairs.S[u * pairs.B + v]) >> rest;
            if (key >> 8 == prefix) atomicAdd(&counts[key & 0xff], 1u);
        }
    }
}

// A block a quartile. Eight rounds, each of which finds a byte of its key: the counts of the keys
// that begin as found so far show in which byte the position falls.
__global__ void __launch_bounds__(kThreads, kBlocks)
    slot_quartiles_kernel(const SlotPairs pairs, const QuartilePositions positions,
                          double* __restrict__ quartiles) {
    constexpr int kBytes = 256;
    static_assert(kThreads == kBytes);
    __shared__ unsigned counts[kBytes];
    int64_t left = blockIdx.x == 0 ? positions.first : positions.third;
    uint64_t prefix = 0;
    for (int rest = 56; rest >= 0; rest -= 8) {
        counts[threadIdx.x] = 0;
        __syncthreads();
        count_keys(pairs, prefix, rest, counts);
#ifndef BUG_QUARTILES_NO_BARRIER
        __syncthreads();
#endif
        unsigned byte = 0;
        while (byte < kBytes - 1 && left >= counts[byte]) left -= counts[byte++];
        prefix = prefix << 8 | byte;
        __syncthreads();  // the next round writes the counts
    }
    if (threadIdx.x == 0) quartiles[blockIdx.x] = value_of(prefix);
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    sum_slots_kernel(const SlotPairs pairs, const PairSlots rule,
                     LogSumExp<double>* __restrict__ sums) {
    const int64_t u = row_of_warp();
    if (u >= pairs.B) return;  // the whole warp
    const SlotRange range = pairs.range();
    LogSumExp<double> sum;
    for (int64_t v = threadIdx.x % 32; v < pairs.B; v += 32) {
        const double S = pairs.S[u * pairs.B + v];
        const bool seen = rule.by_anchor || u < v;
        if (seen && pairs.negative(u, v) && range.keeps(S)) sum.add_quickly(rule.s * S);
    }
    sum = warp_merge(sum, 32);
    if (threadIdx.x % 32 == 0) sums[u] = sum;
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    differentiate_slots_kernel(const SlotPairs pairs, const SlotDerivative derivative,
                               float* __restrict__ factors) {
    const int64_t u = blockIdx.y, B = pairs.B;
    const int64_t v = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (v >= B || v < u) return;
    const double S = pairs.S[u * B + v];
    const bool slot = pairs.negative(u, v) && pairs.range().keeps(S);
    const float factor = slot ? static_cast<float>(derivative(S, u, v)) : 0;
    factors[u * B + v] = factors[v * B + u] = factor;
}

// How many pairs of rows have labels, different ones.
int64_t negative_pairs(std::span<const Target<float>> targets) {
    int64_t count = 0;
    for (size_t u = 0; u < targets.size(); ++u) {
        for (size_t v = u + 1; v < targets.size(); ++v)
            count += targets[u].y >= 0 && targets[v].y >= 0 && targets[u].y != targets[v].y;
    }
    return count;
}

}  // namespace

void slot_quartiles(const SlotPairs& pairs, const QuartilePositions& positions, double* quartiles,
                    cudaStream_t stream) {
    FACET_LAUNCH(slot_quartiles_kernel, 2, kThreads, 0, stream)(pairs, positions, quartiles);
    check_launch(cudaGetLastError());
}

void sum_slots(const SlotPairs& pairs, const PairSlots& rule, LogSumExp<double>* sums,
               cudaStream_t stream) {
    FACET_LAUNCH(sum_slots_kernel, warp_rows(pairs.B), kThreads, 0, stream)(pairs, rule, sums);
    check_launch(cudaGetLastError());
}

void differentiate_slots(const SlotPairs& pairs, const SlotDerivative& derivative, float* factors,
                         cudaStream_t stream) {
    const dim3 grid(static_cast<unsigned>(ceil_div(pairs.B, kThreads)),
                    static_cast<unsigned>(pairs.B));
    FACET_LAUNCH(differentiate_slots_kernel, grid, kThreads, 0, stream)
    (pairs, derivative, factors);
    check_launch(cudaGetLastError());
}

DeviceSlots::DeviceSlots(HeadDevice& device, const PairSlots& rule, const Batch<float>& batch)
    : device_(device),
      rule_(rule),
      labels_(batch.labels),
      B_(std::ssize(batch.targets)),
      D_(batch.D),
      S_(device, B_ * B_) {
    const cudaStream_t stream = device.stream();
    const HeadArray<double> unit(device, B_ * D_);
    unit_vectors(batch.x, B_, D_, unit.data(), stream);
    device.gemm(Op::none, Op::transpose, B_, B_, D_, unit.data(), D_, unit.data(), D_, 0.0,
                S_.data(), B_);
    pair_products({PairVectors::unit, PairMeasure::product}, B_, S_.data(), stream);
    const int64_t K = negative_pairs(batch.targets);
    if (rule.whisker == 0 || K == 0) return;
    const HeadArray<double> quartiles(device, 2);
    slot_quartiles(pairs(), QuartilePositions(K), quartiles.data(), stream);
    quartiles_ = quartiles;
}

std::vector<LogSumExp<double>> DeviceSlots::sums() const {
    const HeadArray<LogSumExp<double>> by_row(device_, B_);
    sum_slots(pairs(), rule_, by_row.data(), device_.stream());
    const std::vector<LogSumExp<double>> sums = by_row.to_vector();
    if (rule_.by_anchor) return sums;
    LogSumExp<double> all;
    for (const LogSumExp<double>& sum : sums) all.merge(sum);
    return {all};
}

void DeviceSlots::add_gradient(const std::vector<SlotRow>& rows, const float* xh,
                               float* dxh) const {
    const HeadArray<SlotRow> device_rows(device_, rows.data(), B_);
    SlotDerivative derivative(rule_, rows);
    derivative.rows = device_rows.data();
    const HeadArray<float> factors(device_, B_ * B_);
    differentiate_slots(pairs(), derivative, factors.data(), device_.stream());
    device_.gemm(Op::none, Op::none, B_, D_, B_, factors.data(), B_, xh, D_, 1.0f, dxh, D_);
}

}  // namespace facet::cuda
