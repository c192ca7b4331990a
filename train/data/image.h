// An 8-bit RGB picture in memory, and how it comes from and goes to files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace facet {

struct Image {
    int width = 0;
    int height = 0;
    std::vector<uint8_t> rgb;  // (height, width, 3), row by row

    uint8_t* at(int x, int y) { return &rgb[(static_cast<size_t>(y) * width + x) * 3]; }
    const uint8_t* at(int x, int y) const { return &rgb[(static_cast<size_t>(y) * width + x) * 3]; }
};

}  // namespace facet
