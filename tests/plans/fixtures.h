// What the tests of cuDNN plans share: described devices, the convolutions of the project's
// networks, and the record of what was planned.
#pragma once

#include <string>
#include <vector>

#include "engine/cuda/cudnn_plan.h"

namespace facet::cuda {

// "a100", "h100" or "b200": tests/plans/devices/<name>.json, seen from the repository's root.
// Read once; the reference stays valid.
const CudnnDevice& described_device(const std::string& name);

// A convolution's sizes, without the batch and what is done with it.
struct ConvShape {
    int64_t C, H, W, K, R, stride;
    auto operator<=>(const ConvShape&) const = default;
};

// Every different convolution of these networks at 64 and 112 pixels, asked from the networks
// themselves, in ascending order.
std::vector<ConvShape> convolutions_of(const std::vector<std::string>& backbones);
// The same for r10 and r18, kept. Their blocks are those of r34 and r50, which only have more of
// them (a test with FACET_PLANS_FULL=1 compares; building those networks takes longer than all
// plans).
const std::vector<ConvShape>& network_convolutions();

ConvKey key_of(const ConvShape& shape, int64_t N, ConvOperation operation, ConvCompute compute,
               Grad mode);

// Remembers a plan. When the tests end everything remembered is written to plans.json (each plan)
// and plans.md (a table) in the folder $FACET_PLANS, "build" if that is not set.
void record(const CudnnDevice& device, const ConvPlan& plan);

}  // namespace facet::cuda
