// The check of a kernel's launch, where the CUDA runtime's own is not there (tests/gpusim).
#pragma once

#include <cuda_runtime_api.h>

#include <source_location>

#include "engine/error.h"

namespace facet::cuda {

inline void check_launch(cudaError_t status,
                         std::source_location where = std::source_location::current()) {
    FACET_CHECK(status == cudaSuccess, "CUDA kernel at {}:{}: error {}", where.file_name(),
                where.line(), static_cast<int>(status));
}

}  // namespace facet::cuda
