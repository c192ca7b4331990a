// Curves of a loss as an SVG picture, 660 x 300: its value on the left, its slope on the right.
#pragma once

#include <string>

#include "tools/loss_curves.h"

namespace facet {

// A whole SVG document. Coordinates have one decimal, so that it does not depend on the machine;
// colours are readable on white and on black.
std::string loss_picture(const std::string& title, const CurvePicture& picture);

}  // namespace facet
