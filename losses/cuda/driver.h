// The driver of the class losses on a device: losses/head.cpp with everything B x C, B x D and C x
// D in the device's memory.
//
//   on the device   norms, unit vectors, angles of the targets, cosines of a tile, what rows gather
//                   of them, dL/dc, the gradients; of a loss whose softmax has slots for the
//                   batch's negative pairs, all that is B x B (slot_driver.h)
//   on the host     whatever is done once a row: the loss's open, begin, close, settle, its state
#pragma once

#include "losses/cuda/head_device.h"
#include "losses/cuda/loss_kernels.h"
#include "losses/head.h"

namespace facet::cuda {

// run_head() of losses/head.h with batch.x, batch.w and the gradients in device memory, batch.y in
// the host's; the diagnostics of `workspace` are filled, its buffers are not used. `kernels` are
// those of the form's loss. Throws the same errors.
double run_head(HeadDevice& device, HeadForm<float>& form, const LossKernels& kernels,
                const HeadBatch<float>& batch, const HeadGradient<float>& gradient,
                HeadWorkspace<float>& workspace, const HeadOptions& options);

}  // namespace facet::cuda
