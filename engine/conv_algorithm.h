// The choice of --conv: which algorithm the CPU's convolutions use.
#pragma once

#include <string>

#include "engine/device.h"

namespace facet {

// "auto", "direct", "winograd". Throws UsageError naming `option` for another name, and for
// "winograd" where there is none.
ConvAlgorithm conv_algorithm_named(const std::string& option, const std::string& name);

// Why the CPU has no Winograd for any convolution; empty where it has.
std::string why_no_winograd();

}  // namespace facet
