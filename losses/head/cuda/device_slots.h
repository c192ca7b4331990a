// HostSlots (losses/head/pair_slots.h) on a device: the (B, B) similarities of a batch and their
// derivatives are in its memory.
#pragma once

#include <vector>

#include "losses/head/cuda/head_device.h"
#include "losses/head/cuda/slot_kernels.h"

namespace facet::cuda {

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
