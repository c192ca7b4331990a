// Floating-point operations of the primitives whose count is more than a product: an addition, a
// multiplication, a comparison and a division count as one each. n: elements of the map.
#pragma once

#include <cstdint>

#include "engine/shapes.h"

namespace facet::flops {

// N K P Q sums of C R R products; the same for the gradients of x and of w.
inline double convolution(const ConvShape& s) {
    return 2.0 * static_cast<double>(s.N * s.K * s.P * s.Q) * static_cast<double>(s.C * s.R * s.R);
}

// PReLU(scale (x - mean) + beta) + addend: 3, a comparison and a product, a sum.
inline double batch_norm_eval(int64_t n, bool prelu, bool addend) {
    return static_cast<double>(n) * (3 + 2 * prelu + addend);
}

// The sums of x - pivot and of its square first: 4.
inline double batch_norm_train(int64_t n, bool prelu, bool addend) {
    return 4 * static_cast<double>(n) + batch_norm_eval(n, prelu, addend);
}

// The sums of dz and dz xhat, 5, then dx = k1 dz + k2 (x - mean) + k3, 5. With PReLU z is formed
// again and dz from it in both sweeps, 4 each, and the sum of dz z in the first, 2.
inline double batch_norm_backward(int64_t n, bool prelu, bool accumulate) {
    return static_cast<double>(n) * (10 + 10 * prelu + accumulate);
}

}  // namespace facet::flops
