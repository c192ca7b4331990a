// A picture of a procedural face.
#pragma once

#include "tools/synth/factors.h"
#include "tools/synth/identity.h"
#include "train/data/image.h"

namespace facet::synth {

inline constexpr int kSmallestImage = 32;
inline constexpr int kLargestImage = 512;

// The head of `identity` under `factors`, size x size. The picture is framed as aligned face crops
// are: eyes, nose and mouth lie as near as possible to the usual places of the 112 x 112 template,
// scaled to `size`. Equal arguments give equal bytes. Throws UsageError for a size outside
// [kSmallestImage, kLargestImage].
Image render_face(const Identity& identity, const Factors& factors, int size);

}  // namespace facet::synth
