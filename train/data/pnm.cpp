#include "train/data/pnm.h"

#include <algorithm>
#include <cctype>

#include "engine/error.h"
#include "train/data/picture_formats.h"

namespace facet {
namespace {

// Reads the next number of a PNM header, after white space and `#` comments; -1 if there is none.
int64_t pnm_number(std::span<const uint8_t> bytes, size_t& at) {
    while (at < bytes.size() && (std::isspace(bytes[at]) || bytes[at] == '#')) {
        if (bytes[at] == '#') {
            while (at < bytes.size() && bytes[at] != '\n' && bytes[at] != '\r') ++at;
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

}  // namespace

Image decode_pnm(std::span<const uint8_t> bytes, std::string_view name) {
    size_t at = 2;
    const int64_t width = pnm_number(bytes, at);
    const int64_t height = pnm_number(bytes, at);
    const int64_t maximum = pnm_number(bytes, at);
    FACET_CHECK(width > 0 && height > 0 && maximum > 0, "{}: the PNM header is damaged", name);
    FACET_CHECK(maximum == 255, "{}: a PNM with values up to {}, expected 255", name, maximum);
    check_dimensions(width, height, name);
    const auto count = static_cast<size_t>(width * height);
    const size_t needed = count * (bytes[1] == '6' ? 3 : 1);
    const size_t present = bytes.size() - std::min(bytes.size(), at + 1);
    FACET_CHECK(present >= needed, "{}: truncated, {} bytes of pixels found, {} expected", name,
                present, needed);
    FACET_CHECK(std::isspace(bytes[at]), "{}: the PNM header is damaged", name);

    const std::span<const uint8_t> pixels = bytes.subspan(at + 1, needed);
    Image image{static_cast<int>(width), static_cast<int>(height), {}};
    if (bytes[1] == '6') {
        image.rgb.assign(pixels.begin(), pixels.end());
    } else {
        image.rgb.reserve(3 * count);
        for (const uint8_t grey : pixels) image.rgb.insert(image.rgb.end(), 3, grey);
    }
    return image;
}

}  // namespace facet
