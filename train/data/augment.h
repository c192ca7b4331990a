// From an 8-bit picture to the network's input, with or without random variation.
//
// The input is planar float32, (3, H, W), R before G before B, normalised as face recognition
// does: (x / 255 - 0.5) / 0.5, so 0..255 becomes -1..1.
#pragma once

#include <cstdint>

#include "engine/random.h"
#include "train/data/image.h"

namespace facet {

// How far a picture may vary. Every knob draws its own random numbers whether it is on or off, so
// changing one leaves what the others do to a given image unchanged.
struct AugmentOptions {
    double mirror = 0.5;       // probability of exchanging left and right
    double rotation = 10;      // degrees, uniform in ±rotation about the centre
    double scale = 0.10;       // magnification uniform in 1 ± scale
    double shift = 0.07;       // uniform in ±shift of the width and, separately, of the height
    double brightness = 0.20;  // pixels times a factor uniform in 1 ± brightness
    double contrast = 0.30;  // distance from the mean grey times a factor uniform in 1 ± contrast
    double grey = 0.20;      // probability of dropping colour (Rec. 601 luma)
    double erase = 0.30;     // probability of hiding a rectangle

    static AugmentOptions none() { return {0, 0, 0, 0, 0, 0, 0, 0}; }
};

// Throws UsageError naming the first value out of range: probabilities 0..1, rotation 0..180,
// shift 0..1, scale, brightness and contrast 0..0.99.
void check_augment(const AugmentOptions& options);

// What is drawn for one picture: everything random about it, so that every device can make the same
// variation of it.
struct Variation {
    // Where output pixel (x, y) comes from: (xx * x + xy * y + x0, yx * x + yy * y + y0).
    struct Affine {
        double xx, xy, x0;
        double yx, yy, y0;
    };
    struct Rectangle {
        int left = 0, top = 0, width = 0, height = 0;  // no width: none
    };
    Affine warp;
    double brightness, contrast;  // factors
    bool grey;
    Rectangle erased;
    Random noise;  // a word for each erased pixel, row by row, R in its lowest byte
};

// The variation of a picture of width x height. It depends only on the numbers given: options,
// seed, epoch and index.
Variation draw_variation(int width, int height, const AugmentOptions& options, uint64_t seed,
                         uint64_t epoch, uint64_t index);

// Writes the varied picture to `out`, 3 * height * width floats: the same bytes in whatever thread
// and order images are made. The variation was drawn for its width and height.
//
// One affine warp does mirror, rotation, scale and shift (bilinear, the border pixel continued
// outside), then grey, brightness and contrast, values kept within 0..255. An erased rectangle
// covers 2 to 20 % of the picture, its height is 0.3 to 3.3 times its width, and it is filled with
// uniform noise per pixel and channel: Zhong et al., "Random erasing data augmentation", AAAI 2020,
// where random values did best.
//
// With every option 0 the result is exactly that of to_floats().
void apply(const Variation& variation, const Image& image, float* out);

// Draws a variation and applies it.
void augment(const Image& image, const AugmentOptions& options, uint64_t seed, uint64_t epoch,
             uint64_t index, float* out);

// Only the normalisation.
void to_floats(const Image& image, float* out);

}  // namespace facet
