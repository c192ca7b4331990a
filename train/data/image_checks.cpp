#include "train/data/image_checks.h"

#include <algorithm>
#include <cctype>

#include "engine/error.h"

namespace facet {
namespace {

// Reads the next number of a PNM header, after white space and `#` comments; -1 if there is none.
int64_t pnm_number(std::span<const uint8_t> bytes, size_t& at) {
    while (at < bytes.size() && (std::isspace(bytes[at]) || bytes[at] == '#')) {
        if (bytes[at] == '#') {
            while (at < bytes.size() && bytes[at] != '\n') ++at;
        } else {
            ++at;
        }
    }
    if (at == bytes.size() || !std::isdigit(bytes[at])) return -1;
    int64_t value = 0;
    for (; at < bytes.size() && std::isdigit(bytes[at]); ++at)
        value = std::min(10 * value + (bytes[at] - '0'), kMaxPixels + 1);
    return value;
}

// stb_image returns uninitialised memory for a short PNM, reads out of bounds for a 16-bit one and
// does not scale one whose maximum is below 255.
void check_pnm(std::span<const uint8_t> bytes, std::string_view name) {
    size_t at = 2;
    const int64_t width = pnm_number(bytes, at);
    const int64_t height = pnm_number(bytes, at);
    const int64_t maximum = pnm_number(bytes, at);
    FACET_CHECK(width > 0 && height > 0 && maximum > 0, "{}: the PNM header is damaged", name);
    FACET_CHECK(maximum == 255, "{}: a PNM with values up to {}, expected 255", name, maximum);
    FACET_CHECK(width <= kMaxPixels / height, "{}: declares {} x {} pixels, at most {} are read",
                name, width, height, kMaxPixels);
    const size_t needed = static_cast<size_t>(width * height) * (bytes[1] == '6' ? 3 : 1);
    const size_t present = bytes.size() - std::min(bytes.size(), at + 1);
    FACET_CHECK(present >= needed, "{}: truncated, {} bytes of pixels found, {} expected", name,
                present, needed);
}

// A DHT segment holds Huffman tables one after the other: class and index (1 byte), the number of
// codes of each length 1 to 16 (16 bytes), that many symbols (ITU-T T.81, B.2.4.2). A table has at
// most 256 symbols; stb_image writes past its own for more.
// `bytes` begin with the first table and may go on behind the segment's `length`.
void check_huffman_tables(std::span<const uint8_t> bytes, int64_t length, std::string_view name) {
    while (length > 0 && bytes.size() >= 17) {
        size_t codes = 0;
        for (int bits = 1; bits <= 16; ++bits) codes += bytes[bits];
        FACET_CHECK(codes <= 256, "{}: damaged, a Huffman table of {} codes, at most 256 expected",
                    name, codes);
        bytes = bytes.subspan(std::min(bytes.size(), 17 + codes));
        length -= static_cast<int64_t>(17 + codes);
    }
}

// Walks the segments of a JPEG, scan data included, in which 0xFF is always followed by 0 or a
// restart marker.
void check_jpeg(std::span<const uint8_t> bytes, std::string_view name) {
    for (size_t at = 2; at + 4 <= bytes.size();) {
        const int marker = bytes[at + 1];
        if (bytes[at] != 0xFF || marker == 0xFF) {  // scan data or fill bytes
            ++at;
            continue;
        }
        if (marker == 0xD9) return;                                  // end of image
        if (marker <= 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {  // without a segment
            at += 2;
            continue;
        }
        const int length = bytes[at + 2] << 8 | bytes[at + 3];  // counts itself
        if (marker == 0xC4) check_huffman_tables(bytes.subspan(at + 4), length - 2, name);
        at += 2 + length;
    }
}

}  // namespace

void check_encoded(std::span<const uint8_t> bytes, std::string_view name) {
    if (bytes.size() < 2) return;
    if (bytes[0] == 'P' && (bytes[1] == '5' || bytes[1] == '6')) check_pnm(bytes, name);
    if (bytes[0] == 0xFF && bytes[1] == 0xD8) check_jpeg(bytes, name);
}

}  // namespace facet
