// What has to be checked of a PNG before stb_image may see it, and what stb_image then sees.
//
// stb_image looks at no checksum: neither at those of the chunks nor at that of the compressed
// pixels. It colours indices beyond the palette with whatever memory holds, and reads the PNGs of
// Apple's own kind (CgBI) with red and blue exchanged.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace facet {

struct CheckedPng {
    // The same picture as a PNG that needs no inflating, without transparency and with a palette of
    // 256 colours, black where the file has none. Its checksums are not filled in.
    std::vector<uint8_t> plain;
    std::span<const uint8_t> exif;  // of the eXIf chunk, empty without one; in the file's bytes
};

// Throws Error unless every chunk up to IEND is there with the right CRC-32, the header makes sense
// and declares at most kMaxPixels, and the pixels inflate to the declared number of bytes with the
// right Adler-32; and for PNGs that need what is not read: CgBI, unknown critical chunks. Bytes
// behind IEND are ignored, as by every viewer: phones and editors put their own things there.
// `name` is what the message calls the picture.
CheckedPng check_png(std::span<const uint8_t> bytes, std::string_view name);

}  // namespace facet
