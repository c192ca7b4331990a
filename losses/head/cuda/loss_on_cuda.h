// A loss whose embeddings and proxies lie in a CUDA device's memory.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/tensor.h"
#include "losses/head/loss.h"

namespace facet {

// A batch and where its gradients go.
struct LossTensors {
    const Tensor& x;                          // (B, D) embeddings
    const Tensor& w;                          // (C, D) proxies; undefined for a pair loss
    const std::vector<std::int64_t>& labels;  // (B)
    const Tensor &dx, &dw;                    // of these shapes; dw undefined as w is
};

// Loss::forward_backward() for tensors of a CudaDevice. All of it runs on the device but for what
// is done once a row. Waits for the value. Throws what forward_backward() throws; in a build
// without CUDA (none.cpp) Error.
double run_loss_on_cuda(Loss& loss, const LossTensors& in, HeadDiagnostics& diagnostics,
                        const HeadOptions& options);

}  // namespace facet
