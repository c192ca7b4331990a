// What the drivers on a device find out about the rows of a batch, on the host.
#pragma once

#include <cstdint>
#include <vector>

#include "losses/cuda/head_device.h"

namespace facet::cuda {

// After vector_norms() of v (rows, D), which lies in device memory: throws Error, naming `what`,
// row and column, if a number is not finite. `bad`: what the kernel left, 0 if all are.
void check_finite(HeadDevice& device, const char* what, const float* v, int64_t rows, int64_t D,
                  uint64_t bad);

// The rows with a label, by class; those of one class in their order.
std::vector<int64_t> rows_by_class(const int64_t* y, int64_t B);

}  // namespace facet::cuda
