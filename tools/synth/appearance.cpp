#include "tools/synth/appearance.h"

#include <algorithm>

namespace facet::synth {
namespace {

// Traits are read through a soft limit so that rare extremes stay drawable; |value| < 2.4.
struct Traits {
    const Identity& identity;
    float operator()(Trait trait) const { return 2.4f * std::tanh(identity[trait] / 2.4f); }
};

// 0 for most people, growing smoothly for coordinates above `threshold`.
float above(float z, float threshold) { return smoothstep(threshold, threshold + 1.6f, z); }

// A point on a palette of n >= 2 colours, t in [0, 1].
template <size_t n>
Colour palette(const Colour (&colours)[n], float t) {
    const float place = std::clamp(t, 0.0f, 1.0f) * (n - 1);
    const size_t low = std::min(static_cast<size_t>(place), n - 2);
    return mix(colours[low], colours[low + 1], place - static_cast<float>(low));
}

HeadShape head_shape(const Traits& t, const Factors& f) {
    const float build = t(Trait::Build);
    HeadShape head;
    head.width = 0.735f + 0.035f * t(Trait::FaceWidth) + 0.008f * build;
    head.crown = 1.22f;
    head.chin = 1.13f + 0.055f * t(Trait::FaceLength) + 0.012f * build;
    head.depth = 0.84f;
    head.jaw_power = 2.35f + 0.26f * t(Trait::JawSquareness) + 0.08f * build;
    head.jaw = 0.02f + 0.05f * t(Trait::JawWidth) + 0.015f * build;
    head.chin_width = 0.17f + 0.03f * t(Trait::ChinWidth) + 0.01f * build;
    head.chin_out = 0.09f + 0.035f * t(Trait::ChinProjection) + 0.008f * build;
    head.cheekbone = 0.05f + 0.025f * t(Trait::Cheekbones);
    head.cheek = 0.005f + 0.035f * t(Trait::CheekFullness) + 0.02f * std::max(f.smile, 0.0f);
    head.slope = 0.10f + 0.04f * t(Trait::ForeheadSlope);
    head.ear = 1 + 0.14f * t(Trait::EarSize);
    head.brow_ridge = 0.03f + 0.014f * t(Trait::BrowRidge) + 0.010f * build;
    head.socket = 0.075f + 0.022f * t(Trait::EyeDepth);
    head.jaw_drop = 0.5f * 0.20f * f.mouth_open;
    return head;
}

Eye eye(const Traits& t, const Factors& f) {
    Eye eye;
    const float squint = 0.35f * std::max(f.smile, 0.0f);
    const float closed = std::clamp(f.lids + 0.5f * squint, 0.0f, 1.0f);
    eye.x = 0.325f + 0.022f * t(Trait::EyeSpacing);
    eye.y = 0.0f + 0.025f * t(Trait::EyeHeight);
    eye.half_width = 0.142f + 0.012f * t(Trait::EyeSize);
    const float opening = 0.42f + 0.075f * t(Trait::EyeOpening);
    eye.upper = mix(std::max(opening, 0.2f), -0.10f, closed);
    eye.lower = mix(0.24f + 0.02f * t(Trait::EyeOpening), 0.13f, closed);
    eye.tilt = 0.05f + 0.075f * t(Trait::EyeTilt);
    eye.crease = std::max(0.24f + 0.09f * t(Trait::LidCrease), 0.06f);
    eye.gaze_x = 0.28f * f.gaze_x;
    eye.gaze_y = 0.14f * f.gaze_y;
    const Colour irises[] = {{0.05f, 0.022f, 0.010f}, {0.16f, 0.075f, 0.025f},
                             {0.17f, 0.13f, 0.04f},   {0.10f, 0.17f, 0.09f},
                             {0.10f, 0.20f, 0.30f},   {0.16f, 0.28f, 0.42f}};
    const float blue = 0.34f + 0.24f * t(Trait::IrisHue) - 0.16f * t(Trait::Melanin);
    eye.iris = palette(irises, blue) * (1 + 0.22f * t(Trait::IrisLightness));
    return eye;
}

Brow brow(const Traits& t, const Factors& f, const Eye& eye) {
    Brow brow;
    const float build = t(Trait::Build);
    brow.inner = 0.105f;
    brow.outer = eye.x + 0.185f + 0.022f * t(Trait::BrowLength);
    brow.y =
        eye.y + 0.185f + 0.028f * t(Trait::BrowHeight) - 0.010f * build + 0.055f * f.brow_raise;
    brow.arch = 0.05f + 0.026f * t(Trait::BrowArch);
    brow.tilt = 0.015f + 0.030f * t(Trait::BrowTilt) - 0.02f * std::min(f.brow_raise, 0.0f);
    brow.thickness = std::max(0.034f + 0.010f * t(Trait::BrowThickness) + 0.004f * build, 0.012f);
    brow.density = std::clamp(0.72f + 0.16f * t(Trait::BrowDensity), 0.25f, 1.0f);
    return brow;
}

Nose nose(const Traits& t) {
    Nose nose;
    nose.root = 0.02f;
    nose.tip = -0.375f - 0.035f * t(Trait::NoseLength);
    nose.wing = 0.118f + 0.020f * t(Trait::NoseWidth);
    nose.bridge_width = 0.068f + 0.011f * t(Trait::BridgeWidth);
    nose.bridge_height = 0.075f + 0.022f * t(Trait::BridgeHeight);
    nose.bump = 0.018f * t(Trait::BridgeBump);
    nose.tip_size = 0.078f + 0.011f * t(Trait::TipSize);
    nose.tip_out = 0.165f + 0.030f * t(Trait::TipProjection);
    return nose;
}

Mouth mouth(const Traits& t, const Factors& f, const Skin& skin) {
    Mouth mouth;
    mouth.y = -0.725f + 0.030f * t(Trait::MouthHeight);
    mouth.half_width = 0.262f + 0.024f * t(Trait::MouthWidth) + 0.045f * f.smile;
    const float stretch = 1 - 0.22f * std::max(f.smile, 0.0f);
    mouth.upper = std::max(0.056f + 0.015f * t(Trait::UpperLip), 0.016f) * stretch;
    mouth.lower = std::max(0.074f + 0.017f * t(Trait::LowerLip), 0.022f) * stretch;
    mouth.bow = 0.018f + 0.010f * t(Trait::CupidBow);
    mouth.curve = 0.004f + 0.012f * t(Trait::CornerTilt) + 0.060f * f.smile;
    mouth.open = 0.20f * f.mouth_open;
    const float red = std::clamp(0.55f + 0.18f * t(Trait::LipColour), 0.1f, 1.0f);
    mouth.colour = skin.colour * mix(Colour{0.85f, 0.72f, 0.72f}, Colour{0.82f, 0.36f, 0.40f}, red);
    return mouth;
}

Skin skin(const Traits& t, const Factors& f) {
    const Colour tones[] = {{0.80f, 0.56f, 0.46f},
                            {0.72f, 0.45f, 0.33f},
                            {0.55f, 0.31f, 0.20f},
                            {0.34f, 0.17f, 0.10f},
                            {0.16f, 0.075f, 0.045f}};
    Skin skin;
    const float melanin = 0.36f + 0.19f * t(Trait::Melanin) + 0.06f * f.tan;
    const float olive = 0.045f * t(Trait::Undertone);
    skin.colour = palette(tones, melanin) * Colour{1 - olive, 1 + 0.4f * olive, 1 - 0.8f * olive};
    skin.ruddiness = std::clamp(0.32f + 0.20f * t(Trait::Ruddiness), 0.0f, 0.9f);
    skin.age = smoothstep(-1.2f, 2.4f, t(Trait::Age));
    skin.freckles = above(t(Trait::Freckles), 0.3f);
    skin.freckle_place = t(Trait::FrecklePlace);
    skin.gloss = std::max(0.10f + 0.04f * t(Trait::Shine), 0.02f);
    return skin;
}

Hair hair(const Traits& t, const Factors& f) {
    const Colour colours[] = {{0.55f, 0.40f, 0.20f},
                              {0.30f, 0.17f, 0.075f},
                              {0.12f, 0.060f, 0.028f},
                              {0.045f, 0.025f, 0.016f},
                              {0.014f, 0.011f, 0.010f}};
    const Colour red{0.32f, 0.095f, 0.030f}, grey{0.42f, 0.41f, 0.40f};
    const float build = t(Trait::Build);
    const float melanin = 0.52f + 0.17f * t(Trait::HairMelanin) + 0.14f * t(Trait::Melanin);
    const float redness = 0.75f * above(t(Trait::HairRed), 0.4f) * smoothstep(0.9f, 0.4f, melanin);
    const float greyness = 0.9f * above(t(Trait::Age), 0.7f);

    Hair hair;
    hair.brow_colour =
        mix(mix(palette(colours, melanin + 0.08f), red, redness), grey, 0.6f * greyness);
    const Colour natural = mix(palette(colours, melanin - 0.22f * f.hair_lightness), red, redness);
    hair.colour = mix(natural, grey, greyness);
    hair.length = smoothstep(-0.9f, 1.3f, t(Trait::HairLength) - 0.7f * build + 0.5f * f.hair_fall);
    hair.volume = std::max(0.13f + 0.035f * t(Trait::HairVolume) + 0.04f * f.hair_volume, 0.05f);
    hair.hairline = 0.66f + 0.07f * t(Trait::HairlineHeight) - 0.06f * f.hair_fall;
    hair.recede = 0.10f * t(Trait::HairlineShape);
    hair.parting = 0.10f * t(Trait::Parting) + 0.06f * f.hair_fall;
    hair.curl = smoothstep(-0.5f, 2.2f, t(Trait::Curl) + 0.5f * t(Trait::Melanin));
    if (f.occluder == Occluder::Cap) {  // its rim replaces the hairline
        hair.hairline = 0.40f + 0.06f * f.occluder_size;
        hair.recede = hair.parting = 0;
    }
    const float growth = build + 0.5f * f.stubble;
    hair.beard = 0.9f * above(t(Trait::Beard) + 0.8f * growth, 0.2f);
    hair.moustache = 0.9f * above(t(Trait::Moustache) + 0.8f * growth, 0.2f);
    return hair;
}

Mark mole(float strength, float x, float y, float side) {
    const float visible = above(strength, -0.2f);
    return {side * (0.36f + 0.12f * x), -0.42f + 0.20f * y, 0.018f + 0.012f * visible, visible};
}

}  // namespace

Appearance appearance_of(const Identity& identity, const Factors& factors) {
    const Traits t{identity};
    Appearance a;
    a.head = head_shape(t, factors);
    a.eye = eye(t, factors);
    a.brow = brow(t, factors, a.eye);
    a.nose = nose(t);
    a.skin = skin(t, factors);
    a.mouth = mouth(t, factors, a.skin);
    a.hair = hair(t, factors);
    a.moles[0] = mole(t(Trait::FirstMole), t(Trait::FirstMoleX), t(Trait::FirstMoleY), -1);
    a.moles[1] = mole(t(Trait::SecondMole), t(Trait::SecondMoleX), t(Trait::SecondMoleY), 1);
    const float scar = t(Trait::ScarPlace);
    a.scar = {0.30f + 0.10f * std::cos(2 * scar), -0.25f + 0.28f * scar, 0.14f,
              above(t(Trait::Scar), 0.6f)};
    return a;
}

}  // namespace facet::synth
