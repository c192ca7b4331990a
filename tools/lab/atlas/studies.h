// The studies of the atlas. Each asks one question of one loss, writes the numbers of its answer
// into the loss's folder and returns its pictures as HTML.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/lab/atlas/plane.h"
#include "tools/lab/spec.h"

namespace facet::atlas {

// (a) The value and dL/dtheta_y over theta_y, for several places of the hardest negative and
// numbers of classes: curves.csv. `thumbnail`: one of the gradients.
std::string study_curves(const LossSpec& spec, const std::filesystem::path& folder,
                         std::vector<double>& thumbnail);

// (b) dL/dcos_j and dL/dtheta_y over (theta_y, theta_j), with the boundaries of masks: plane.csv,
// boundaries.csv.
std::string study_plane(Probe& probe, const Plane& plane, const std::filesystem::path& folder);

// (c) The force on a sample on the circle among three classes: circle.csv.
std::string study_circle(const LossSpec& spec, const std::filesystem::path& folder);

// (d) How the negatives share the gradient: share-of-classes.csv, share-over-scale.csv.
std::string study_share(const LossSpec& spec, const std::filesystem::path& folder);

// (e) What a mode or a public variant changes, as a ratio over the angle: a file a comparison,
// ratio-<difference>.csv.
std::string study_variants(const LossSpec& spec, const std::filesystem::path& folder);

// (f) Where gradients vanish, explode or point the wrong way: faults.csv.
struct Faults {
    std::string html;
    // For the table of all losses: largest dL/dtheta_y; parts of the plane; growth towards 0.
    double peak = 0, wrong_target = 0, wrong_negative = 0, vanishing = 0, growth = 0;
    int steps = 0;  // of the value
};
Faults study_faults(Probe& probe, const Plane& plane, const std::filesystem::path& folder);

}  // namespace facet::atlas
