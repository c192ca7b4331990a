#include "train/data/augment.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "engine/error.h"

namespace facet {
namespace {

float normalised(float value) { return (value / 255.0f - 0.5f) / 0.5f; }

// Magnifies and rotates about the centre, then shifts; a mirrored picture is read backwards. The
// output is scanned, so the map is the inverse of the movement seen.
Variation::Affine inverse_warp(int width, int height, bool mirror, double degrees, double scale,
                               double shift_x, double shift_y) {
    const double angle = degrees * std::numbers::pi / 180;
    const double c = std::cos(angle) / scale, s = std::sin(angle) / scale;
    const double centre_x = 0.5 * (width - 1), centre_y = 0.5 * (height - 1);
    const double to_x = centre_x + shift_x * width, to_y = centre_y + shift_y * height;
    const double side = mirror ? -1 : 1;
    return {side * c, side * s, centre_x - side * (c * to_x + s * to_y),
            -s,       c,        centre_y - (c * to_y - s * to_x)};
}

// A rectangle of the wanted area and shape, at least one pixel, wherever it fits.
Variation::Rectangle draw_rectangle(Random& random, int width, int height) {
    const double area = random.uniform(0.02, 0.20) * width * height;
    const double ratio = std::exp(random.uniform(std::log(0.3), std::log(1 / 0.3)));
    const int h = std::clamp(static_cast<int>(std::lround(std::sqrt(area * ratio))), 1, height);
    const int w = std::clamp(static_cast<int>(std::lround(std::sqrt(area / ratio))), 1, width);
    const int left = static_cast<int>(random.below(width - w + 1));
    const int top = static_cast<int>(random.below(height - h + 1));
    return {left, top, w, h};
}

// One 32-bit word a pixel, so that one gather fetches all channels: (H, W).
std::vector<uint32_t> pack(const Image& image) {
    std::vector<uint32_t> packed(static_cast<size_t>(image.width) * image.height);
    const uint8_t* rgb = image.rgb.data();
    for (size_t i = 0; i < packed.size(); ++i)
        packed[i] = rgb[3 * i] | rgb[3 * i + 1] << 8 | rgb[3 * i + 2] << 16;
    return packed;
}

// One output row on its way: where each pixel comes from and its four neighbours there.
struct Row {
    explicit Row(int width)
        : corner(width), right(width), down(width), fx(width), fy(width), neighbours(4) {
        for (std::vector<uint32_t>& pixels : neighbours) pixels.resize(width);
    }
    std::vector<int> corner, right, down;  // offset of the upper left neighbour, and steps from it
    std::vector<float> fx, fy;             // distance from it, 0 to 1
    std::vector<std::vector<uint32_t>> neighbours;  // upper left, upper right, lower left, right
};

// Coordinates outside the picture are moved to its border, which continues the border's pixels.
void locate(const Image& image, const Variation::Affine& map, int y, Row& row) {
    const int width = image.width, height = image.height;
    const float last_x = static_cast<float>(width - 1), last_y = static_cast<float>(height - 1);
    const float step_x = static_cast<float>(map.xx), step_y = static_cast<float>(map.yx);
    const float start_x = static_cast<float>(map.xy * y + map.x0);
    const float start_y = static_cast<float>(map.yy * y + map.y0);
#pragma omp simd
    for (int x = 0; x < width; ++x) {
        float sx = step_x * static_cast<float>(x) + start_x;
        float sy = step_y * static_cast<float>(x) + start_y;
        sx = sx > 0 ? sx : 0;
        sx = sx < last_x ? sx : last_x;
        sy = sy > 0 ? sy : 0;
        sy = sy < last_y ? sy : last_y;
        const int left = static_cast<int>(sx), top = static_cast<int>(sy);
        row.fx[x] = sx - static_cast<float>(left);
        row.fy[x] = sy - static_cast<float>(top);
        row.corner[x] = top * width + left;
        row.right[x] = left < width - 1 ? 1 : 0;
        row.down[x] = top < height - 1 ? width : 0;
    }
}

void fetch(const std::vector<uint32_t>& source, Row& row) {
    for (size_t x = 0; x < row.corner.size(); ++x) {
        const uint32_t* corner = &source[row.corner[x]];
        row.neighbours[0][x] = corner[0];
        row.neighbours[1][x] = corner[row.right[x]];
        row.neighbours[2][x] = corner[row.down[x]];
        row.neighbours[3][x] = corner[row.down[x] + row.right[x]];
    }
}

void blend(const Row& row, int channel, float* out) {
    const auto value = [shift = 8 * channel](uint32_t pixel) {
        return static_cast<float>(static_cast<int>(pixel >> shift & 255));
    };
    const int width = static_cast<int>(row.fx.size());
    const float* fx = row.fx.data();
    const float* fy = row.fy.data();
    const uint32_t* p00 = row.neighbours[0].data();
    const uint32_t* p01 = row.neighbours[1].data();
    const uint32_t* p10 = row.neighbours[2].data();
    const uint32_t* p11 = row.neighbours[3].data();
#pragma omp simd
    for (int x = 0; x < width; ++x) {
        const float above = value(p00[x]) + fx[x] * (value(p01[x]) - value(p00[x]));
        const float below = value(p10[x]) + fx[x] * (value(p11[x]) - value(p10[x]));
        out[x] = above + fy[x] * (below - above);
    }
}

// Bilinear. Locating and blending vectorise; fetching, which cannot, stays alone.
void warp(const Image& image, const Variation::Affine& map, float* out) {
    const std::vector<uint32_t> packed = pack(image);
    const size_t pixels = packed.size();
    Row row(image.width);
    for (int y = 0; y < image.height; ++y) {
        locate(image, map, y, row);
        fetch(packed, row);
        for (int c = 0; c < 3; ++c)
            blend(row, c, out + c * pixels + static_cast<size_t>(y) * image.width);
    }
}

// Replaces colour by luma if asked to, applies brightness and contrast, and normalises. `out` is
// (3, pixels) with values 0..255.
void colour(const Variation& variation, int pixels, float* out) {
    float* red = out;
    float* green = out + pixels;
    float* blue = out + 2 * pixels;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < pixels; ++i) sum += 0.299f * red[i] + 0.587f * green[i] + 0.114f * blue[i];
    if (variation.grey) {
#pragma omp simd
        for (int i = 0; i < pixels; ++i) {
            const float luma = 0.299f * red[i] + 0.587f * green[i] + 0.114f * blue[i];
            red[i] = green[i] = blue[i] = luma;
        }
    }
    // With v' = b v, contrast gives m' + f (v' - m') = (b f) v + b m (1 - f), m the mean luma.
    const double mean = sum / pixels;
    const float gain = static_cast<float>(variation.brightness * variation.contrast);
    const float offset = static_cast<float>(variation.brightness * mean * (1 - variation.contrast));
#pragma omp simd
    for (int i = 0; i < 3 * pixels; ++i) {
        float value = out[i] * gain + offset;
        value = value > 0 ? value : 0;
        value = value < 255 ? value : 255;
        out[i] = normalised(value);
    }
}

void erase(const Variation::Rectangle& area, Random noise, int width, int height, float* out) {
    for (int y = area.top; y < area.top + area.height; ++y)
        for (int x = area.left; x < area.left + area.width; ++x) {
            const uint32_t word = noise.bits();
            for (int c = 0; c < 3; ++c)
                out[(c * height + y) * width + x] =
                    normalised(static_cast<float>(word >> (8 * c) & 255));
        }
}

void check_range(const char* name, double value, double low, double high) {
    if (!(value >= low && value <= high))
        throw UsageError(
            fmt::format("augmentation: {} is {}, expected {} to {}", name, value, low, high));
}

}  // namespace

