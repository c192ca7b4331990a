// What the configuration of a run says of its batches.
#pragma once

#include "train/config.h"
#include "train/data/loader.h"

namespace facet {

// From the first step on, made on the host.
LoaderOptions loader_options(const RunConfig& config);

}  // namespace facet
