// The device for which cuDNN plans: the one behind a handle, or one that is only described.
#pragma once

#include <cstdint>
#include <string>

#include "engine/cuda/cudnn_descriptor.h"

namespace facet::cuda {

// Everything that plans asks of a device goes through this descriptor, whichever way it was made,
// so planning without a GPU runs the code that runs with one.
class CudnnDevice {
public:
    // The device of a handle.
    explicit CudnnDevice(cudnnHandle_t handle);
    // A device as cuDNN itself serialises it: a JSON object with deviceName, deviceVer (900 for
    // sm_90), multiProcessorCount and so on, all of them required; unknown fields are ignored.
    // Throws Error when the text is not such an object.
    explicit CudnnDevice(const std::string& json);

    const CudnnDescriptor& descriptor() const { return descriptor_; }
    const std::string& name() const { return name_; }                  // "NVIDIA H200"
    const std::string& architecture() const { return architecture_; }  // "sm_90"

private:
    void read_back();

    CudnnDescriptor descriptor_;
    std::string name_, architecture_;
};

}  // namespace facet::cuda
