// A loss whose embeddings and proxies lie in a CUDA device's memory.
#pragma once

#include "losses/head/run_loss.h"

namespace facet {

// run_loss() for tensors of a CudaDevice, the value not rounded. All of it runs on the device but
// for what is done once a row. Waits for the value. Throws what run_loss() throws; in a build
// without CUDA (none.cpp) Error.
double run_loss_on_cuda(Loss& loss, const LossTensors& in, HeadDiagnostics& diagnostics,
                        const HeadOptions& options);

}  // namespace facet
