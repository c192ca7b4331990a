// cos and sin of an angle between 0 and pi, for loops over a row. CUDA's own cos keeps a stack to
// reduce huge angles, which slows every call down; its cos(pi x) does not.
#pragma once

#include <cmath>
#include <numbers>

#include "engine/hd.h"

namespace facet {

template <class T>
FACET_HD inline T bounded_cos(T angle) {
#ifdef __CUDA_ARCH__
    return cospi(angle / std::numbers::pi_v<T>);
#else
    return std::cos(angle);
#endif
}

template <class T>
FACET_HD inline T bounded_sin(T angle) {
#ifdef __CUDA_ARCH__
    return sinpi(angle / std::numbers::pi_v<T>);
#else
    return std::sin(angle);
#endif
}

}  // namespace facet
