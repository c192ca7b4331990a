// The CUDA device of a build without CUDA: says so.
#include "engine/cuda/device_timer.h"
#include "engine/cuda/device_update.h"

namespace facet {

std::string why_no_cuda() { return "this build has no CUDA device: no nvcc or no cuDNN was found"; }

Device& cuda_device(Precision) {
    throw Error("cuda: " + why_no_cuda(), "build with `make CUDA=/path/of/the/toolkit`");
}

std::unique_ptr<DeviceUpdate> new_device_update(Device&, size_t, size_t) { return nullptr; }

double seconds_on(Device& device, const std::function<void()>&) {
    throw Error(
        fmt::format("device {}: it works on the host, there is no stream to time", device.name()));
}

}  // namespace facet
