// Bytes of a device's memory that are wanted on the host.
#pragma once

#include <cstddef>

namespace facet {

struct Download {
    void* host;
    const void* device;
    size_t bytes;
};

}  // namespace facet
