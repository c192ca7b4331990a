// The head as triangles: skin, hair, ears and neck.
#pragma once

#include <vector>

#include "tools/synth/appearance.h"
#include "tools/synth/geometry.h"

namespace facet::synth {

enum class Part : uint8_t { Skin, Hair, Ear, Neck };

struct Vertex {
    Vec3 position;  // head frame, with the expression
    Vec3 rest;      // where the paint lies: head frame at rest (skin); (angle, y, cover) for hair
    Vec3 normal;    // unit, outward
};

struct Triangle {
    int corner[3];  // counter-clockwise seen from outside
    Part part;
};

struct Mesh {
    std::vector<Vertex> vertices;
    std::vector<Triangle> triangles;
};

Mesh head_mesh(const Appearance& appearance);

}  // namespace facet::synth
