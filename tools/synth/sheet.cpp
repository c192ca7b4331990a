#include "tools/synth/sheet.h"

#include <algorithm>

#include "engine/error.h"

namespace facet::synth {

Image contact_sheet(std::span<const Image> pictures, int columns) {
    FACET_CHECK(!pictures.empty() && columns >= 1,
                "contact sheet: needs pictures and columns, found {} and {}", pictures.size(),
                columns);
    constexpr int gap = 3;
    const int width = pictures[0].width, height = pictures[0].height;
    const int rows = (static_cast<int>(pictures.size()) + columns - 1) / columns;
    Image sheet{columns * (width + gap) + gap, rows * (height + gap) + gap, {}};
    sheet.rgb.assign(static_cast<size_t>(sheet.width) * sheet.height * 3, 255);
    for (size_t k = 0; k < pictures.size(); ++k) {
        const Image& picture = pictures[k];
        FACET_CHECK(picture.width == width && picture.height == height,
                    "contact sheet: picture {} is {} x {}, expected {} x {} like the first", k,
                    picture.width, picture.height, width, height);
        const int left = gap + static_cast<int>(k % columns) * (width + gap);
        const int top = gap + static_cast<int>(k / columns) * (height + gap);
        for (int y = 0; y < height; ++y)
            std::copy_n(picture.at(0, y), width * 3, sheet.at(left, top + y));
    }
    return sheet;
}

}  // namespace facet::synth
