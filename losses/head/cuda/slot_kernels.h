// The kernels of a batch's negative pairs as slots of a softmax (losses/head/pair_slots.h), in
// pair_slots.cu. All pointers are device pointers; every function returns what cudaGetLastError
// says of its launch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "losses/head/pair_slots.h"

namespace facet::cuda {

// The pairs of a batch, and which of them the filter keeps.
struct SlotPairs {
    const double* S;          // (B, B) similarities
    const int64_t* labels;    // (B)
    const double* quartiles;  // (2) Q1, Q3; null: all are kept
    double whisker;
    int64_t B;

    FACET_HD bool negative(int64_t u, int64_t v) const {
        return labels[u] >= 0 && labels[v] >= 0 && labels[u] != labels[v];
    }
    FACET_HD SlotRange range() const {
        return quartiles ? SlotRange::of(quartiles[0], quartiles[1], whisker) : SlotRange();
    }
};

// The values at these positions of the sorted similarities of negative pairs; pairs.quartiles is
// not read.
cudaError_t slot_quartiles(const SlotPairs& pairs, const QuartilePositions& positions,
                           double* quartiles, cudaStream_t stream);
// sums[u] (B) = log sum e^{s S_uv} of the slots with u: of all of them where the rule is by_anchor,
// else of those with u < v.
cudaError_t sum_slots(const SlotPairs& pairs, const PairSlots& rule, LogSumExp<double>* sums,
                      cudaStream_t stream);
// factors (B, B) = dS + dS^T, 0 where there is no slot. The derivative's rows lie in device memory.
cudaError_t differentiate_slots(const SlotPairs& pairs, const SlotDerivative& derivative,
                                float* factors, cudaStream_t stream);

}  // namespace facet::cuda
