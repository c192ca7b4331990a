// The exponential as straight-line arithmetic, so that a loop over a row of cosines vectorises
// without -ffast-math (a call of std::exp would not).
//
//   e^x = 2^n e^r,   n = round(x / ln 2),   r = x - n ln 2 in [-ln2/2, ln2/2]
//
// ln 2 is split into a high part with trailing zeros and a low part (Cody and Waite), so that r is
// exact to rounding; e^r is its Taylor polynomial, of degree 7 for float (remainder 5e-9) and 13
// for double (remainder 4e-18). Adding 1.5 * 2^(mantissa bits) rounds to the nearest integer and
// leaves n in the low bits of the sum. Error below 2 ulp.
//
// Results below the smallest normal number are 0; x above 88 (double: 709) gives infinity, -inf
// gives 0, NaN stays NaN.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/hd.h"

namespace facet {

FACET_HD inline float exp_branch_free(float x) {
#ifdef __CUDA_ARCH__
    return expf(x);
#else
    const float lowest = -87.0f, highest = 88.0f, magic = 12582912.0f;
    const float t = x < lowest ? lowest : (x > highest ? highest : x);
    const float shifted = t * 1.44269504f + magic;
    const float n = shifted - magic;
    const float r = (t - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = (p * r) * r + r + 1.0f;
    const auto bits = std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(magic);
    const float y = p * std::bit_cast<float>((bits + 127) << 23);
    const float high = x > highest ? std::numeric_limits<float>::infinity() : y;
    return x < lowest ? 0.0f : high;
#endif
}

FACET_HD inline double exp_branch_free(double x) {
#ifdef __CUDA_ARCH__
    return exp(x);
#else
    const double lowest = -708.0, highest = 709.0, magic = 6755399441055744.0;
    const double t = x < lowest ? lowest : (x > highest ? highest : x);
    const double shifted = t * 1.4426950408889634 + magic;
    const double n = shifted - magic;
    const double r = (t - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    double p = 1.0 / 6227020800;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = (p * r) * r + r + 1.0;
    const auto bits = std::bit_cast<std::int64_t>(shifted) - std::bit_cast<std::int64_t>(magic);
    const double y = p * std::bit_cast<double>((bits + 1023) << 52);
    const double high = x > highest ? std::numeric_limits<double>::infinity() : y;
    return x < lowest ? 0.0 : high;
#endif
}

}  // namespace facet
