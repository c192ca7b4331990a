// softplus(x) = log(1 + e^x) and its derivative sigmoid(x) = 1 / (1 + e^-x), with all digits on
// both sides; and the same without branches or calls, so that loops over them vectorise (see
// exp.h).
//
// There, with e = exp(-|x|) in (0, 1]:
//   log(1 + e^x) = max(x, 0) + log1p(e),   log1p(e) = 2 atanh(t) = 2 (t + t^3/3 + t^5/5 + ...),
//   t = e / (2 + e) <= 1/3.
// The series stops where a term is below half an ulp of t: after t^13 for float, t^31 for double.
#pragma once

#include <cmath>

#include "losses/head/exp.h"

namespace facet {

FACET_HD inline double softplus(double x) {
    return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

FACET_HD inline double sigmoid(double x) {
    return x > 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

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
