// log(1 + e^x) and 1 / (1 + e^-x) without branches or calls, so that loops over them vectorise
// (see exp.h). With e = exp(-|x|) in (0, 1]:
//   log(1 + e^x) = max(x, 0) + log1p(e),   log1p(e) = 2 atanh(t) = 2 (t + t^3/3 + t^5/5 + ...),
//   t = e / (2 + e) <= 1/3.
// The series stops where a term is below half an ulp of t: after t^13 for float, t^31 for double.
#pragma once

#include "losses/exp.h"

namespace facet {

template <class T>
FACET_HD inline T softplus_branch_free(T x) {
    constexpr int last = sizeof(T) == sizeof(float) ? 13 : 31;
    const T e = exp_branch_free(x > 0 ? -x : x);
    const T t = e / (2 + e), square = t * t;
    T sum = T(1) / last;
    for (int power = last - 2; power > 0; power -= 2) sum = sum * square + T(1) / power;
    return (x > 0 ? x : T(0)) + 2 * t * sum;
}

template <class T>
FACET_HD inline T sigmoid_branch_free(T x) {
    const T e = exp_branch_free(x > 0 ? -x : x);
    return (x > 0 ? T(1) : e) / (1 + e);
}

}  // namespace facet
