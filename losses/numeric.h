// Central differences of a loss, the judge of its gradient.
#pragma once

#include <vector>

#include "losses/loss.h"

namespace facet {

struct NumericGradient {
    double value = 0;
    std::vector<double> dx;  // (B, D)
    std::vector<double> dw;  // (C, D); empty for a pair loss
};

// Differences of the float64 value at v +- h, h/2, h/4 (two Richardson extrapolations, error
// O(h^6)), h = step * |row| for the row that v belongs to (step alone for a zero row). Every
// evaluation starts from the loss's present state, and the state is left as it was found, moved by
// one step. Costs 6 (B + C) D evaluations. Meaningless within h of a kink, and for a gradient that
// is by definition not the derivative of the value (grad=detached).
NumericGradient numeric_gradient(Loss& loss, const HeadBatch<double>& batch, double step = 3e-4);

}  // namespace facet
