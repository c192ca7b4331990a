// Losses on a CUDA device, in a build without CUDA: says so.
#include "losses/cuda/device_head.h"

namespace facet {

double run_loss_on_cuda(Loss& loss, const Tensor&, const Tensor&, const std::vector<std::int64_t>&,
                        const Tensor&, const Tensor&, HeadWorkspace<float>&, const HeadOptions&) {
    throw Error("run_loss_on_cuda: this build has no CUDA device for loss " + loss.name());
}

}  // namespace facet
