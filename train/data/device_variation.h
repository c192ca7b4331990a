// A variation as the CUDA device's picture kernels take it. Needs neither CUDA nor a GPU.
#pragma once

#include "engine/cuda/pictures.h"
#include "train/data/augment.h"

namespace facet {

// `index` and, for device_noise(), `seed` and `epoch` are those that the variation was drawn with.
cuda::PictureVariation device_variation(const Variation& variation, uint64_t index);
cuda::PictureNoise device_noise(uint64_t seed, uint64_t epoch);

}  // namespace facet
