// An optimiser's step that a device beside the host decides by itself: it takes the norm of the
// gradients, finds whether all of them are finite, and moves the parameters or leaves them; the
// host reads afterwards what was decided. All that changes from step to step lies in the device's
// memory, so that decide(), sgd_step() and adamw_step() may be recorded (Device::record).
//
// Verified with doubles of the libraries (tests/gpudoubles), not yet run on a GPU.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/device.h"

namespace facet {

class DeviceUpdate {
public:
    virtual ~DeviceUpdate() = default;

    // Before decide(), not recorded. AdamWStep has the meaning of the numbers. `others`: gradients
    // that are not moved here; unless they are finite too, nothing is.
    virtual void open(double lr, double beta1, double beta2, int64_t step,
                      std::span<const Tensor> others) = 0;
    // The first `clipped` gradients are multiplied by clip / norm if their common norm is larger
    // than `clip` and that is not 0.
    virtual void decide(std::span<const Tensor> gradients, size_t clipped, double clip) = 0;

    // Device::sgd_step() and adamw_step() if anything moves, with what open() was told in place of
    // lr and step, and what was decided in place of gradient_scale, which is 1 without clipping.
    enum class Clipping { No, Yes };
    virtual void sgd_step(const SgdStep& step, Clipping clipping, const Tensor& dw, const Tensor& v,
                          const Tensor& w) = 0;
    virtual void adamw_step(const AdamWStep& step, Clipping clipping, const Tensor& dw,
                            const Tensor& m, const Tensor& v, const Tensor& w) = 0;

    // Waits for it.
    struct Decision {
        std::vector<double> gradients, others;  // sums of squares
        double norm;                            // of the clipped ones, before clipping
    };
    virtual Decision decision() = 0;
};

// For at most so many gradients and others; null for a device whose optimiser steps the host
// decides.
std::unique_ptr<DeviceUpdate> new_device_update(Device& device, size_t gradients, size_t others);

}  // namespace facet
