// Losses on a CUDA device, in a build without CUDA: says so.
#include "losses/head/cuda/loss_on_cuda.h"

namespace facet {

double run_loss_on_cuda(Loss& loss, const LossTensors&, HeadDiagnostics&, const HeadOptions&) {
    throw Error("run_loss_on_cuda: this build has no CUDA device for loss " + loss.name());
}

}  // namespace facet
