// Bytes of device memory that are wanted on the host. Nothing of CUDA is included.
#pragma once

#include <cstddef>

namespace facet::cuda {

struct Download {
    void* host;
    const void* device;
    size_t bytes;
};

}  // namespace facet::cuda
