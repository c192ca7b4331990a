// Which triangle is seen at every sample of a picture: a z-buffer.
#pragma once

#include <span>
#include <vector>

#include "tools/synth/geometry.h"
#include "tools/synth/mesh.h"

namespace facet::synth {

struct Sample {
    int triangle = -1;     // -1: nothing, the background shows
    float b = 0, c = 0;    // barycentric weights of corners 1 and 2; corner 0 has 1 - b - c
    float depth = -1e30f;  // larger is nearer to the viewer
};

// Draws triangles whose corners were projected to `screen` (x to the right and y down in samples,
// z towards the viewer); sample (i, j) lies at x = i + 0.5, y = j + 0.5. Triangles facing away are
// left out. Returns (height, width) samples, row by row.
std::vector<Sample> rasterise(std::span<const Vec3> screen, std::span<const Triangle> triangles,
                              int width, int height);

}  // namespace facet::synth
