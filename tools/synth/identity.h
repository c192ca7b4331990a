// Who a procedural face is: a point in a continuous space of K named traits.
//
// Every trait is a standard normal coordinate that the renderer maps smoothly to one property of
// the head, so nearby points look alike and the distance between two people is known exactly.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace facet::synth {

// The coordinates; `trait_table` names them and says what they change.
enum class Trait : int {
    // head
    Build,
    FaceWidth,
    FaceLength,
    JawWidth,
    JawSquareness,
    ChinWidth,
    ChinProjection,
    Cheekbones,
    CheekFullness,
    ForeheadSlope,
    EarSize,
    // eyes
    EyeSpacing,
    EyeHeight,
    EyeSize,
    EyeOpening,
    EyeTilt,
    EyeDepth,
    LidCrease,
    IrisHue,
    IrisLightness,
    // brows
    BrowHeight,
    BrowThickness,
    BrowLength,
    BrowArch,
    BrowTilt,
    BrowDensity,
    BrowRidge,
    // nose
    NoseLength,
    NoseWidth,
    BridgeWidth,
    BridgeHeight,
    BridgeBump,
    TipSize,
    TipProjection,
    // mouth
    MouthHeight,
    MouthWidth,
    UpperLip,
    LowerLip,
    CupidBow,
    CornerTilt,
    LipColour,
    // skin
    Melanin,
    Undertone,
    Ruddiness,
    Age,
    Freckles,
    FrecklePlace,
    Shine,
    // hair
    HairMelanin,
    HairRed,
    HairLength,
    HairVolume,
    HairlineHeight,
    HairlineShape,
    Parting,
    Curl,
    Beard,
    Moustache,
    // marks
    FirstMole,
    FirstMoleX,
    FirstMoleY,
    SecondMole,
    SecondMoleX,
    SecondMoleY,
    Scar,
    ScarPlace,
    Count,
};

inline constexpr int kTraits = static_cast<int>(Trait::Count);

struct TraitInfo {
    std::string_view group;    // head, eyes, brows, nose, mouth, skin, hair, marks
    std::string_view name;     // snake_case, as written to factors.json
    std::string_view meaning;  // what a high value does
};

std::span<const TraitInfo> trait_table();  // kTraits entries, in the order of Trait

struct Identity {
    std::array<float, kTraits> z{};  // standard normal coordinates; all zero is the average face

    float operator[](Trait trait) const { return z[static_cast<int>(trait)]; }
    float& operator[](Trait trait) { return z[static_cast<int>(trait)]; }
};

// How far a look-alike lies from the person it resembles, in units of distance().
inline constexpr float kLookAlikeDistance = 0.35f;

// The identity of person number `person` under a seed. Of all people a share, in [0, 0.5], are
// look-alikes: person 2k + 1 then lies at kLookAlikeDistance from person 2k. Throws UsageError.
Identity draw_identity(uint64_t seed, uint64_t person, double look_alike_share = 0);

// Root mean square difference of the coordinates over sqrt(2): 0 for the same person, 1 on average
// between unrelated people.
float distance(const Identity& a, const Identity& b);

struct Neighbour {
    size_t index = 0;
    float distance = 0;
};

// For each of n >= 2 people the nearest other one. Throws Error for fewer.
std::vector<Neighbour> nearest_others(std::span<const Identity> people);

}  // namespace facet::synth
