#include "tools/synth/identity.h"

#include <cmath>

#include "engine/error.h"
#include "engine/random.h"

namespace facet::synth {
namespace {

constexpr TraitInfo table[] = {
    {"head", "build", "heavier brow and jaw, shorter hair, stronger beard"},
    {"head", "face_width", "wider head"},
    {"head", "face_length", "longer lower face"},
    {"head", "jaw_width", "wider jaw angle"},
    {"head", "jaw_squareness", "square instead of pointed jaw"},
    {"head", "chin_width", "broader chin"},
    {"head", "chin_projection", "chin further forward"},
    {"head", "cheekbones", "more prominent cheekbones"},
    {"head", "cheek_fullness", "full instead of hollow cheeks"},
    {"head", "forehead_slope", "forehead leaning back"},
    {"head", "ear_size", "larger ears"},
    {"eyes", "eye_spacing", "eyes further apart"},
    {"eyes", "eye_height", "eyes higher in the face"},
    {"eyes", "eye_size", "wider eyes"},
    {"eyes", "eye_opening", "rounder eyes"},
    {"eyes", "eye_tilt", "outer corners higher"},
    {"eyes", "eye_depth", "deeper sockets"},
    {"eyes", "lid_crease", "crease further above the lid"},
    {"eyes", "iris_hue", "brown over green to blue"},
    {"eyes", "iris_lightness", "lighter iris"},
    {"brows", "brow_height", "higher brows"},
    {"brows", "brow_thickness", "thicker brows"},
    {"brows", "brow_length", "longer brows"},
    {"brows", "brow_arch", "more arched brows"},
    {"brows", "brow_tilt", "outer ends higher"},
    {"brows", "brow_density", "denser brows"},
    {"brows", "brow_ridge", "stronger bone above the eyes"},
    {"nose", "nose_length", "longer nose"},
    {"nose", "nose_width", "wider nostrils"},
    {"nose", "bridge_width", "wider bridge"},
    {"nose", "bridge_height", "higher bridge"},
    {"nose", "bridge_bump", "hooked instead of hollow bridge"},
    {"nose", "tip_size", "rounder tip"},
    {"nose", "tip_projection", "tip further forward"},
    {"mouth", "mouth_height", "mouth closer to the nose"},
    {"mouth", "mouth_width", "wider mouth"},
    {"mouth", "upper_lip", "fuller upper lip"},
    {"mouth", "lower_lip", "fuller lower lip"},
    {"mouth", "cupid_bow", "deeper notch of the upper lip"},
    {"mouth", "corner_tilt", "corners higher at rest"},
    {"mouth", "lip_colour", "redder lips"},
    {"skin", "melanin", "darker skin"},
    {"skin", "undertone", "olive instead of pink"},
    {"skin", "ruddiness", "redder cheeks and nose"},
    {"skin", "age", "folds, bags under the eyes, grey hair"},
    {"skin", "freckles", "more freckles"},
    {"skin", "freckle_place", "where the freckles lie"},
    {"skin", "shine", "glossier skin"},
    {"hair", "hair_melanin", "darker hair"},
    {"hair", "hair_red", "redder hair"},
    {"hair", "hair_length", "longer hair"},
    {"hair", "hair_volume", "fuller hair"},
    {"hair", "hairline_height", "higher forehead"},
    {"hair", "hairline_shape", "receding temples instead of a straight fringe"},
    {"hair", "parting", "hairline slanting to one side"},
    {"hair", "curl", "curlier hair"},
    {"hair", "beard", "denser beard"},
    {"hair", "moustache", "denser moustache"},
    {"marks", "first_mole", "larger, darker mole on the left"},
    {"marks", "first_mole_x", "that mole further out"},
    {"marks", "first_mole_y", "that mole higher"},
    {"marks", "second_mole", "larger, darker mole on the right"},
    {"marks", "second_mole_x", "that mole further out"},
    {"marks", "second_mole_y", "that mole higher"},
    {"marks", "scar", "deeper scar"},
    {"marks", "scar_place", "where the scar lies"},
};
static_assert(std::size(table) == kTraits);

Identity draw_point(Random& random) {
    Identity identity;
    for (float& z : identity.z) z = static_cast<float>(random.normal());
    return identity;
}

}  // namespace

std::span<const TraitInfo> trait_table() { return table; }

Identity draw_identity(uint64_t seed, uint64_t person, double look_alike_share) {
    FACET_USAGE(look_alike_share >= 0 && look_alike_share <= 0.5,
                "synth: the share of look-alikes must lie in [0, 0.5], found {}", look_alike_share);
    Random random(seed, Purpose::Identity, 0, person);
    const bool look_alike = random.chance(2 * look_alike_share) && person % 2 == 1;
    const Identity own = draw_point(random);
    if (!look_alike) return own;

    // A step of fixed length from the even neighbour, in the direction of this person's own draw.
    const Identity model = draw_identity(seed, person - 1, look_alike_share);
    const float length = distance(own, Identity{});
    Identity result = model;
    for (int k = 0; k < kTraits; ++k) result.z[k] += own.z[k] * kLookAlikeDistance / length;
    return result;
}

float distance(const Identity& a, const Identity& b) {
    double sum = 0;
    for (int k = 0; k < kTraits; ++k) {
        const double difference = double{a.z[k]} - b.z[k];
        sum += difference * difference;
    }
    return static_cast<float>(std::sqrt(sum / (2 * kTraits)));
}

std::vector<Neighbour> nearest_others(std::span<const Identity> people) {
    FACET_CHECK(people.size() >= 2, "synth: a nearest other person needs two people, found {}",
                people.size());
    std::vector<Neighbour> nearest(people.size());
    for (size_t i = 0; i < people.size(); ++i) {
        nearest[i] = {i == 0 ? size_t{1} : size_t{0}, distance(people[i], people[i == 0 ? 1 : 0])};
        for (size_t j = 0; j < people.size(); ++j) {
            if (j == i) continue;
            const float d = distance(people[i], people[j]);
            if (d < nearest[i].distance) nearest[i] = {j, d};
        }
    }
    return nearest;
}

}  // namespace facet::synth
