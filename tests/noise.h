// Pictures of nothing, for tests in which only the numbers matter.
#pragma once

#include <vector>

#include "engine/random.h"
#include "engine/tensor.h"

namespace facet::test {

// Uniform in (-1, 1), the same at every call.
inline std::vector<double> noise(int64_t count) {
    Random random(3, Purpose::Test);
    std::vector<double> values(count);
    for (double& value : values) value = random.uniform(-1, 1);
    return values;
}

// (B, 3, 64, 64) plain
inline Tensor noise_images(Device& device, int64_t B) {
    return Tensor::from(device, {B, 3, 64, 64}, noise(B * 3 * 64 * 64));
}

}  // namespace facet::test
