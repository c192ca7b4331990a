// A loss whose embeddings and proxies lie in a CUDA device's memory.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/tensor.h"
#include "losses/loss.h"

namespace facet {

// Loss::forward_backward() for x (B, D) and w (C, D) of a CudaDevice, w undefined for a pair loss;
// dx and dw have their shapes, or are undefined: then they are not computed. All of it runs on the
// device but for what is done once a row (driver.h, pair_driver.h, center_driver.h). Waits for the
// value. Throws what forward_backward() throws, and Error for a loss that is neither a class loss
// nor a pair loss nor `center`; in a build without CUDA (none.cpp) Error.
double run_loss_on_cuda(Loss& loss, const Tensor& x, const Tensor& w,
                        const std::vector<std::int64_t>& y, const Tensor& dx, const Tensor& dw,
                        HeadWorkspace<float>& workspace, const HeadOptions& options);

}  // namespace facet
