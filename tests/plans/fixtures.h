// What the tests of cuDNN plans share: described devices and the record of what was planned.
#pragma once

#include <string>

#include "engine/cuda/cudnn_plan.h"
#include "tests/plans/networks.h"

namespace facet::cuda {

// "a100", "h100" or "b200": tests/plans/devices/<name>.json, seen from the repository's root.
// Read once; the reference stays valid.
const CudnnDevice& described_device(const std::string& name);

ConvKey key_of(const ConvShape& shape, int64_t N, ConvOperation operation, ConvCompute compute,
               Grad mode);

// Remembers a plan. When the tests end everything remembered is written to plans.json (each plan)
// and plans.md (a table) in the folder $FACET_PLANS, "build" if that is not set.
void record(const CudnnDevice& device, const ConvPlan& plan);

}  // namespace facet::cuda
