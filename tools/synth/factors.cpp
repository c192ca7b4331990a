#include "tools/synth/factors.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "engine/random.h"

namespace facet::synth {
namespace {

constexpr KnobInfo table[] = {
    {"pose", &Knobs::pose, "turn, nod and tilt of the head"},
    {"alignment", &Knobs::alignment, "shift and magnification, as from an imprecise face detector"},
    {"expression", &Knobs::expression, "smile, open mouth, brows, lids, gaze"},
    {"light", &Knobs::light, "direction, strength and colour of the light, exposure"},
    {"style", &Knobs::style, "hair colour, volume and fall, stubble, tan from day to day"},
    {"background", &Knobs::background, "brightness, hue and clutter behind the head"},
    {"occlusion", &Knobs::occlusion, "glasses, masks, caps, patches: how often and how large"},
    {"blur", &Knobs::blur, "Gaussian blur"},
    {"noise", &Knobs::noise, "sensor noise"},
    {"resolution", &Knobs::resolution, "loss of resolution"},
};

// A normal draw cut at two standard deviations, so that no picture leaves the drawable range.
float bounded_normal(Random& random) {
    return std::clamp(static_cast<float>(random.normal()), -2.0f, 2.0f);
}

float uniform(Random& random, float low, float high) {
    return static_cast<float>(random.uniform(low, high));
}

void draw_pose(Random& random, const Knobs& k, Factors& f) {
    f.yaw = 13 * k.pose * bounded_normal(random);
    f.pitch = 7 * k.pose * bounded_normal(random);
    f.roll = 4 * k.pose * bounded_normal(random);
    f.yaw = std::clamp(f.yaw, -60.0f, 60.0f);
    f.shift_x = 0.018f * k.alignment * bounded_normal(random);
    f.shift_y = 0.018f * k.alignment * bounded_normal(random);
    f.scale = std::exp(0.04f * k.alignment * bounded_normal(random));
}

void draw_expression(Random& random, float knob, Factors& f) {
    f.smile = std::clamp(knob * (0.15f + 0.45f * bounded_normal(random)), -1.0f, 1.0f);
    const bool open = random.chance(0.35);
    const float opening = uniform(random, 0, 0.8f);
    f.mouth_open = open ? std::min(knob * opening, 1.0f) : 0;
    f.brow_raise = std::clamp(knob * 0.45f * bounded_normal(random), -1.0f, 1.0f);
    const bool blink = random.chance(0.06);
    f.lids = std::min(knob * uniform(random, 0, 0.35f) + (blink ? 0.6f * knob : 0), 1.0f);
    f.gaze_x = std::clamp(knob * 0.5f * bounded_normal(random), -1.0f, 1.0f);
    f.gaze_y = std::clamp(knob * 0.4f * bounded_normal(random), -1.0f, 1.0f);
}

void draw_light(Random& random, float knob, Factors& f) {
    f.light_azimuth = std::clamp(knob * uniform(random, -55, 55), -120.0f, 120.0f);
    f.light_elevation += std::clamp(knob * uniform(random, -40, 35), -75.0f, 45.0f);
    f.light_key = std::min(f.light_key + knob * uniform(random, -0.15f, 0.35f), 0.95f);
    f.light_warmth = std::clamp(knob * 0.28f * bounded_normal(random), -1.0f, 1.0f);
    f.light_tint = std::clamp(knob * 0.20f * bounded_normal(random), -1.0f, 1.0f);
    f.exposure = knob * 0.24f * bounded_normal(random);
}

void draw_style(Random& random, float knob, Factors& f) {
    f.hair_lightness = 0.4f * knob * bounded_normal(random);
    f.hair_volume = knob * bounded_normal(random);
    f.hair_fall = knob * bounded_normal(random);
    f.stubble = knob * bounded_normal(random);
    f.tan = knob * bounded_normal(random);
}

void draw_background(Random& random, float knob, Factors& f) {
    f.background_light = std::clamp(0.35f + knob * uniform(random, -0.2f, 0.4f), 0.0f, 1.0f);
    f.background_hue = knob * uniform(random, -0.5f, 0.5f);
    f.background_clutter = std::min(knob * uniform(random, 0, 0.6f), 1.0f);
    f.background_pattern = random.bits();
}

Occluder kind_of(float u) {
    if (u < 0.25f) return Occluder::Glasses;
    if (u < 0.42f) return Occluder::Sunglasses;
    if (u < 0.57f) return Occluder::Mask;
    if (u < 0.80f) return Occluder::Cap;
    return Occluder::Patch;
}

void draw_occlusion(Random& random, float knob, Factors& f) {
    const bool occluded = random.chance(std::min(0.22 * knob, 0.9));
    const Occluder kind = kind_of(uniform(random, 0, 1));
    const float size = uniform(random, 0, 1), angle = uniform(random, 0, 360);
    const float light = uniform(random, 0, 1), hue = uniform(random, 0, 1);
    if (!occluded) return;
    f.occluder = kind;
    f.occluder_size = std::min(std::sqrt(knob) * size, 1.0f);
    f.occluder_angle = angle;
    f.occluder_light = light;
    f.occluder_hue = hue;
}

void draw_camera(Random& random, const Knobs& k, Factors& f) {
    f.blur = 0.008f * k.blur * static_cast<float>(std::pow(random.uniform(), 2));
    f.noise = 0.020f * k.noise * uniform(random, 0, 1);
    f.noise_pattern = random.bits();
    f.resolution = std::max(
        1 - 0.55f * k.resolution * static_cast<float>(std::pow(random.uniform(), 2)), 0.15f);
}

}  // namespace

std::span<const KnobInfo> knob_table() { return table; }

Factors draw_factors(uint64_t seed, uint64_t person, uint64_t image, const Knobs& knobs) {
    for (const KnobInfo& knob : table) {
        const float value = knobs.*knob.value;
        FACET_USAGE(value >= 0 && value <= kLargestKnob,
                    "synth: the knob {} must lie in [0, {}], found {}", knob.name, kLargestKnob,
                    value);
    }
    Random random(seed, Purpose::Rendering, person, image);
    Factors f;
    draw_pose(random, knobs, f);
    draw_expression(random, knobs.expression, f);
    draw_light(random, knobs.light, f);
    draw_style(random, knobs.style, f);
    draw_background(random, knobs.background, f);
    draw_occlusion(random, knobs.occlusion, f);
    draw_camera(random, knobs, f);
    return f;
}

float difficulty(const Factors& f) {
    const Factors neutral;
    const float parts[] = {f.yaw / 13,
                           f.pitch / 7,
                           f.roll / 4,
                           f.shift_x / 0.018f,
                           f.shift_y / 0.018f,
                           std::log(f.scale) / 0.04f,
                           f.smile / 0.45f,
                           f.mouth_open / 0.25f,
                           f.brow_raise / 0.45f,
                           f.lids / 0.2f,
                           f.light_azimuth / 32,
                           (f.light_elevation - neutral.light_elevation) / 22,
                           (f.light_key - neutral.light_key) / 0.18f,
                           f.light_warmth / 0.28f,
                           f.light_tint / 0.2f,
                           f.exposure / 0.24f,
                           f.hair_lightness / 0.4f,
                           f.hair_volume,
                           f.hair_fall,
                           f.stubble,
                           f.tan,
                           f.occluder == Occluder::None ? 0.0f : 1 + 2 * f.occluder_size,
                           f.blur / 0.0036f,
                           f.noise / 0.0115f,
                           (1 - f.resolution) / 0.25f};
    float sum = 0;
    for (const float part : parts) sum += part * part;
    return std::sqrt(sum / static_cast<float>(std::size(parts)));
}

}  // namespace facet::synth
