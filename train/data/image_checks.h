// What has to be checked before stb_image may see a file.
//
// stb_image 2.27, the version Debian 12 ships, trusts some length fields: damaged files of these
// kinds would make it return uninitialised memory or write out of bounds.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace facet {

constexpr int64_t kMaxPixels = int64_t{1} << 26;  // 192 MiB of RGB, more than any photograph

// Throws Error for a PNM or a JPEG that stb_image would mishandle; other files pass. `name` is what
// the message calls the picture.
void check_encoded(std::span<const uint8_t> bytes, std::string_view name);

}  // namespace facet
