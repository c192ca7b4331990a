// Eyes, brows and mouth, drawn as curves on the face.
#include <algorithm>

#include "tools/synth/paint.h"

namespace facet::synth {
namespace {

constexpr float edge = 0.011f;  // half width of a soft edge, about half a sample at 64 pixels

// 1 where `value` (a signed distance in head units) is positive, with a soft edge.
float inside(float value) { return smoothstep(-edge, edge, value); }

struct EyePoint {
    float u, v;  // in half widths from the centre; u grows outwards, v upwards along the slant
    float side;  // -1 left eye, 1 right eye
};

EyePoint eye_point(const Eye& eye, Vec3 p) {
    const float side = p.x < 0 ? -1.0f : 1.0f;
    const float dx = std::abs(p.x) - eye.x, dy = p.y - eye.y;
    return {(dx + dy * eye.tilt) / eye.half_width, (dy - dx * eye.tilt) / eye.half_width, side};
}

void paint_eyeball(Surface& surface, const Eye& eye, EyePoint q, float lid, float opening) {
    const float radius = 0.062f / eye.half_width;
    const float x = q.u - q.side * eye.gaze_x, y = q.v - 0.06f - eye.gaze_y;
    const float r = std::sqrt(x * x + y * y) / radius;
    const float shade = mix(0.45f, 1.0f, smoothstep(0.0f, 0.22f, lid - q.v));
    Colour colour = Colour{0.66f, 0.62f, 0.60f} * (1 - 0.30f * square(q.u));
    const float angle = 9 * std::atan2(y, x);
    const Colour iris =
        eye.iris * (0.85f + 0.5f * smoothstep(0.3f, 0.8f, r) + 0.12f * std::cos(angle));
    colour = mix(colour, iris, smoothstep(1.08f, 0.94f, r));
    colour = mix(colour, eye.iris * 0.25f, bell(square((r - 0.97f) / 0.13f)));  // limbal ring
    colour = mix(colour, Colour{0.008f, 0.008f, 0.008f}, smoothstep(0.50f, 0.40f, r));
    const float glint = bell((x + 0.12f) / 0.085f, (y - 0.14f) / 0.085f);
    colour = mix(colour * shade, Colour{1.3f, 1.3f, 1.3f}, 0.9f * glint);
    surface.albedo = mix(surface.albedo, colour, opening);
    surface.gloss = mix(surface.gloss, 0.25f, opening);
    surface.sharpness = mix(surface.sharpness, 3.0f, opening);
}

}  // namespace

void paint_eye(Surface& surface, const Appearance& a, Vec3 p) {
    const Eye& eye = a.eye;
    const EyePoint q = eye_point(eye, p);
    if (std::abs(q.u) > 1.5f || std::abs(q.v) > 1.6f) return;
    // Lids are arcs through both corners; the upper one peaks a little towards the nose.
    const float arc = std::max(1 - square(q.u), 0.0f);
    const float upper = eye.upper * std::sqrt(arc) * (1 - 0.12f * q.u) * (0.55f + 0.45f * arc);
    const float lower = -eye.lower * arc * (1 + 0.15f * q.u);
    const float w = eye.half_width;

    // Fold above the lid and the lid's own soft shadow.
    const float fold = q.v - upper - eye.crease * (0.35f + 0.65f * arc);
    const float reach = smoothstep(1.25f, 0.85f, std::abs(q.u));
    const float crease = 0.75f * reach * bell(square(fold * w / 0.017f));
    surface.albedo = surface.albedo * mix(Colour{1, 1, 1}, Colour{0.45f, 0.33f, 0.30f}, crease);

    const float opening =
        inside(w * std::min(upper - q.v, q.v - lower)) * smoothstep(1.02f, 0.96f, std::abs(q.u));
    if (opening > 0) paint_eyeball(surface, eye, q, upper, opening);

    const float lash_end = smoothstep(1.16f, 0.90f, std::abs(q.u - 0.05f));
    const float lash = lash_end * bell(square((q.v - upper) * w / (0.017f + 0.006f * q.u)));
    const float rim = 0.45f * lash_end * bell(square((q.v - lower) * w / 0.011f));
    surface.albedo =
        mix(surface.albedo, Colour{0.020f, 0.014f, 0.012f}, std::max(0.92f * lash, rim));
}

void paint_brow(Surface& surface, const Appearance& a, Vec3 p) {
    const Brow& brow = a.brow;
    const float t = (std::abs(p.x) - brow.inner) / (brow.outer - brow.inner);  // 0 inner, 1 outer
    if (t < -0.15f || t > 1.15f || std::abs(p.y - brow.y) > 0.3f) return;
    const float peak = 1 - square((t - 0.66f) / 0.66f);
    const float centre = brow.y + brow.arch * (peak - 0.3f) + brow.tilt * (t - 0.3f);
    const float thick = brow.thickness * (1.05f - 0.75f * smoothstep(0.45f, 1.1f, t));
    const float ends = smoothstep(-0.08f, 0.14f, t) * smoothstep(1.06f, 0.86f, t);
    const float from = (p.y - centre) / thick;
    const float strand = value_noise(36 * p.x - 22 * p.y * (p.x < 0 ? -1 : 1), 40 * p.y);
    const float body = smoothstep(1.35f, 0.55f, std::abs(from)) * ends;
    const float amount = body * brow.density * (0.70f + 0.45f * strand);
    surface.albedo = mix(surface.albedo, a.hair.brow_colour, std::clamp(amount, 0.0f, 0.97f));
}

void paint_mouth(Surface& surface, const Appearance& a, Vec3 p) {
    const Mouth& mouth = a.mouth;
    const float u = p.x / mouth.half_width;
    if (std::abs(u) > 1.12f || std::abs(p.y - mouth.y) > 0.30f) return;
    const float arc = std::max(1 - square(u), 0.0f);
    const float bow =
        mouth.bow * (bell(square(u / 0.16f)) - 0.8f * bell(square((std::abs(u) - 0.27f) / 0.2f)));
    const float line = mouth.y + mouth.curve * square(u) + 0.010f * bell(square(u / 0.3f));
    const float gap = 0.5f * mouth.open * arc;
    const float v = p.y - line;
    const float top = gap + mouth.upper * std::sqrt(arc) * (0.45f + 0.55f * arc) - bow;
    const float bottom = -gap - mouth.lower * std::sqrt(arc) * (0.35f + 0.65f * arc);

    const float lips =
        inside(std::min(top - v, v - bottom)) * smoothstep(1.03f, 0.90f, std::abs(u));
    const float rounding =
        0.86f + 0.20f * bell(square((v - 0.55f * bottom) / (0.5f * mouth.lower)));
    const float upper_shade = v > 0 ? 0.82f : 1.0f;
    surface.albedo = mix(surface.albedo, mouth.colour * (rounding * upper_shade), 0.9f * lips);
    surface.gloss = mix(surface.gloss, 0.22f, lips);

    const float hole = smoothstep(0, 0.012f, gap) * inside(gap - std::abs(v)) *
                       smoothstep(1.0f, 0.9f, std::abs(u));
    if (hole > 0) {
        const float teeth = inside(v - (gap - 0.055f)) * smoothstep(0.85f, 0.6f, std::abs(u));
        const float gums = 1 - 0.10f * smoothstep(0.7f, 1.0f, std::abs(std::cos(38 * p.x)));
        const Colour hollow =
            mix(Colour{0.055f, 0.014f, 0.013f}, Colour{0.56f, 0.53f, 0.47f} * gums, teeth);
        surface.albedo = mix(surface.albedo, hollow, hole);
        surface.gloss = mix(surface.gloss, 0.08f, hole);
    }
    const float crack =
        (1 - hole) * smoothstep(1.10f, 0.92f, std::abs(u)) * bell(square(v / 0.013f));
    surface.albedo =
        mix(surface.albedo, mouth.colour * 0.16f, 0.85f * crack * smoothstep(0.02f, 0.0f, gap));
}

}  // namespace facet::synth
