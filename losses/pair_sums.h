// The two sums that pair losses are made of, with all their digits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "losses/softplus.h"

namespace facet {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

// log sum_v exp(z(v)) over v = 0 .. n - 1; z = -infinity leaves v out, and the sum of nothing is
// -infinity. The largest is taken out first: nothing overflows, and not everything underflows.
template <class Logit>
double log_sum_exp(std::int64_t n, Logit z) {
    double top = -kInfinity, sum = 0;
    for (std::int64_t v = 0; v < n; ++v) top = std::max(top, z(v));
    if (top == -kInfinity) return top;
    for (std::int64_t v = 0; v < n; ++v) sum += std::exp(z(v) - top);
    return top + std::log(sum);
}

// log(1 + e^t) and its derivative 1 / (1 + e^-t). With t = log sum_n e^{z_n} - z_p these are -log p
// and 1 - p of a softmax: formed from the others, not by subtraction from 1, they keep their digits
// where p is almost 1.
struct SoftHinge {
    double value, slope;
};

inline SoftHinge soft_hinge(double t) { return {softplus(t), sigmoid(t)}; }

}  // namespace facet
