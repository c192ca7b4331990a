#include "tools/synth/shade.h"

namespace facet::synth {
namespace {

constexpr int map_size = 96;        // samples of the shadow map along a side
constexpr float map_reach = 1.55f;  // head units from its centre to its border
constexpr float map_scale = map_size / (2 * map_reach);
constexpr float degree = 3.14159265f / 180;

// Warm light is orange, cold light blue; the tint runs from green to magenta.
Colour light_colour(const Factors& f) {
    const float warm = f.light_warmth, tint = f.light_tint;
    return {1 + 0.28f * warm + 0.08f * tint, 1 - 0.12f * tint, 1 - 0.38f * warm + 0.08f * tint};
}

}  // namespace

Lighting::Lighting(const Factors& f, std::span<const Vec3> positions,
                   std::span<const Triangle> triangles) {
    const float azimuth = f.light_azimuth * degree, elevation = f.light_elevation * degree;
    direction_ = {std::sin(azimuth) * std::cos(elevation), std::sin(elevation),
                  std::cos(azimuth) * std::cos(elevation)};
    right_ = normalised(cross(Vec3{0, 1, 0}, direction_));
    up_ = cross(direction_, right_);
    half_ = normalised(direction_ + Vec3{0, 0, 1});
    const Colour colour = light_colour(f) * std::exp2(f.exposure);
    key_ = colour * (1.55f * f.light_key);
    ambient_ =
        mix(Colour{1, 1, 1} * std::exp2(f.exposure), colour, 0.6f) * (1.05f * (1 - f.light_key));

    std::vector<Vec3> seen(positions.size());
    for (size_t k = 0; k < positions.size(); ++k) {
        const Vec3 p = positions[k];
        seen[k] = {(dot(p, right_) + map_reach) * map_scale, (map_reach - dot(p, up_)) * map_scale,
                   dot(p, direction_)};
    }
    shadow_ = rasterise(seen, triangles, map_size, map_size);
}

float Lighting::lit(Vec3 position, float facing) const {
    const float x = (dot(position, right_) + map_reach) * map_scale - 0.5f;
    const float y = (map_reach - dot(position, up_)) * map_scale - 0.5f;
    const int i = static_cast<int>(std::floor(x)), j = static_cast<int>(std::floor(y));
    if (i < 0 || j < 0 || i + 1 >= map_size || j + 1 >= map_size) return 1;
    // A margin that grows at grazing light keeps a surface from shadowing itself.
    const float depth = dot(position, direction_) + 0.035f + 0.05f * (1 - facing);
    const Sample* map = &shadow_[static_cast<size_t>(j) * map_size + i];
    auto open = [&](int at) { return smoothstep(0.06f, 0.0f, map[at].depth - depth); };
    const float u = x - static_cast<float>(i), v = y - static_cast<float>(j);
    return mix(mix(open(0), open(1), u), mix(open(map_size), open(map_size + 1), u), v);
}

Colour Lighting::shade(const Surface& surface, Vec3 position, Vec3 normal) const {
    const float cosine = dot(normal, direction_);
    const float facing = std::max(cosine, 0.0f);
    const float open = lit(position, facing);
    // Light enters skin and leaves nearby, red the furthest: it softens the edge of the shade.
    auto wrapped = [&](float wrap) { return std::max((cosine + wrap) / (1 + wrap), 0.0f); };
    const Colour diffuse = Colour{wrapped(0.30f), wrapped(0.18f), wrapped(0.14f)} *
                           mix(Colour{0.10f, 0.04f, 0.03f}, Colour{1, 1, 1}, open);
    const float sky = 0.72f + 0.28f * normal.y;
    const float inward = mix(0.60f, 1.0f, smoothstep(0.0f, 0.75f, normal.z));
    const Colour light = key_ * diffuse + ambient_ * (sky * inward);
    const float gleam = std::pow(std::max(dot(normal, half_), 0.0f), 18 * surface.sharpness);
    const float fresnel = 0.3f * square(square(1 - std::max(normal.z, 0.0f)));
    return surface.albedo * light + key_ * (surface.gloss * gleam * open) +
           ambient_ * (0.4f * surface.gloss * fresnel);
}

}  // namespace facet::synth
