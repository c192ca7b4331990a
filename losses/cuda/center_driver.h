// Center loss on a device: losses/center.cpp with everything B x D and C x D in the device's
// memory.
#pragma once

#include "losses/center.h"
#include "losses/cuda/head_device.h"

namespace facet::cuda {

// Loss::forward_backward() of `loss` with batch.x, batch.w and the gradients in device memory,
// batch.y in the host's; without the state's end_call(). Waits for the device once. Throws the same
// errors.
double run_center(HeadDevice& device, Center& loss, const HeadBatch<float>& batch,
                  const HeadGradient<float>& gradient, HeadWorkspace<float>& workspace);

}  // namespace facet::cuda
