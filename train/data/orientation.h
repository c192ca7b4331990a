// Which way up a picture is: the orientation of its EXIF block, and turning it upright.
#pragma once

#include <cstdint>
#include <span>

#include "train/data/image.h"

namespace facet {

// The orientation 1 to 8 that an EXIF block names (Exif 2.3, 4.6.4, tag 0x0112): a TIFF header and
// directory in either byte order, as JPEG's APP1 segment and PNG's eXIf chunk hold it, with or
// without "Exif\0\0" before it. 1, upright, for no block and for one that names none.
//
// A damaged block counts as one that names none, as in every viewer: the pixels beside it are
// whole, and blocks with wrong lengths in the parts that no reader needs are common.
int exif_orientation(std::span<const uint8_t> block);

// The picture as it is to be seen. From the stored one, an orientation of
//   1 changes nothing      2 mirrors left and right   3 turns by 180°         4 mirrors top and
//   bottom 5 transposes           6 turns by 90° clockwise   7 transposes and turns  8 turns by 90°
//   counter-
//     (x, y to y, x)                                    by 180°                 clockwise
Image upright(Image stored, int orientation);

}  // namespace facet