void check_augment(const AugmentOptions& options) {
    constexpr double kBelowOne = 0.99;
    check_range("mirror", options.mirror, 0, 1);
    check_range("rotation", options.rotation, 0, 180);
    check_range("scale", options.scale, 0, kBelowOne);
    check_range("shift", options.shift, 0, 1);
    check_range("brightness", options.brightness, 0, kBelowOne);
    check_range("contrast", options.contrast, 0, kBelowOne);
    check_range("grey", options.grey, 0, 1);
    check_range("erase", options.erase, 0, 1);
}

// The order of the draws is part of the meaning of a seed.
Variation draw_variation(int width, int height, const AugmentOptions& options, uint64_t seed,
                         uint64_t epoch, uint64_t index) {
    Random random(seed, Purpose::Augment, epoch, index);
    const auto around = [&](double range) { return random.uniform(-range, range); };
    const bool mirror = random.chance(options.mirror);
    const double rotation = around(options.rotation);
    const double scale = 1 + around(options.scale);
    const double shift_x = around(options.shift);
    const double shift_y = around(options.shift);
    const double brightness = 1 + around(options.brightness);
    const double contrast = 1 + around(options.contrast);
    const bool grey = random.chance(options.grey);
    Variation::Rectangle erased;
    if (random.chance(options.erase)) erased = draw_rectangle(random, width, height);
    return {inverse_warp(width, height, mirror, rotation, scale, shift_x, shift_y),
            brightness,
            contrast,
            grey,
            erased,
            random};
}

void apply(const Variation& variation, const Image& image, float* out) {
    warp(image, variation.warp, out);
    colour(variation, image.width * image.height, out);
    erase(variation.erased, variation.noise, image.width, image.height, out);
}

void augment(const Image& image, const AugmentOptions& options, uint64_t seed, uint64_t epoch,
             uint64_t index, float* out) {
    apply(draw_variation(image.width, image.height, options, seed, epoch, index), image, out);
}

void to_floats(const Image& image, float* out) {
    const size_t pixels = static_cast<size_t>(image.width) * image.height;
    for (size_t i = 0; i < pixels; ++i)
        for (size_t c = 0; c < 3; ++c)
            out[c * pixels + i] = normalised(static_cast<float>(image.rgb[3 * i + c]));
}

}  // namespace facet
