#include "train/data/orientation.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/error.h"
#include "train/data/picture_formats.h"

namespace facet {
namespace {

constexpr std::string_view kPrefix("Exif\0\0", 6);
constexpr uint64_t kOrientationTag = 0x0112;
constexpr uint64_t kShort = 3, kLong = 4;  // types of a value: 2 and 4 bytes, unsigned

// Numbers of a TIFF structure; beyond its end they are 0.
class Tiff {
public:
    Tiff(std::span<const uint8_t> bytes, bool little_endian)
        : bytes_(bytes), little_endian_(little_endian) {}

    uint64_t number(uint64_t at, int size) const {
        if (at + size > bytes_.size()) return 0;
        uint64_t value = 0;
        for (int i = 0; i < size; ++i)
            value = value << 8 | bytes_[at + (little_endian_ ? size - 1 - i : i)];
        return value;
    }

private:
    std::span<const uint8_t> bytes_;
    bool little_endian_;
};

}  // namespace

int exif_orientation(std::span<const uint8_t> block) {
    if (begins_with(block, kPrefix)) block = block.subspan(kPrefix.size());
    const bool little = begins_with(block, std::string_view("II*\0", 4));
    if (!little && !begins_with(block, std::string_view("MM\0*", 4))) return 1;

    const Tiff tiff(block, little);
    const uint64_t directory = tiff.number(4, 4);
    const uint64_t entries = tiff.number(directory, 2);
    for (uint64_t i = 0; i < entries; ++i) {
        const uint64_t entry = directory + 2 + 12 * i;  // tag (2), type (2), count (4), value (4)
        if (tiff.number(entry, 2) != kOrientationTag) continue;
        const uint64_t type = tiff.number(entry + 2, 2);
        if (type != kShort && type != kLong) return 1;
        const uint64_t value = tiff.number(entry + 8, type == kShort ? 2 : 4);
        return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
}

Image upright(Image stored, int orientation) {
    FACET_CHECK(orientation >= 1 && orientation <= 8,
                "a picture's orientation is {}, expected 1 to 8", orientation);
    if (orientation == 1) return stored;
    const int W = stored.width, H = stored.height;
    const bool transposes = orientation >= 5;
    const bool from_right = orientation == 2 || orientation == 3 || orientation >= 7;
    const bool from_bottom =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    Image seen{transposes ? H : W, transposes ? W : H, std::vector<uint8_t>(stored.rgb.size())};
    for (int y = 0; y < seen.height; ++y) {
        for (int x = 0; x < seen.width; ++x) {
            const auto [column, row] = transposes ? std::pair(y, x) : std::pair(x, y);
            std::copy_n(
                stored.at(from_right ? W - 1 - column : column, from_bottom ? H - 1 - row : row), 3,
                seen.at(x, y));
        }
    }
    return seen;
}

}  // namespace facet
