// The pictures of a replay (replay.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/lab/atlas/share.h"
#include "tools/lab/spec.h"

namespace facet::atlas {

struct Angles {
    std::vector<double> own,
        other;  // (B) degrees: to the own class, to the nearest other; NaN: none
};

// What one loss does to the samples of the state.
struct Gradients {
    double value;
    std::vector<double> dx;     // (B, D)
    std::vector<double> norms;  // (B) |dL/dx_i|
    std::vector<Share> shares;  // (B), or none for a loss without cosines to proxies
};

// Histograms of the angles. proxies: they are to proxies, else to other samples.
std::string angle_picture(const Angles& angles, bool proxies);

// cosines: (n, n) between the gradients of n losses.
std::string matrix_picture(const std::vector<LossSpec>& specs, const std::vector<double>& cosines);

std::string norms_picture(const Gradients& found, const Angles& angles);
std::string share_picture(const Gradients& found);

}  // namespace facet::atlas
