// Norms, unit vectors and the angle between a feature and its proxy.
#pragma once

#include <cstdint>

namespace facet {

// A vector shorter than this counts as zero: its unit vector, its cosines and its gradient are 0.
template <class T>
constexpr double shortest_norm() {
    return sizeof(T) == sizeof(float) ? 1e-36 : 1e-290;
}

// |v| of each of `rows` vectors of length D, in double and without overflow or underflow; 0 for a
// vector below shortest_norm. Throws Error naming `what`, row and column of a non-finite value.
template <class T>
void vector_norms(const char* what, const T* v, std::int64_t rows, std::int64_t D, double* norms);

// unit = v / |v| for `rows` vectors; zeros where the norm is 0.
template <class T>
void unit_vectors(const T* v, const double* norms, std::int64_t rows, std::int64_t D, T* unit);

// In place: dv = (du - <du, u> u) / |v|, the gradient of the raw vectors from that of the unit
// vectors.
template <class T>
void through_normalisation(const T* unit, const double* norms, std::int64_t rows, std::int64_t D,
                           T* gradient);

// The angle between x and w: cos clipped to [-1, 1], and a sine that keeps its digits where cos is
// within rounding of +-1 (see tangent() in geometry.cpp).
struct Angle {
    double cos = 0, sin = 1;
    bool defined = false;  // neither vector is zero, and sin > 4 epsilons of T
};

template <class T>
Angle angle_between(const T* x, double x_norm, const T* w, double w_norm, std::int64_t D);

// to += scale * t, where t is the unit tangent at x/|x| that points towards w/|w|:
// t = (w/|w| - cos x/|x|) / sin. Nothing where the angle is not defined (a cone point: derivative
// 0). work: (D).
template <class T>
void add_tangent(const Angle& angle, double scale, const T* x, double x_norm, const T* w,
                 double w_norm, std::int64_t D, double* work, T* to);

}  // namespace facet
