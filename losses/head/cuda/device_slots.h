// HostSlots (losses/head/pair_slots.h) on a device: the (B, B) similarities of a batch and their
// derivatives are in its memory.
#pragma once

#include <vector>

#include "losses/head/arithmetic.h"
#include "losses/head/cuda/head_device.h"
#include "losses/head/pair_slots.h"

namespace facet::cuda {

// --- kernels ---

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
void slot_quartiles(const SlotPairs& pairs, const QuartilePositions& positions, double* quartiles,
                    cudaStream_t stream);
// sums[u] (B) = log sum e^{s S_uv} of the slots with u: of all of them where the rule is by_anchor,
// else of those with u < v.
void sum_slots(const SlotPairs& pairs, const PairSlots& rule, LogSumExp<double>* sums,
               cudaStream_t stream);
// factors (B, B) = dS + dS^T, 0 where there is no slot. The derivative's rows lie in device memory.
void differentiate_slots(const SlotPairs& pairs, const SlotDerivative& derivative, float* factors,
                         cudaStream_t stream);

// --- the slots of a batch ---

class DeviceSlots {
public:
    DeviceSlots(HeadDevice& device, const PairSlots& rule, const Batch<float>& batch);

    // slot_sums(). Waits for the device once.
    std::vector<LogSumExp<double>> sums() const;
    // dxh (B, D) += (dS + dS^T) xh
    void add_gradient(const std::vector<SlotRow>& rows, const float* xh, float* dxh) const;

private:
    SlotPairs pairs() const { return {S_.data(), labels_, quartiles_.data(), rule_.whisker, B_}; }

    HeadDevice& device_;
    const PairSlots rule_;
    const int64_t* labels_;
    const int64_t B_, D_;
    HeadArray<double> S_;          // (B, B)
    HeadArray<double> quartiles_;  // (2), or nothing
};

}  // namespace facet::cuda
