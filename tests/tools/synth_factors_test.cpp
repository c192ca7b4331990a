// The factors of a picture: knobs, JSON, and that each one shows.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tests/message_of.h"
#include "tools/synth/factors.h"
#include "tools/synth/identity.h"
#include "tools/synth/render.h"

using namespace facet;
using namespace facet::synth;

namespace {

// The fields of each group, in the order of knob_table().
nlohmann::json group(const Factors& factors, std::string_view knob) {
    const std::map<std::string_view, std::vector<std::string>> fields = {
        {"pose", {"yaw", "pitch", "roll"}},
        {"alignment", {"shift_x", "shift_y", "scale"}},
        {"expression", {"smile", "mouth_open", "brow_raise", "lids", "gaze_x", "gaze_y"}},
        {"light",
         {"light_azimuth", "light_elevation", "light_key", "light_warmth", "light_tint",
          "exposure"}},
        {"style", {"hair_lightness", "hair_volume", "hair_fall", "stubble", "tan"}},
        {"background", {"background_light", "background_hue", "background_clutter"}},
        {"occlusion",
         {"occluder", "occluder_size", "occluder_angle", "occluder_light", "occluder_hue"}},
        {"blur", {"blur"}},
        {"noise", {"noise"}},
        {"resolution", {"resolution"}}};
    const nlohmann::json all = factors;
    nlohmann::json chosen;
    for (const std::string& field : fields.at(knob)) chosen[field] = all.at(field);
    return chosen;
}

Knobs everything_off() {
    Knobs knobs;
    for (const KnobInfo& knob : knob_table()) knobs.*knob.value = 0;
    return knobs;
}

}  // namespace

TEST(SynthFactors, ADrawDependsOnlyOnSeedPersonAndImage) {
    const nlohmann::json a = draw_factors(1, 2, 3, {});
    EXPECT_EQ(a, nlohmann::json(draw_factors(1, 2, 3, {})));
    EXPECT_NE(a, nlohmann::json(draw_factors(2, 2, 3, {})));
    EXPECT_NE(a, nlohmann::json(draw_factors(1, 3, 3, {})));
    EXPECT_NE(a, nlohmann::json(draw_factors(1, 2, 4, {})));
}

TEST(SynthFactors, AKnobAtZeroLeavesTheNeutralPicture) {
    for (const KnobInfo& knob : knob_table()) {
        Knobs knobs;
        knobs.*knob.value = 0;
        for (int image = 0; image < 50; ++image)
            EXPECT_EQ(group(draw_factors(1, 0, image, knobs), knob.name), group({}, knob.name))
                << knob.name;
    }
    for (int image = 0; image < 10; ++image)
        EXPECT_EQ(difficulty(draw_factors(1, 0, image, everything_off())), 0);
}

TEST(SynthFactors, AKnobMovesItsOwnGroupAndNoOther) {
    for (const KnobInfo& turned : knob_table()) {
        Knobs knobs;
        knobs.*turned.value = 1.7f;
        bool moved = false;
        for (int image = 0; image < 50; ++image) {
            const Factors usual = draw_factors(1, 0, image, {});
            const Factors other = draw_factors(1, 0, image, knobs);
            for (const KnobInfo& knob : knob_table()) {
                if (knob.name == turned.name) continue;
                EXPECT_EQ(group(usual, knob.name), group(other, knob.name)) << knob.name;
            }
            moved |= group(usual, turned.name) != group(other, turned.name);
        }
        EXPECT_TRUE(moved) << turned.name;
    }
}

TEST(SynthFactors, RefusesKnobsOutOfRange) {
    for (const float wrong : {-0.1f, 2.5f, std::nanf("")}) {
        Knobs knobs;
        knobs.light = wrong;
        EXPECT_THROW(draw_factors(1, 0, 0, knobs), UsageError) << wrong;
    }
}

TEST(SynthFactors, DifficultyGrowsWithTheKnobs) {
    double sums[3] = {};
    for (int image = 0; image < 200; ++image) {
        int k = 0;
        for (const float strength : {0.5f, 1.0f, 2.0f}) {
            Knobs knobs;
            for (const KnobInfo& knob : knob_table()) knobs.*knob.value = strength;
            sums[k++] += difficulty(draw_factors(1, 0, image, knobs)) / 200;
        }
    }
    EXPECT_LT(sums[0], 0.75 * sums[1]);
    EXPECT_LT(1.2 * sums[1], sums[2]);
    EXPECT_NEAR(sums[1], 1, 0.3);
}

