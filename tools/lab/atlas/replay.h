// Replay: losses compared on a frozen state, that is on saved embeddings, proxies and labels.
#pragma once

#include <vector>

#include "tools/arrays.h"
#include "tools/lab/charts/page.h"
#include "tools/lab/spec.h"
#include "tools/outputs.h"

namespace facet::atlas {

// The page, and its numbers: out/angles.csv, cosines.csv, and for every loss gradients.csv.
// Throws UsageError if arrays that the losses need are not given; nothing is written then.
Page replay(const std::vector<LossSpec>& specs, const ArrayFiles& files,
            const OutputFolder& output);

}  // namespace facet::atlas
