// The CUDA device of a build without CUDA: says so.
#include "engine/device.h"

namespace facet {

std::string why_no_cuda() { return "this build has no CUDA device: no nvcc or no cuDNN was found"; }

Device& cuda_device(Precision) {
    throw Error("cuda: " + why_no_cuda(), "build with `make CUDA=/path/of/the/toolkit`");
}

}  // namespace facet
