// The logit of a row's target, with its derivatives by the cosine and by the angle: what a margin
// loss changes.
#pragma once

#include <cmath>

#include "losses/head/class_form.h"

namespace facet {

// A logit of the target and its derivatives by the cosine and by the angle.
template <class T>
struct TargetLogit {
    T z = 0;
    T dcos = 0;    // dz/dc, finite
    T dtheta = 0;  // dz/dtheta = -sin(theta) dz/dc
};

// z = s (c - m)
template <class T>
TargetLogit<T> additive_cosine(const Target<T>& y, T s, T m) {
    return {s * (y.cos - m), s, -s * y.sin};
}

// z(theta) with the derivative dz/dtheta. By the cosine that is -dz/dtheta / sin(theta): infinite
// at theta = 0, where it is taken as 0.
template <class T>
TargetLogit<T> by_angle(const Target<T>& y, T z, T dtheta) {
    return {z, y.sin > 0 ? -dtheta / y.sin : T(0), dtheta};
}

// z = s cos(theta + m)
template <class T>
TargetLogit<T> additive_angle(const Target<T>& y, T s, T m) {
    const T cos_m = std::cos(m), sin_m = std::sin(m);
    return by_angle(y, s * (y.cos * cos_m - y.sin * sin_m), -s * (y.sin * cos_m + y.cos * sin_m));
}

// cos(theta + m): what other classes are compared with, where a loss asks which of them are hard.
template <class T>
T margined_cosine(const Target<T>& y, T m) {
    return y.cos * std::cos(m) - y.sin * std::sin(m);
}

// cos(theta + m) rises again past theta = pi - m; there z = s (c - m sin m), which keeps it
// monotone: the jump down at pi - m is m sin m + cos m - 1 >= 0.
template <class T>
TargetLogit<T> additive_angle_or_line(const Target<T>& y, T s, T m) {
    return y.cos > -std::cos(m) ? additive_angle(y, s, m) : additive_cosine(y, s, m * std::sin(m));
}

// The value stays, the derivative by the cosine is taken as `slope`: gradients of code that forms
// the margin outside of automatic differentiation.
template <class T>
TargetLogit<T> detached(const Target<T>& y, T z, T slope) {
    return {z, slope, -slope * y.sin};
}

}  // namespace facet
