// Heat maps over the plane as inline SVG: the cells are a PNG in the page, one pixel a cell.
#pragma once

#include <string>
#include <vector>

#include "tools/lab/atlas/plane.h"
#include "tools/lab/charts/chart.h"

namespace facet::atlas {

// Signed magnitudes on a logarithmic scale of four decades below `peak`: blue is positive, orange
// negative, paper is nothing. cells: (theta_j, theta_y). Boundaries are drawn over it.
std::string draw_heat_map(const std::string& title, const std::vector<double>& cells, double peak,
                          const std::vector<Boundary>& boundaries);

// The frame in which maps over the plane are drawn, square.
Frame plane_frame();
// A line at the places where both angles are equal: beyond it the other class is nearer.
std::string plane_diagonal();

}  // namespace facet::atlas
