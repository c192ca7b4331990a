// The list of the sources that are read, one line each. The procedural faces, which are drawn, make
// themselves known in tools/synth/source.h.
#pragma once

#include "train/data/folder.h"
