#include "losses/geometry.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "engine/error.h"
#include "losses/lanes.h"

namespace facet {
namespace {

template <class T>
double sum_of_squares(const T* v, std::int64_t n) {
    double lane[kLanes] = {};
    std::int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
#pragma omp simd
        for (int l = 0; l < kLanes; ++l) {
            const double a = v[i + l];
            lane[l] += a * a;
        }
    }
    for (; i < n; ++i) {
        const double a = v[i];
        lane[i % kLanes] += a * a;
    }
    double sum = 0;
    for (const double part : lane) sum += part;
    return sum;
}

// Squares of doubles overflow above 1e154 and underflow below 1e-154: then scale by the largest.
// NaN if a value is not finite.
template <class T>
double norm_of(const T* v, std::int64_t n) {
    const double plain = sum_of_squares(v, n);
    if (plain > 1e-200 && plain < 1e300) return std::sqrt(plain);
    double largest = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        if (!std::isfinite(v[i])) return std::numeric_limits<double>::quiet_NaN();
        largest = std::max(largest, std::abs(double(v[i])));
    }
    if (largest < std::numeric_limits<double>::min()) return 0;
    const int exponent = std::ilogb(largest);
    const double half = std::ldexp(1.0, -exponent / 2);  // two steps: 2^-exponent may overflow
    const double rest = std::ldexp(1.0, -exponent - -exponent / 2);
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        const double a = double(v[i]) * half * rest;
        sum += a * a;
    }
    return std::ldexp(std::sqrt(sum), exponent);
}

}  // namespace

template <class T>
void vector_norms(const char* what, const T* v, std::int64_t rows, std::int64_t D, double* norms) {
    std::atomic<std::int64_t> bad{-1};
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < rows; ++i) {
        const double norm = norm_of(v + i * D, D);
        norms[i] = norm < shortest_norm<T>() ? 0 : norm;
        if (!std::isfinite(norm)) bad = i;
    }
    if (bad < 0) return;
    for (std::int64_t at = 0; at < rows * D; ++at) {
        FACET_CHECK(std::isfinite(v[at]), "{}: row {}, column {} is {}, expected a finite number",
                    what, at / D, at % D, double(v[at]));
    }
    throw Error(fmt::format("{}: the norm of row {} overflows", what, bad.load()));
}

template <class T>
void unit_vectors(const T* v, const double* norms, std::int64_t rows, std::int64_t D, T* unit) {
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < rows; ++i) {
        const double scale = norms[i] > 0 ? 1 / norms[i] : 0;
#pragma omp simd
        for (std::int64_t d = 0; d < D; ++d) unit[i * D + d] = T(double(v[i * D + d]) * scale);
    }
}

template <class T>
void through_normalisation(const T* unit, const double* norms, std::int64_t rows, std::int64_t D,
                           T* gradient) {
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < rows; ++i) {
        const T* u = unit + i * D;
        T* g = gradient + i * D;
        const double scale = norms[i] > 0 ? 1 / norms[i] : 0;
        double lane[kLanes] = {};
        std::int64_t d = 0;
        for (; d + kLanes <= D; d += kLanes) {
#pragma omp simd
            for (int l = 0; l < kLanes; ++l) lane[l] += double(g[d + l]) * double(u[d + l]);
        }
        for (; d < D; ++d) lane[d % kLanes] += double(g[d]) * double(u[d]);
        double radial = 0;
        for (const double part : lane) radial += part;
#pragma omp simd
        for (std::int64_t e = 0; e < D; ++e)
            g[e] = T((double(g[e]) - radial * double(u[e])) * scale);
    }
}

template <class T>
Angle angle_between(const T* x, double x_norm, const T* w, double w_norm, std::int64_t D) {
    Angle angle;
    if (x_norm == 0 || w_norm == 0) return angle;
    double minus = 0, plus = 0;
    for (std::int64_t d = 0; d < D; ++d) {
        const double a = double(x[d]) / x_norm, b = double(w[d]) / w_norm;
        minus += (a - b) * (a - b);
        plus += (a + b) * (a + b);
    }
    angle.one_minus_cos = minus / 2;
    angle.one_plus_cos = plus / 2;
    angle.cos = std::clamp(minus < plus ? 1 - minus / 2 : plus / 2 - 1, -1.0, 1.0);
    angle.sin = std::sqrt(minus) * std::sqrt(plus) / 2;
    angle.defined = angle.sin > 4 * double(std::numeric_limits<T>::epsilon());
    if (!angle.defined) angle.sin = 0;
    return angle;
}

template <class T>
void add_tangent(const Angle& angle, double scale, const T* x, double x_norm, const T* w,
                 double w_norm, std::int64_t D, T* to) {
    if (!angle.defined || scale == 0) return;
    const double factor = scale / angle.sin;
    const bool near = angle.cos >= 0;  // the side on which b - cos a loses no digits
    const double sign = near ? -1 : 1;
    const double along = near ? angle.one_minus_cos : -angle.one_plus_cos;
#pragma omp simd
    for (std::int64_t d = 0; d < D; ++d) {
        const double a = double(x[d]) / x_norm, b = double(w[d]) / w_norm;
        to[d] = T(double(to[d]) + factor * ((b + sign * a) + along * a));
    }
}

template void vector_norms(const char*, const float*, std::int64_t, std::int64_t, double*);
template void vector_norms(const char*, const double*, std::int64_t, std::int64_t, double*);
template void unit_vectors(const float*, const double*, std::int64_t, std::int64_t, float*);
template void unit_vectors(const double*, const double*, std::int64_t, std::int64_t, double*);
template void through_normalisation(const float*, const double*, std::int64_t, std::int64_t,
                                    float*);
template void through_normalisation(const double*, const double*, std::int64_t, std::int64_t,
                                    double*);
template Angle angle_between(const float*, double, const float*, double, std::int64_t);
template Angle angle_between(const double*, double, const double*, double, std::int64_t);
template void add_tangent(const Angle&, double, const float*, double, const float*, double,
                          std::int64_t, float*);
template void add_tangent(const Angle&, double, const double*, double, const double*, double,
                          std::int64_t, double*);

}  // namespace facet
