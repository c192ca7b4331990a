// How a batch of pictures varies, as the picture kernels of a device take it: plain numbers. Needs
// neither a device nor its toolkit.
#pragma once

#include <cstdint>

namespace facet {

// N pictures of 8 bits, (N, H, W, 3), and where the numbers made from them go.
struct PictureShape {
    int64_t N;
    int H, W;            // fewer than 2^31 pixels
    bool channels_last;  // to (N, H, W, 3), otherwise to (N, 3, H, W)
};

// How one picture varies.
struct PictureVariation {
    // Output pixel (x, y) is taken from (xx x + xy y + x0, yx x + yy y + y0), bilinear, the border
    // continued outside.
    double xx, xy, x0;
    double yx, yy, y0;
    // Then from value v to gain v + lift m, m the mean luma of the picture, within 0..255.
    double gain, lift;
    int grey;  // not 0: colours become their luma first
    // The rectangle filled with noise; none where width or height is 0. Its pixel i, row by row,
    // has word noise_word + i of the stream (noise, index): R in the lowest byte, then G, B.
    int left, top, width, height;
    uint32_t noise_word;
    uint64_t index;
};

// What the streams of a batch's noise have in common (engine/random.h).
struct PictureNoise {
    uint64_t seed;
    uint32_t purpose;
    uint64_t step;
};

struct Variation;  // augment.h

// `index` and, for device_noise(), `seed` and `epoch` are those that the variation was drawn with.
PictureVariation device_variation(const Variation& variation, uint64_t index);
PictureNoise device_noise(uint64_t seed, uint64_t epoch);

}  // namespace facet
