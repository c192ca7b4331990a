// From raw embeddings and proxies to a class loss and its gradients by both.
//
// One algorithm runs every class loss on every device, over tiles of classes: a sweep forward lets
// each row gather what it must know, a sweep backward forms dL/dc and multiplies it back. Dense is
// the case of one tile, whose cosines are still there when the second sweep begins; streamed never
// holds more than a tile of the B x C cosines.
//
// Cosines are clipped to [-1, 1]. The target's entry does not go through the matrix product: its
// gradient is dL/dtheta times a unit tangent, both accurate and bounded at cos = +-1.
#pragma once

#include "losses/head/backend.h"
#include "losses/head/class_form.h"
#include "losses/head/head.h"

namespace facet {

// The value (mean over the rows with a label; 0 if there are none) and the gradients. Throws Error
// for a label outside [-1, C), naming its row, for non-finite input, and for tiles of no class.
template <class T>
double run_class_head(HeadBackend<T>& backend, ClassForm<T>& form, const HeadBatch<T>& batch,
                      const HeadGradient<T>& gradient, HeadDiagnostics& diagnostics,
                      const HeadOptions& options);

}  // namespace facet
