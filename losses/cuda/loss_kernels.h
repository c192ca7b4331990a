// The kernels of each class loss, found by the loss's name.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "losses/head_form.h"

namespace facet::cuda {

// What a loss does with the B x n cosines of a tile; the rest of it is done on the host
// (losses/rows.h). `form`, in host memory, and `rows`, `accumulators`, in device memory, are
// DeviceParts of the loss's form. `tile` lies in device memory, its labels too: c is 16-byte
// aligned and ld a multiple of 4, since rows are read and written in steps of four numbers, those
// behind the n included. Both put a launch on the stream.
struct LossKernels {
    size_t row_bytes, accumulator_bytes;  // of one element of DeviceParts::rows, ::accumulators

    cudaError_t (*gather)(const void* form, int pass, const void* rows, void* accumulators,
                          const Tile<float>& tile, cudaStream_t stream);
    // dL/dc in place of the cosines, the target's included.
    cudaError_t (*differentiate)(const void* form, const void* rows, const void* accumulators,
                                 const Tile<float>& tile, cudaStream_t stream);
};

// Throws Error for a loss that was not there when the kernels were compiled.
const LossKernels& kernels_of(const std::string& loss);

}  // namespace facet::cuda
