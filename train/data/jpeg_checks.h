// What has to be checked of a JPEG before stb_image may see it.
//
// stb_image reads sequential and progressive Huffman-coded JPEGs of 8 bits a sample. It writes past
// its tables for damaged ones, takes any four components without a name for YCbCr with something
// beside it, and has no words for the kinds that it does not read.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace facet {

// Returns the block of the picture's first Exif segment (train/data/orientation.h), empty without
// one. Throws Error, naming what is found, for
//   - a kind that is not read: arithmetic-coded, lossless, hierarchical, JPEG-LS, 12 bits a sample,
//     a height that only the end tells, 2 components, sampling factors that are no whole ratio
//   - colours that nothing or two contradicting things name: 4 components without the Adobe marker
//     that tells CMYK from YCCK and inks from their complements; components called R, G and B
//     beside a marker that says YCbCr
//   - more than kMaxPixels
//   - damage: no frame, a component without a scan, an overfull Huffman table, no end marker (some
//     releases of stb_image make up what a truncated file lacks).
// A JPEG has no checksums: other damage is found only when a code makes no sense.
std::span<const uint8_t> check_jpeg(std::span<const uint8_t> bytes, std::string_view name);

}  // namespace facet
