// Binary PGM and PPM pictures: a header of text, then the pixels as they are.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "train/data/image.h"

namespace facet {

// Decodes "P5" (grey, becomes R = G = B) and "P6" (RGB) with samples 0..255. Bytes behind the
// pixels are ignored. Throws Error for one that is damaged, truncated, too large or has another
// maximum than 255. `name` is what the message calls the picture.
Image decode_pnm(std::span<const uint8_t> bytes, std::string_view name);

}  // namespace facet
