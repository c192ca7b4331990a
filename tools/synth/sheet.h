// A contact sheet: many pictures on one page.
#pragma once

#include <span>

#include "train/data/image.h"

namespace facet::synth {

// Lays out pictures of one size row by row, `columns` in a row, with thin white gaps. Throws Error
// if there are none or their sizes differ.
Image contact_sheet(std::span<const Image> pictures, int columns);

}  // namespace facet::synth
