#include "train/data/device_variation.h"

#include "train/data/augment.h"

namespace facet {

PictureVariation device_variation(const Variation& variation, uint64_t index) {
    const Variation::Affine& warp = variation.warp;
    const Variation::Rectangle& erased = variation.erased;
    // With v' = b v, contrast gives m' + f (v' - m') = (b f) v + b m (1 - f), m the mean luma.
    return {.xx = warp.xx,
            .xy = warp.xy,
            .x0 = warp.x0,
            .yx = warp.yx,
            .yy = warp.yy,
            .y0 = warp.y0,
            .gain = variation.brightness * variation.contrast,
            .lift = variation.brightness * (1 - variation.contrast),
            .grey = variation.grey,
            .left = erased.left,
            .top = erased.top,
            .width = erased.width,
            .height = erased.height,
            .noise_word = variation.noise.drawn(),
            .index = index};
}

PictureNoise device_noise(uint64_t seed, uint64_t epoch) {
    return {seed, static_cast<uint32_t>(Purpose::Augment), epoch};
}

}  // namespace facet
