// The two sums that pair losses are made of, with all their digits.
#pragma once

#include <cmath>
#include <cstdint>

#include "losses/head/anchor.h"
#include "losses/head/softplus.h"

namespace facet {

// log sum_v exp(z(v)) over the row of an anchor; z = -infinity leaves v out, and the sum of nothing
// is -infinity. The largest is taken out first: nothing overflows, and not everything underflows.
template <class Row, class Logit>
FACET_HD double log_sum_exp(const Row& a, Logit z) {
    double top = -kInfinity, sum = 0;
    a.each([&](std::int64_t v) {
        const double logit = z(v);
        top = logit > top ? logit : top;
    });
    top = a.largest(top);
    if (top == -kInfinity) return top;
    a.each([&](std::int64_t v) { sum += std::exp(z(v) - top); });
    return top + std::log(a.total(sum));
}

// log(1 + e^t) and its derivative 1 / (1 + e^-t). With t = log sum_n e^{z_n} - z_p these are -log p
// and 1 - p of a softmax: formed from the others, not by subtraction from 1, they keep their digits
// where p is almost 1.
struct SoftHinge {
    double value, slope;
};

FACET_HD inline SoftHinge soft_hinge(double t) { return {softplus(t), sigmoid(t)}; }

}  // namespace facet
