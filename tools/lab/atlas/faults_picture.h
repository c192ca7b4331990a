// How findings of the search for faults are shown.
#pragma once

#include <string>
#include <vector>

namespace facet::atlas {

// pushed from its class, pulled to another, hardly pulled, dL/dcos_y unbounded, |dL/dx| unbounded
// for short x, a step of the value
enum class Kind { wrong_target, wrong_negative, vanishing, growth, length, step };

struct Finding {
    Kind kind;
    // Degrees: how far it reaches through its worst place.
    double y_from, y_to, j_from, j_to;
    double amount;
    std::string what;
};

// Cells of the plane (plane.h), true where something is wrong.
struct FaultCells {
    std::vector<bool> wrong_target, wrong_negative, vanishing;
};

// A map of the plane beside a list of the findings.
std::string faults_picture(const std::vector<Finding>& findings, const FaultCells& cells);

}  // namespace facet::atlas
