// A loss over the plane of two angles: that of the sample to its class, and to one other class.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "tools/lab/scene.h"

namespace facet::atlas {

inline constexpr int kPlaneCells = 90;       // a side; cell k is centred at 2 k + 1 degrees
inline constexpr double kPlaneFloor = 1e-4;  // parts of the peak: what is smaller counts as nothing

double plane_angle(int cell);  // degrees

struct Plane {
    std::vector<double> value, target, negative;  // (theta_j, theta_y): Reading at cell centres
    double target_peak = 0, negative_peak = 0;    // largest magnitudes

    static size_t at(int j, int i) { return size_t(j) * kPlaneCells + size_t(i); }
};

// How many more classes stand at 90 degrees in the plane, and in the first pictures.
int64_t plane_rest(const LossSpec& spec);

Plane compute_plane(Probe& probe);

// A curve along which a function of (theta_y, theta_j) jumps, in degrees.
using Boundary = std::vector<std::pair<double, double>>;

// Where dL/dcos_j or dL/dtheta_y jump, searched along every row and column of the plane: an edge of
// two cells that fits its neighbours badly is halved until it is 1e-7 degrees wide; what is still a
// step then is one.
std::vector<Boundary> find_boundaries(Probe& probe, const Plane& plane, double Reading::*slope);

// The place between a and b where f steps, and the step; false if f is continuous there.
// trend: by how much f would rise from a to b without a step.
struct Step {
    double at, left, right;
};
bool find_step(const std::function<double(double)>& f, double a, double b, double trend,
               double least, Step& step);

}  // namespace facet::atlas