TEST(SynthFactors, JsonGoesThereAndBack) {
    for (int image = 0; image < 40; ++image) {
        const Factors factors = draw_factors(9, 1, image, {});
        const nlohmann::json json = factors;
        const Factors back = nlohmann::json::parse(json.dump()).get<Factors>();
        EXPECT_EQ(nlohmann::json(back), json);
        const Identity someone = draw_identity(9, 1);
        if (image >= 5) continue;
        EXPECT_EQ(render_face(someone, factors, 32).rgb, render_face(someone, back, 32).rgb);
    }
    const Knobs knobs{.pose = 0.5f, .noise = 2};
    const Knobs back = nlohmann::json(knobs).get<Knobs>();
    for (const KnobInfo& knob : knob_table()) EXPECT_EQ(back.*knob.value, knobs.*knob.value);
}

TEST(SynthFactors, JsonThatLacksOrMistypesAFieldIsRefusedByName) {
    const auto refusal = [](const nlohmann::json& json) {
        return facet::test::message_of([&] { json.get<Factors>(); });
    };
    nlohmann::json json = Factors{};
    json.erase("yaw");
    EXPECT_NE(refusal(json).find("'yaw' is missing"), std::string::npos);
    json = Factors{};
    json["blur"] = "much";
    EXPECT_NE(refusal(json).find("'blur' cannot be read"), std::string::npos);
    json = Factors{};
    json["occluder"] = "umbrella";
    EXPECT_NE(refusal(json).find("umbrella"), std::string::npos);
    EXPECT_NE(refusal(nlohmann::json::array()), "");
}

TEST(SynthFactors, EveryFactorShowsInThePicture) {
    const Identity someone = draw_identity(4, 0);
    const std::vector<uint8_t> neutral = render_face(someone, {}, 64).rgb;
    const std::map<std::string, float> changes = {{"yaw", 20},
                                                  {"pitch", 10},
                                                  {"roll", 8},
                                                  {"shift_x", 0.05f},
                                                  {"shift_y", 0.05f},
                                                  {"scale", 1.1f},
                                                  {"smile", 0.8f},
                                                  {"mouth_open", 0.7f},
                                                  {"brow_raise", 0.8f},
                                                  {"lids", 0.8f},
                                                  {"gaze_x", 0.8f},
                                                  {"gaze_y", 0.8f},
                                                  {"light_azimuth", 50},
                                                  {"light_elevation", 0},
                                                  {"light_key", 0.8f},
                                                  {"light_warmth", 1},
                                                  {"light_tint", 1},
                                                  {"exposure", 0.5f},
                                                  {"hair_lightness", 1},
                                                  {"hair_volume", 1.5f},
                                                  {"hair_fall", 1.5f},
                                                  {"stubble", 3},
                                                  {"tan", 1},
                                                  {"background_light", 0.8f},
                                                  {"blur", 0.02f},
                                                  {"noise", 0.03f},
                                                  {"resolution", 0.4f}};
    for (const auto& [name, value] : changes) {
        nlohmann::json json = Factors{};
        json[name] = value;
        EXPECT_NE(render_face(someone, json.get<Factors>(), 64).rgb, neutral) << name;
    }
    for (const char* occluder : {"glasses", "sunglasses", "mask", "cap", "patch"}) {
        nlohmann::json json = Factors{};
        json["occluder"] = occluder;
        EXPECT_NE(render_face(someone, json.get<Factors>(), 64).rgb, neutral) << occluder;
    }
}

TEST(SynthFactors, YawTurnsTheNoseAndALightFromTheRightBrightensTheRight) {
    Identity average;
    const auto brightness = [](const Image& image, int left, int right) {
        double sum = 0;
        for (int y = image.height / 3; y < image.height * 2 / 3; ++y)
            for (int x = left; x < right; ++x) sum += image.at(x, y)[1];
        return sum;
    };
    Factors right_light;
    right_light.light_azimuth = 60;
    right_light.light_key = 0.8f;
    const Image lit = render_face(average, right_light, 64);
    EXPECT_GT(brightness(lit, 32, 50), 1.15 * brightness(lit, 14, 32));

    // The mirrored light on a symmetric head gives the mirrored brightness.
    Factors left_light = right_light;
    left_light.light_azimuth = -60;
    const Image other = render_face(average, left_light, 64);
    EXPECT_NEAR(brightness(other, 14, 32), brightness(lit, 32, 50), 0.02 * brightness(lit, 32, 50));
}
