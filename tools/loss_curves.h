// What the pictures of docs/losses show: a loss and its slope over the angle of one target, the
// rest of the scene fixed. Computed through the loss itself, in float64.
#pragma once

#include <string>
#include <vector>

#include "losses/head/loss.h"

namespace facet {

struct Curve {
    std::string label;
    std::vector<double> value;  // L at 0.5, 1.5, ... 179.5 degrees
    std::vector<double> slope;  // dL/dtheta there, per radian, as the loss's gradient has it
};

struct CurvePicture {
    std::string angle;    // what theta is, for the axis
    std::string caption;  // the scene, in a sentence
    std::vector<Curve> curves;
};

// One curve for every setting worth comparing; a loss for which none are known has one, with its
// defaults.
CurvePicture loss_curves(const LossInfo& info);

}  // namespace facet
