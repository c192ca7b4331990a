// The driver of the pair losses on a device: losses/pairs.cpp with everything B x D and n x n in
// the device's memory. On the host is what is done once an anchor: the sum of their terms, and for
// a loss that counts pairs first the sum of the counts.
#pragma once

#include "losses/cuda/head_device.h"
#include "losses/cuda/pair_kernels.h"
#include "losses/pairs.h"

namespace facet::cuda {

// run_pairs() of losses/pairs.h with batch.x and the gradients in device memory, batch.y in the
// host's. `kernels` are those of the form's loss. Waits for the device once, twice for a loss that
// counts. Throws the same errors.
double run_pairs(HeadDevice& device, Pairs& pairs, const PairKernels& kernels, StateArray& no_pairs,
                 const HeadBatch<float>& batch, const HeadGradient<float>& gradient,
                 HeadWorkspace<float>& workspace);

}  // namespace facet::cuda
