// What a step says of a parameter.
#pragma once

#include <cstdint>

namespace facet {

struct UpdateStep {
    double lr, weight_decay;  // 0 for parameters that are not decayed
    double gradient_scale;    // multiplies the gradient first (clipping)
    int64_t step;             // 1 for the first
};

// Of it what an element's formula needs.
template <class T>
struct Rates {
    T lr, decay;
};

}  // namespace facet
