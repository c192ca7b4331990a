// Central differences of a loss, the judge of its gradient.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "losses/head/loss.h"
#include "losses/proof/composition.h"

namespace facet {

struct NumericGradient {
    double value = 0;
    std::vector<double> dx;  // (B, D)
    std::vector<double> dw;  // (C, D); empty for a pair loss
    // By the learned arrays of the state, by name.
    std::vector<std::pair<std::string, std::vector<double>>> learned;
};

// Differences of the float64 value at v +- h, h/2, h/4 (two Richardson extrapolations, error
// O(h^6)), h = step * |row| for the row that v belongs to (step alone for a zero row and for a
// learned array). Every evaluation starts from the loss's present state, and the state is left as
// it was found, moved by one step. Costs 6 (B + C) D evaluations. Meaningless within h of a kink,
// and for a gradient that is by definition not the derivative of the value (grad=detached).
NumericGradient numeric_gradient(Loss& loss, const HeadBatch<double>& batch, double step = 3e-4);

// The same differences of the composed value (losses/proof/composition.h), in which everything that
// the composition holds constant (masks, detached statistics, the distance of a straight_through)
// keeps the value that it has at the centre. That makes them a judge of every gradient, detached or
// not, on either side of a kink as near as one likes. They differentiate the composition's value,
// so they judge the tape's derivatives, not what the composition holds constant. Throws UsageError
// for a loss without composition.
NumericGradient frozen_gradient(Loss& loss, const HeadBatch<double>& batch, double step = 3e-4);
NumericGradient frozen_gradient(Loss& loss, const HeadBatch<double>& batch, double step,
                                Composition composition);

}  // namespace facet
