// What makes one picture of a person differ from the next, and how strongly each factor varies.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>

namespace facet::synth {

enum class Occluder : int { None, Glasses, Sunglasses, Mask, Cap, Patch };

// The true factors of one picture. A default-constructed value is the neutral picture: frontal,
// calm, evenly lit, nothing in front of the face, sharp and free of noise.
struct Factors {
    // pose, degrees: yaw turns to the viewer's right, pitch looks up, roll tilts counter-clockwise
    float yaw = 0, pitch = 0, roll = 0;
    // error of the alignment: shift in fractions of the picture, and magnification
    float shift_x = 0, shift_y = 0, scale = 1;
    // expression: smile in [-1, 1], mouth opening, brow raise in [-1, 1], lids closed in [0, 1],
    // gaze in [-1, 1]
    float smile = 0, mouth_open = 0, brow_raise = 0, lids = 0, gaze_x = 0, gaze_y = 0;
    // light: direction of the key light in degrees, the share of light that is not ambient,
    // colour temperature in [-1, 1] (blue to orange), green to magenta tint, exposure in stops
    float light_azimuth = 0, light_elevation = 30, light_key = 0.35f;
    float light_warmth = 0, light_tint = 0, exposure = 0;
    // style: what a person changes from day to day
    float hair_lightness = 0, hair_volume = 0, hair_fall = 0, stubble = 0, tan = 0;
    // background: brightness, hue and clutter, and the number of its pattern
    float background_light = 0.35f, background_hue = 0, background_clutter = 0;
    uint32_t background_pattern = 0;
    // occlusion: what, how much of the face (0..1), where it comes from (degrees), its grey and hue
    Occluder occluder = Occluder::None;
    float occluder_size = 0, occluder_angle = 0, occluder_light = 0, occluder_hue = 0;
    // camera: Gaussian blur (standard deviation as a fraction of the width), noise (standard
    // deviation, 1 = full range), its number, and the resolution as a fraction of the size
    float blur = 0, noise = 0, resolution = 1;
    uint32_t noise_pattern = 0;
};

// How strongly each group varies: 0 never leaves the neutral picture, 1 is the default, 2 twice.
struct Knobs {
    float pose = 1;
    float alignment = 1;
    float expression = 1;
    float light = 1;
    float style = 1;
    float background = 1;
    float occlusion = 1;  // also how often something is in front of the face
    float blur = 1;
    float noise = 1;
    float resolution = 1;
};

inline constexpr float kLargestKnob = 2;

struct KnobInfo {
    std::string_view name;
    float Knobs::*value;
    std::string_view meaning;
};

std::span<const KnobInfo> knob_table();

// The factors of picture `image` of person `person`. The draws behind a group do not depend on the
// other knobs, so turning one knob leaves everything else as it was. Throws UsageError for a knob
// outside [0, kLargestKnob].
Factors draw_factors(uint64_t seed, uint64_t person, uint64_t image, const Knobs& knobs);

// How hard a picture is: the root mean square of its groups' departures from the neutral picture,
// each in units of its usual size. 0 is the neutral picture, about 1 an average default one.
float difficulty(const Factors& factors);

// The library's hooks: `nlohmann::json json = factors; json.get<Factors>();`
void to_json(nlohmann::json& json, const Occluder& occluder);
void from_json(const nlohmann::json& json, Occluder& occluder);  // throws Error
void to_json(nlohmann::json& json, const Factors& factors);
void from_json(const nlohmann::json& json, Factors& factors);  // throws Error
void to_json(nlohmann::json& json, const Knobs& knobs);
void from_json(const nlohmann::json& json, Knobs& knobs);  // throws Error

}  // namespace facet::synth
