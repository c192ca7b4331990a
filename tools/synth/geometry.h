// Small vector and curve helpers shared by the procedural face renderer.
//
// Head frame: x to the viewer's right, y up, z towards the viewer; the origin lies inside the head
// at the height of the eyes. One unit is about 10 cm, so that the eyes lie near x = +-0.32.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace facet::synth {

struct Vec3 {
    float x = 0, y = 0, z = 0;

    Vec3 operator+(Vec3 b) const { return {x + b.x, y + b.y, z + b.z}; }
    Vec3 operator-(Vec3 b) const { return {x - b.x, y - b.y, z - b.z}; }
    Vec3 operator*(Vec3 b) const { return {x * b.x, y * b.y, z * b.z}; }
    Vec3 operator*(float s) const { return {x * s, y * s, z * s}; }
};

using Colour = Vec3;  // linear light: x red, y green, z blue, 1 = white under unit light

inline float dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

inline Vec3 cross(Vec3 a, Vec3 b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

inline Vec3 normalised(Vec3 a) { return a * (1.0f / std::sqrt(std::max(dot(a, a), 1e-12f))); }

inline float mix(float a, float b, float t) { return a + (b - a) * t; }
inline Vec3 mix(Vec3 a, Vec3 b, float t) { return a + (b - a) * t; }

inline float square(float x) { return x * x; }

// 0 below `low`, 1 above `high`, a smooth cubic between; low > high gives a falling edge.
inline float smoothstep(float low, float high, float x) {
    const float t = std::clamp((x - low) / (high - low), 0.0f, 1.0f);
    return t * t * (3 - 2 * t);
}

// A bell of height 1, exp(-r^2) to within 0.06 but zero from r = 2 on and without an exponential.
inline float bell(float r_squared) {
    const float t = std::max(1 - 0.25f * r_squared, 0.0f);
    return square(square(t));
}
inline float bell(float dx, float dy) { return bell(dx * dx + dy * dy); }

// A hash of lattice coordinates to [0, 1): the grain of textures, the same for every picture.
inline float lattice(int x, int y) {
    uint32_t h = static_cast<uint32_t>(x) * 0x9E3779B1u ^ static_cast<uint32_t>(y) * 0x85EBCA77u;
    h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
    h = (h ^ (h >> 12)) * 0x297A2D39u;
    return static_cast<float>((h ^ (h >> 15)) >> 8) * 0x1.0p-24f;
}

// Smooth noise in [0, 1) with one cell per unit (bilinear value noise, cubic easing).
inline float value_noise(float x, float y) {
    const float fx = std::floor(x), fy = std::floor(y);
    const int ix = static_cast<int>(fx), iy = static_cast<int>(fy);
    const float u = smoothstep(0, 1, x - fx), v = smoothstep(0, 1, y - fy);
    return mix(mix(lattice(ix, iy), lattice(ix + 1, iy), u),
               mix(lattice(ix, iy + 1), lattice(ix + 1, iy + 1), u), v);
}

}  // namespace facet::synth
