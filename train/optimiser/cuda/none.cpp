// Updates that a device decides, in a build without CUDA: there is no such device.
#include "train/optimiser/cuda/device_update.h"

namespace facet {

std::unique_ptr<DeviceUpdate> new_device_update(Device&, const UpdateRule&, size_t, size_t) {
    return nullptr;
}

}  // namespace facet
