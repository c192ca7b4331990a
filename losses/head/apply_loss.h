// A loss as one node of the tape: forward gives the value, backward hands its exact gradients on.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/tape.h"
#include "losses/head/loss.h"

namespace facet {

// x (B, D) raw embeddings; w (C, D) raw proxies, or null for a pair loss; y (B) classes, -1 for a
// row that does not count. Returns the value, shape (1). x and w may be float32 or float64, on a
// CUDA device float32. The gradients are formed here, in the same sweep as the value,
// and kept until `backward`. Also leaves the diagnostics of the call in `diagnostics`.
//
// With `end`, where the value is written too, rounded to the type of x, the tape ends here: the
// gradient by the value is 1. The host then waits for no copy of either number from the device.
Var apply_loss(Tape& tape, Loss& loss, const Var& x, const Var& w,
               const std::vector<int64_t>& labels, HeadDiagnostics& diagnostics,
               const HeadOptions& options = {}, double* end = nullptr);

}  // namespace facet
