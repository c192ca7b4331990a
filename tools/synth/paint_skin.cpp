// The skin itself: blood and shadow, folds, freckles, moles, scar, beard.
#include <algorithm>

#include "tools/synth/paint.h"

namespace facet::synth {
namespace {

void tint(Surface& surface, Colour factor, float amount) {
    if (amount <= 0) return;
    surface.albedo = surface.albedo * mix(Colour{1, 1, 1}, factor, std::clamp(amount, 0.0f, 1.0f));
}

// Round spots on a jittered grid; the grid slides with the trait, so nearby people share a pattern.
float freckles(const Skin& skin, Vec3 p) {
    if (skin.freckles <= 0) return 0;
    const float region = bell(p.x / 0.42f, (p.y + 0.20f) / 0.22f);
    if (region <= 0.02f) return 0;
    const float u = p.x / 0.055f + 3 * skin.freckle_place, v = p.y / 0.055f - skin.freckle_place;
    const int i = static_cast<int>(std::floor(u)), j = static_cast<int>(std::floor(v));
    const float dx = u - static_cast<float>(i) - 0.25f - 0.5f * lattice(i, j);
    const float dy = v - static_cast<float>(j) - 0.25f - 0.5f * lattice(i + 51, j);
    const float radius = 0.12f + 0.18f * lattice(i, j + 77);
    return skin.freckles * region * bell((dx * dx + dy * dy) / square(radius));
}

void paint_folds(Surface& surface, const Appearance& a, float side, float y) {
    const float age = a.skin.age;
    const float down = (a.nose.tip - y) / (a.nose.tip - a.mouth.y + 0.05f);
    const float fold = side - mix(a.nose.wing + 0.05f, a.mouth.half_width + 0.07f, down);
    const float fold_reach = bell(square((down - 0.45f) / 0.5f));
    tint(surface, {0.62f, 0.52f, 0.50f},
         (0.15f + 0.75f * age) * fold_reach * bell(square(fold / 0.03f)));

    const float bag_x = (side - a.eye.x + 0.02f) / 0.13f;
    const float bag_y = y - a.eye.y + 0.115f - 0.03f * square(bag_x);
    tint(surface, {0.66f, 0.56f, 0.60f}, (0.15f + 0.7f * age) * bell(bag_x, bag_y / 0.035f));

    const float forehead = smoothstep(0.45f, 1.0f, age) * bell(side / 0.42f, (y - 0.46f) / 0.15f);
    const float line = square(square(std::cos(24 * (y + 0.05f * square(side)))));
    tint(surface, {0.72f, 0.62f, 0.60f}, 0.7f * forehead * line);
    const float crow = (side - a.eye.x - a.eye.half_width - 0.07f) / 0.06f;
    const float ray = square(std::cos(30 * (y - a.eye.y) / (1 + std::abs(crow))));
    tint(surface, {0.74f, 0.64f, 0.62f}, 0.7f * age * ray * bell(crow, (y - a.eye.y) / 0.08f));
}

}  // namespace

void paint_complexion(Surface& surface, const Appearance& a, Vec3 p) {
    const float side = std::abs(p.x);
    const float blotch = value_noise(7 * p.x + 20, 7 * p.y + 20) - 0.5f;
    surface.albedo = surface.albedo * (1 + 0.08f * blotch);
    if (p.z < 0) return;

    const Colour blood{1.02f, 0.66f, 0.66f};
    tint(surface, blood, a.skin.ruddiness * bell((side - 0.42f) / 0.2f, (p.y + 0.36f) / 0.18f));
    tint(surface, blood, 0.8f * a.skin.ruddiness * bell(p.x / 0.12f, (p.y - a.nose.tip) / 0.10f));

    // Shadow that little light of any direction reaches: sockets, the nose's sides, below the lip.
    const float socket = bell((side - 0.17f) / 0.10f, (p.y - a.eye.y - 0.03f) / 0.10f);
    tint(surface, {0.60f, 0.52f, 0.50f}, 5.5f * a.head.socket * socket);
    const float wing =
        bell((side - a.nose.wing - 0.012f) / 0.022f, (p.y - a.nose.tip + 0.03f) / 0.05f);
    tint(surface, {0.55f, 0.45f, 0.43f}, 0.6f * wing);
    const float under_nose = bell(p.x / (0.9f * a.nose.wing), (p.y - a.nose.tip + 0.10f) / 0.035f);
    tint(surface, {0.62f, 0.52f, 0.50f}, 0.5f * under_nose);
    const float nostril = bell((side - 0.50f * a.nose.wing) / (0.30f * a.nose.wing),
                               (p.y - a.nose.tip + 0.072f) / 0.020f);
    tint(surface, {0.12f, 0.07f, 0.06f}, 1.1f * nostril);
    const float under_lip = bell(p.x / 0.15f, (p.y - a.mouth.y + a.mouth.lower + 0.05f) / 0.035f);
    tint(surface, {0.66f, 0.58f, 0.56f}, 0.8f * under_lip);

    paint_folds(surface, a, side, p.y);
    tint(surface, {0.52f, 0.36f, 0.26f}, 0.85f * freckles(a.skin, p));
    for (const Mark& mole : a.moles) {
        if (mole.strength <= 0) continue;
        const float spot = bell((p.x - mole.x) / mole.size, (p.y - mole.y) / mole.size);
        tint(surface, {0.22f, 0.12f, 0.09f}, 1.5f * mole.strength * spot);
    }
    if (a.scar.strength > 0) {
        const float u = (p.x - a.scar.x) + 0.5f * (p.y - a.scar.y);
        const float line = bell(u / 0.018f, (p.y - a.scar.y) / a.scar.size);
        surface.albedo =
            mix(surface.albedo, Colour{0.62f, 0.36f, 0.32f}, 0.6f * a.scar.strength * line);
    }
}

void paint_beard(Surface& surface, const Appearance& a, Vec3 p) {
    const Hair& hair = a.hair;
    if (hair.beard <= 0 && hair.moustache <= 0) return;
    const float side = std::abs(p.x), mouth = p.y - a.mouth.y;
    // The beard's upper edge falls from the sideburns to below the mouth and rises to its corners.
    const float cheek_line = mix(-0.86f, -0.16f, smoothstep(0.22f, 0.62f, side)) +
                             0.22f * bell(square((side - 0.30f) / 0.09f));
    const float beard = hair.beard * smoothstep(cheek_line + 0.09f, cheek_line - 0.13f, p.y);
    const float lip = mouth - a.mouth.upper - 0.055f + 0.22f * square(side);
    const float moustache =
        hair.moustache * bell(square(lip / 0.05f)) *
        smoothstep(a.mouth.half_width + 0.09f, a.mouth.half_width - 0.02f, side);
    const float cover = std::max(beard, moustache);
    if (cover <= 0) return;
    const float grain = value_noise(75 * p.x + 9 * p.y, 30 * p.y);
    const float amount = std::clamp(cover * (0.72f + 0.5f * grain), 0.0f, 0.93f);
    surface.albedo = mix(surface.albedo, hair.brow_colour * (0.85f + 0.3f * grain), amount);
    surface.gloss *= 1 - 0.7f * amount;
}

}  // namespace facet::synth
