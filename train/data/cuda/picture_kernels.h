// The kernels that make the network's input of 8-bit pictures (pictures.cu). `x` is in device
// memory, (N, H, W, 3), 0..255; T is float or bfloat16. Both functions return what cudaGetLastError
// says of their launch.
#pragma once

#include <cuda_runtime_api.h>

#include "train/data/device_variation.h"

namespace facet::cuda {

// y = (x / 255 - 0.5) / 0.5.
template <class T>
cudaError_t normalise_pictures(const uint8_t* x, const PictureShape& shape, T* y,
                               cudaStream_t stream);
// The same of varied pictures: warp, colour, erasure. `variations`, (N), is in device memory.
template <class T>
cudaError_t vary_pictures(const uint8_t* x, const PictureShape& shape,
                          const PictureVariation* variations, const PictureNoise& noise, T* y,
                          cudaStream_t stream);

}  // namespace facet::cuda
