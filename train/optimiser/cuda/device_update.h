// An optimiser's step that a device beside the host decides by itself: it takes the norm of the
// gradients, finds whether all of them are finite, and moves the parameters or leaves them; the
// host reads afterwards what was decided. All that changes from step to step lies in the device's
// memory, so that decide() and move_as_decided() may be recorded (Device::record).
//
// Verified with doubles of the libraries (tests/gpudoubles), not yet run on a GPU.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/device.h"
#include "train/optimiser/update_rule.h"

namespace facet {

class DeviceUpdate {
public:
    virtual ~DeviceUpdate() = default;

    // Before decide(), not recorded. `step` is 1 for the first. `others`: gradients that are not
    // moved as decided; unless they are finite too, nothing is.
    virtual void open(double lr, int64_t step, std::span<const Tensor> others) = 0;
    // The first `clipped` gradients are multiplied by clip / norm if their common norm is larger
    // than `clip` and that is not 0.
    virtual void decide(std::span<const Tensor> gradients, size_t clipped, double clip) = 0;

    // UpdateRule::move() if anything moves, with what open() was given and what was decided.
    enum class Clipping { No, Yes };
    virtual void move_as_decided(double weight_decay, Clipping clipping, const Tensor& dw,
                                 std::span<const Tensor> moments, const Tensor& w) = 0;
    // UpdateRule::move() whatever was decided.
    virtual void move(const UpdateStep& step, const Tensor& dw, std::span<const Tensor> moments,
                      const Tensor& w) = 0;

    // Waits for it.
    struct Decision {
        std::vector<double> gradients, others;  // sums of squares
        double norm;                            // of the clipped ones, before clipping
    };
    virtual Decision decision() = 0;
};

// For at most so many gradients and others; null for a device whose optimiser steps the host
// decides. The rule outlives it. Throws as UpdateRule::kernel() does.
std::unique_ptr<DeviceUpdate> new_device_update(Device& device, const UpdateRule& rule,
                                                size_t gradients, size_t others);

}  // namespace facet
