#include "tools/synth/paint.h"

namespace facet::synth {
namespace {

Surface paint_hair(const Appearance& a, const Factors& f, Vec3 p) {
    const float angle = p.x, y = p.y;
    if (f.occluder == Occluder::Cap && y > 0.30f) {
        const float seam = 0.75f + 0.25f * smoothstep(0.30f, 0.36f, y);
        return {occluder_colour(f) * seam, 0.03f, 0.5f};
    }
    const float bend = a.hair.curl * 3.0f * value_noise(4 * angle, 5 * y);
    const float strand = value_noise(22 * angle + bend + 40, 2.5f * y + bend);
    const float lock = value_noise(7 * angle + bend + 9, 1.2f * y + 5);
    const float root = mix(0.55f, 1.0f, smoothstep(0.3f, 1.0f, p.z));  // darker where it thins out
    return {a.hair.colour * (root * (0.35f + 0.65f * strand + 0.60f * lock)),
            root * (0.04f + 0.14f * strand), 0.6f};
}

}  // namespace

Surface paint(const Appearance& a, const Factors& f, Part part, Vec3 rest) {
    if (part == Part::Hair) return paint_hair(a, f, rest);
    Surface surface{a.skin.colour, a.skin.gloss, 1};
    if (part == Part::Ear) {
        const float hollow = bell(rest.x / 0.6f, (rest.y - 0.1f) / 0.6f);
        surface.albedo = surface.albedo * Colour{1.0f, 0.88f, 0.86f} * (1 - 0.45f * hollow);
        return surface;
    }
    if (part == Part::Neck) return surface;
    paint_complexion(surface, a, rest);
    if (rest.z < 0) return surface;  // the back of the head carries no features
    paint_beard(surface, a, rest);
    paint_mouth(surface, a, rest);
    paint_eye(surface, a, rest);
    paint_brow(surface, a, rest);
    paint_occluder(surface, a, f, rest);
    return surface;
}

Colour occluder_colour(const Factors& f) {
    const float turn = 6.2832f * f.occluder_hue;
    const Colour hue{0.5f + 0.5f * std::cos(turn), 0.5f + 0.5f * std::cos(turn - 2.0944f),
                     0.5f + 0.5f * std::cos(turn + 2.0944f)};
    return mix(Colour{0.5f, 0.5f, 0.5f}, hue, 0.45f) * (0.04f + 0.9f * square(f.occluder_light));
}

void paint_occluder(Surface& surface, const Appearance& a, const Factors& f, Vec3 p) {
    if (f.occluder == Occluder::Glasses || f.occluder == Occluder::Sunglasses) {
        const bool dark = f.occluder == Occluder::Sunglasses;
        const float half_w = 0.20f + 0.06f * f.occluder_size, half_h = mix(0.13f, half_w, 0.35f);
        const float x = (std::abs(p.x) - a.eye.x) / half_w, y = (p.y - a.eye.y + 0.01f) / half_h;
        const float r = std::sqrt(std::sqrt(square(square(x)) + square(square(y))));
        const float rim = smoothstep(0.12f, 0.05f, std::abs(r - 1));
        const bool inner = std::abs(p.x)<a.eye.x, outer = x> 1;
        const float bar =
            inner || outer ? smoothstep(0.030f, 0.018f, std::abs(p.y - a.eye.y - 0.05f)) : 0.0f;
        const float frame = std::max(rim, r > 1 ? bar : 0.0f);
        if (dark && r < 1) {
            surface.albedo = mix(surface.albedo, Colour{0.02f, 0.02f, 0.022f}, 0.93f);
            surface.gloss = 0.35f;
            surface.sharpness = 2;
        }
        surface.albedo = mix(surface.albedo, occluder_colour(f) * 0.5f, frame);
    } else if (f.occluder == Occluder::Mask) {
        const float top = mix(-0.46f, -0.16f, f.occluder_size) - 0.30f * square(p.x);
        const float cover = smoothstep(top + 0.012f, top - 0.012f, p.y);
        if (cover <= 0) return;
        const float pleat = 0.88f + 0.12f * std::cos(38 * (p.y + 0.10f * square(p.x)));
        surface.albedo = mix(surface.albedo, occluder_colour(f) * pleat, cover);
        surface.gloss *= 1 - cover;
    }
}

}  // namespace facet::synth
