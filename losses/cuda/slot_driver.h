// The negative pairs of a batch as slots of a class loss's softmax, on a device: what
// losses/head.cpp does with losses/pair_slots.h, with the (B, B) similarities and their derivatives
// in the device's memory.
#pragma once

#include <vector>

#include "losses/cuda/head_device.h"
#include "losses/cuda/slot_kernels.h"
#include "losses/head.h"

namespace facet::cuda {

class DeviceSlots {
public:
    // Of a batch as run_head() takes it (driver.h); x_norm (B) and `labels` (B) in device memory.
    DeviceSlots(HeadDevice& device, const PairSlots& rule, const HeadBatch<float>& batch,
                const double* x_norm, const int64_t* labels);

    // slot_sums(). Waits for the device once.
    std::vector<LogSumExp<double>> sums() const;
    // dxh (B, D) += (dS + dS^T) xh, given the form's slot_rows().
    void add_gradient(const std::vector<SlotRow>& rows, const float* xh, float* dxh) const;

private:
    SlotPairs pairs() const { return {S_.data(), labels_, quartiles_.data(), rule_.whisker, B_}; }

    HeadDevice& device_;
    const PairSlots rule_;
    const int64_t* labels_;
    const int64_t B_, D_;
    DeviceVector<double> S_;          // (B, B)
    DeviceVector<double> quartiles_;  // (2), or nothing
};

}  // namespace facet::cuda
