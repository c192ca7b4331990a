// From light to a picture: what lies behind and before the head, and what a camera does to it.
#pragma once

#include <vector>

#include "tools/synth/factors.h"
#include "tools/synth/geometry.h"
#include "train/data/image.h"

namespace facet::synth {

// Linear light, (size, size) row by row.
struct Film {
    int size = 0;
    std::vector<Colour> light;
};

// What lies behind the head: a vertical gradient and a few soft or hard-edged objects.
class Background {
public:
    explicit Background(const Factors& factors);

    Colour at(float x, float y) const;  // (x, y) in [0, 1]^2, y downwards

private:
    struct Object {
        float x, y, inverse_width, inverse_height;
        Colour colour;
    };
    Colour base_;
    float clutter_;
    std::array<Object, 4> objects_;  // the even ones are soft
};

// How much of a patch in front of the camera covers (x, y): 0 none, 1 all; 0 for other occluders.
float patch_cover(const Factors& factors, float x, float y);

// Averages samples over blocks of factor x factor.
Film downsample(const Film& film, int factor);

// Resolution, blur, sRGB gamma, noise and rounding to 8 bits, in this order.
Image develop(Film film, const Factors& factors);

}  // namespace facet::synth
