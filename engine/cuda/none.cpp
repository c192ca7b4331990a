// The CUDA device of a build without CUDA: says so.
#include "engine/cuda/device_timer.h"

namespace facet {

std::string why_no_cuda() { return "this build has no CUDA device: no nvcc or no cuDNN was found"; }

Device& cuda_device(Precision) {
    throw Error("cuda: " + why_no_cuda(), "build with `make CUDA=/path/of/the/toolkit`");
}

double seconds_on(Device& device, const std::function<void()>&) {
    throw Error(
        fmt::format("device {}: it works on the host, there is no stream to time", device.name()));
}

}  // namespace facet
