// What kind of file these bytes are, judged by how they begin; names of files are not asked.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace facet {

enum class PictureFormat {
    Jpeg,
    Png,
    Pnm,   // binary PGM or PPM
    Other  // none that is read
};

bool begins_with(std::span<const uint8_t> bytes, std::string_view text);

PictureFormat picture_format(std::span<const uint8_t> bytes);

// Throws Error for bytes of PictureFormat::Other, saying what they are where that can be told (a
// GIF, a page of HTML, a pointer of Git LFS, ...) and in the hint what to do. `name` is what the
// message calls the picture.
[[noreturn]] void refuse_format(std::span<const uint8_t> bytes, std::string_view name);

constexpr int64_t kMaxPixels = int64_t{1} << 26;  // 192 MiB of RGB, more than any photograph

// Throws Error for a picture without pixels or with more than kMaxPixels. Asked before memory is.
void check_dimensions(int64_t width, int64_t height, std::string_view name);

}  // namespace facet
