// A loss whose embeddings and proxies lie in a CUDA device's memory.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/tensor.h"
#include "losses/loss.h"

namespace facet {

// Loss::forward_backward() for x (B, D) and w (C, D) of a CudaDevice, w undefined for a pair loss;
// dx and dw have their shapes, or are undefined: then they are not computed. A class loss runs on
// the device (losses/cuda/driver.h). Pair losses and `center`, whose work is small beside a
// network's, run on the host: x and w are copied there and the gradients back. Waits for the value.
// Throws what forward_backward() throws; in a build without CUDA (none.cpp) Error.
double run_loss_on_cuda(Loss& loss, const Tensor& x, const Tensor& w,
                        const std::vector<std::int64_t>& y, const Tensor& dx, const Tensor& dw,
                        HeadWorkspace<float>& workspace, const HeadOptions& options);

}  // namespace facet
