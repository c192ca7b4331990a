// Factors and knobs as JSON, as they stand in factors.json.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tools/synth/factors.h"

namespace facet::synth {
namespace {

constexpr std::string_view occluder_names[] = {"none", "glasses", "sunglasses",
                                               "mask", "cap",     "patch"};

// Calls visit(name, member) for every field, so that writing and reading cannot disagree.
template <class Fields, class Visit>
void each_field(Fields& f, Visit visit) {
    visit("yaw", f.yaw);
    visit("pitch", f.pitch);
    visit("roll", f.roll);
    visit("shift_x", f.shift_x);
    visit("shift_y", f.shift_y);
    visit("scale", f.scale);
    visit("smile", f.smile);
    visit("mouth_open", f.mouth_open);
    visit("brow_raise", f.brow_raise);
    visit("lids", f.lids);
    visit("gaze_x", f.gaze_x);
    visit("gaze_y", f.gaze_y);
    visit("light_azimuth", f.light_azimuth);
    visit("light_elevation", f.light_elevation);
    visit("light_key", f.light_key);
    visit("light_warmth", f.light_warmth);
    visit("light_tint", f.light_tint);
    visit("exposure", f.exposure);
    visit("hair_lightness", f.hair_lightness);
    visit("hair_volume", f.hair_volume);
    visit("hair_fall", f.hair_fall);
    visit("stubble", f.stubble);
    visit("tan", f.tan);
    visit("background_light", f.background_light);
    visit("background_hue", f.background_hue);
    visit("background_clutter", f.background_clutter);
    visit("background_pattern", f.background_pattern);
    visit("occluder", f.occluder);
    visit("occluder_size", f.occluder_size);
    visit("occluder_angle", f.occluder_angle);
    visit("occluder_light", f.occluder_light);
    visit("occluder_hue", f.occluder_hue);
    visit("blur", f.blur);
    visit("noise", f.noise);
    visit("noise_pattern", f.noise_pattern);
    visit("resolution", f.resolution);
}

template <class T>
void read_field(const nlohmann::json& json, std::string_view name, T& value) {
    const auto found = json.is_object() ? json.find(name) : json.end();
    FACET_CHECK(json.is_object() && found != json.end(),
                "factors: the field '{}' is missing, expected an object with it", name);
    try {
        value = found->template get<T>();
    } catch (const nlohmann::json::exception& error) {
        throw Error(fmt::format("factors: the field '{}' cannot be read: {}", name, error.what()));
    }
}

}  // namespace

// Found by the JSON library through the enum's namespace; written by name, not by number.
void to_json(nlohmann::json& json, const Occluder& occluder) {
    json = occluder_names[static_cast<int>(occluder)];
}

void from_json(const nlohmann::json& json, Occluder& occluder) {
    const auto name = json.get<std::string>();
    const auto found = std::find(std::begin(occluder_names), std::end(occluder_names), name);
    FACET_CHECK(found != std::end(occluder_names), "factors: there is no occluder '{}'", name);
    occluder = static_cast<Occluder>(found - std::begin(occluder_names));
}

void to_json(nlohmann::json& json, const Factors& factors) {
    json = nlohmann::json::object();
    each_field(factors, [&](const char* name, const auto& value) { json[name] = value; });
}

void from_json(const nlohmann::json& json, Factors& factors) {
    each_field(factors, [&](const char* name, auto& value) { read_field(json, name, value); });
}

void to_json(nlohmann::json& json, const Knobs& knobs) {
    json = nlohmann::json::object();
    for (const KnobInfo& knob : knob_table()) json[std::string(knob.name)] = knobs.*knob.value;
}

void from_json(const nlohmann::json& json, Knobs& knobs) {
    for (const KnobInfo& knob : knob_table()) read_field(json, knob.name, knobs.*knob.value);
}

}  // namespace facet::synth
