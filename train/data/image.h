// An 8-bit RGB picture in memory, and how it comes from and goes to files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace facet {

struct Image {
    int width = 0;
    int height = 0;
    std::vector<uint8_t> rgb;  // (height, width, 3), row by row

    uint8_t* at(int x, int y) { return &rgb[(static_cast<size_t>(y) * width + x) * 3]; }
    const uint8_t* at(int x, int y) const { return &rgb[(static_cast<size_t>(y) * width + x) * 3]; }
};

// Decodes a JPEG, a PNG or a binary PGM/PPM with values 0..255, upright: the orientation of its
// EXIF block is applied. A grey picture becomes R = G = B, 16-bit PNG samples keep their high byte,
// an alpha channel is dropped, colour profiles and gamma are not applied: docs/pictures.md says
// what each kind of picture means. `name` is what error messages call the picture. Throws Error for
// bytes that are none of these formats, damaged, truncated, whose colours nothing names, or that
// declare more than 2^26 pixels.
Image decode_image(std::span<const uint8_t> bytes, std::string_view name);

// The same for a regular file. Throws Error also when the file is none or cannot be read.
Image load_image(const std::filesystem::path& path);

// Encodes as the format that a file extension names: .png, .jpg or .jpeg (at `quality` 1..100, no
// chroma subsampling above 90), .ppm. Throws UsageError for any other extension.
std::vector<uint8_t> encode_image(const Image& image, std::string_view extension, int quality = 95);

// Writes encode_image() to a file. Throws Error when that fails.
void save_image(const Image& image, const std::filesystem::path& path, int quality = 95);

// Resamples to width x height with a separable Catmull-Rom filter, whose support is widened by the
// reduction factor when shrinking, so that detail finer than the new grid averages out instead of
// aliasing. Samples are used as stored (no linearisation of the sRGB gamma), as every common face
// pipeline does. Integer arithmetic: the same bytes on every machine.
Image resize(const Image& image, int width, int height);

// The largest centred square. Where the margin is odd, the extra column or row is cut at the end.
Image centre_square(const Image& image);

// Left and right exchanged.
Image mirror(const Image& image);

}  // namespace facet
