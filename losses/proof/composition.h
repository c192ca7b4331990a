// Losses composed of elementary operations, differentiated by the tape: an independent derivation
// of what the hand-written gradients in losses/*.h claim.
//
// A composition says the value only, from cosines; it uses none of a loss's own code. To add one,
// write a function as below in a losses/proof/compositions_*.cpp and its line in
// losses/proof/compositions.h:
//
//   Expr cosface(Composer& c) {
//       const double s = c.settings.number("s"), m = c.settings.number("m");
//       return c.cross_entropy(s * (c.target_cosine() - m), s * c.cosines());
//   }
//
// Masks, top-k sets and statistics that the specification keeps constant are constants here too
// (greater, largest, detach). Float64 throughout.
//
// The cone points. The sine of a target's angle is |xh - wh| |xh + wh| / 2, so an angle theta keeps
// a relative accuracy of about 1e-16 / min(theta, pi - theta). Below 4 epsilons, and at a square
// root of 0, the derivative is taken as 0; automatic differentiation elsewhere returns NaN there.
// A zero vector is at right angles to everything, with gradient 0.
#pragma once

#include <string>
#include <vector>

#include "losses/head/loss.h"
#include "losses/proof/composer.h"

namespace facet {

using Composition = Expr (*)(Composer&);  // the value, shape (1)

// Throws UsageError for a loss that has none.
Composition composition_of(const std::string& loss);

struct TapeGradient {
    double value;
    std::vector<double> dx, dw;  // (B, D), (C, D) by the raw arrays
    std::vector<double> dcos;    // (B, C); empty for a loss that reads no cosines
};

// The value and gradients of `batch` by the tape; advances the loss's state as forward_backward
// does. Refuses what it refuses.
TapeGradient tape_gradient(Loss& loss, const HeadBatch<double>& batch);
TapeGradient tape_gradient(Loss& loss, const HeadBatch<double>& batch, Composition composition);

// The value alone, with the constants of the composition recorded in `held` or played back from it.
double composed_value(Loss& loss, const HeadBatch<double>& batch, Composition composition,
                      HeldConstants& held);

}  // namespace facet
