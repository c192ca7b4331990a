// The kernels of an optimiser's step. Pointers are to device memory; work is enqueued.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "train/optimiser/update_step.h"

namespace facet::cuda {

// What is decided of a step when all its gradients are known.
struct UpdateDecision {
    float gradient_scale;  // of what is clipped
    unsigned moves;        // 0: some gradient is not finite, and nothing moves
    double norm;           // of what is clipped, before clipping
};
// Of `count` sums of squares, of a gradient each, the first `clipped` make the norm. Writes norm,
// moves, and gradient_scale = clip / norm where norm > clip > 0, else 1.
cudaError_t decide_update(const double* squares, int clipped, int count, double clip,
                          UpdateDecision* decision, cudaStream_t stream);

// What an update reads in device memory when it runs, in place of the step it is given: for work
// that is recorded once and run at many steps.
struct UpdateSource {
    const UpdateDecision* decision = nullptr;  // null: nothing is read
    const void* step_bytes = nullptr;  // UpdateKernel::step_bytes(), at a multiple of 8 bytes
    bool clipped = false;              // whether the decision's gradient_scale counts
};

// Of one form (train/optimiser/form.h).
class UpdateKernel {
public:
    virtual ~UpdateKernel() = default;

    // What a step says of all parameters alike; a multiple of 8 bytes, as many in every step.
    virtual std::vector<std::byte> step_bytes(double lr, int64_t step) const = 0;
    // `count` elements; as many moments as the form has.
    virtual cudaError_t launch(const UpdateStep& step, const UpdateSource& source, const float* dw,
                               const std::vector<float*>& moments, float* w, int64_t count,
                               cudaStream_t stream) const = 0;
};

}  // namespace facet::cuda
