// Light on the head: a key light with a cast shadow, and light from all around.
#pragma once

#include <span>
#include <vector>

#include "tools/synth/factors.h"
#include "tools/synth/geometry.h"
#include "tools/synth/mesh.h"
#include "tools/synth/paint.h"
#include "tools/synth/raster.h"

namespace facet::synth {

// Directions and positions are in the camera frame: x right, y up, z towards the viewer.
class Lighting {
public:
    // `positions` are the mesh's vertices in the camera frame.
    Lighting(const Factors& factors, std::span<const Vec3> positions,
             std::span<const Triangle> triangles);

    // The light that leaves a surface point towards the viewer; `normal` has length 1.
    Colour shade(const Surface& surface, Vec3 position, Vec3 normal) const;

private:
    float lit(Vec3 position, float facing) const;  // 0 in the key light's shadow .. 1

    Vec3 direction_, right_, up_;  // towards the key light, and the axes of its shadow map
    Vec3 half_;                    // halfway between the key light and the viewer
    Colour key_, ambient_;
    std::vector<Sample> shadow_;
};

}  // namespace facet::synth
