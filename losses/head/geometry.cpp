#include "losses/head/geometry.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/error.h"
#include "engine/parallel.h"
#include "losses/head/arithmetic.h"

namespace facet {
namespace {

// Squares of doubles overflow above 1e154 and underflow below 1e-154: then scale by the largest.
// NaN if a value is not finite.
template <class T>
double norm_of(const T* v, int64_t n) {
    const double plain =
        sum_lanes_tail<double>(n, [&](int64_t i) { return double(v[i]) * double(v[i]); });
    if (plain > 1e-200 && plain < 1e300) return std::sqrt(plain);
    double largest = 0;
    for (int64_t i = 0; i < n; ++i) {
        if (!std::isfinite(v[i])) return std::numeric_limits<double>::quiet_NaN();
        largest = std::max(largest, std::abs(double(v[i])));
    }
    if (largest < std::numeric_limits<double>::min()) return 0;
    const int exponent = std::ilogb(largest);
    const double half = std::ldexp(1.0, -exponent / 2);  // two steps: 2^-exponent may overflow
    const double rest = std::ldexp(1.0, -exponent - -exponent / 2);
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
        const double a = double(v[i]) * half * rest;
        sum += a * a;
    }
    return std::ldexp(std::sqrt(sum), exponent);
}

// <x/|x|, w/|w|>
template <class T>
double unit_product(const T* x, double x_norm, const T* w, double w_norm, int64_t D) {
    return sum_lanes_tail<double>(
        D, [&](int64_t d) { return (double(x[d]) / x_norm) * (double(w[d]) / w_norm); });
}

// t = b - <a, b> a for a = x/|x|, b = w/|w|, and |t|, the sine of their angle.
//
// Rounding b and <a, b> a before subtracting would leave an error of one epsilon in a vector of
// length sin: nothing left at an angle of 1e-16. So the multiple of the raw x is subtracted from
// the raw w with one rounding, that of the result (fma); what the rounded multiplier leaves behind
// is along x and is removed by projecting once more.
template <class T>
double tangent(const T* x, double x_norm, const T* w, double w_norm, int64_t D, double* t) {
    const double ratio = w_norm / x_norm;
    const double multiple = unit_product(x, x_norm, w, w_norm, D) * ratio;
    const double along = std::isfinite(multiple) ? multiple : 0;  // norms 1e308 apart
#pragma omp simd
    for (int64_t d = 0; d < D; ++d) {
        t[d] = std::fma(-along, double(x[d]), double(w[d])) / w_norm;
    }
    const double rest =
        sum_lanes_tail<double>(D, [&](int64_t d) { return t[d] * (double(x[d]) / x_norm); });
#pragma omp simd
    for (int64_t d = 0; d < D; ++d) t[d] -= rest * (double(x[d]) / x_norm);
    return std::sqrt(sum_lanes_tail<double>(D, [&](int64_t d) { return t[d] * t[d]; }));
}

}  // namespace

template <class T>
void vector_norms(const char* what, const T* v, int64_t rows, int64_t D, double* norms) {
    std::atomic<int64_t> bad{-1};
    parallel_for(rows, rows * D, [&](int64_t i) {
        const double norm = norm_of(v + i * D, D);
        norms[i] = norm < shortest_norm<T>() ? 0 : norm;
        if (!std::isfinite(norm)) bad = i;
    });
    if (bad < 0) return;
    for (int64_t at = 0; at < rows * D; ++at) {
        FACET_CHECK(std::isfinite(v[at]), "{}: row {}, column {} is {}, expected a finite number",
                    what, at / D, at % D, double(v[at]));
    }
    throw Error(fmt::format("{}: the norm of row {} overflows", what, bad.load()));
}

template <class T>
void unit_vectors(const T* v, const double* norms, int64_t rows, int64_t D, T* unit) {
    parallel_for(rows, rows * D, [&](int64_t i) {
        const double scale = norms[i] > 0 ? 1 / norms[i] : 0;
#pragma omp simd
        for (int64_t d = 0; d < D; ++d) unit[i * D + d] = T(double(v[i * D + d]) * scale);
    });
}

template <class T>
void through_normalisation(const T* unit, const double* norms, int64_t rows, int64_t D,
                           T* gradient) {
    parallel_for(rows, rows * D, [&](int64_t i) {
        const T* u = unit + i * D;
        T* g = gradient + i * D;
        const double scale = norms[i] > 0 ? 1 / norms[i] : 0;
        const double radial =
            sum_lanes_tail<double>(D, [&](int64_t d) { return double(g[d]) * double(u[d]); });
#pragma omp simd
        for (int64_t e = 0; e < D; ++e) g[e] = T((double(g[e]) - radial * double(u[e])) * scale);
    });
}

template <class T>
Angle angle_between(const T* x, double x_norm, const T* w, double w_norm, int64_t D) {
    Angle angle;
    if (x_norm == 0 || w_norm == 0) return angle;
    thread_local std::vector<double> work;
    work.resize(D);
    angle.cos = std::clamp(unit_product(x, x_norm, w, w_norm, D), -1.0, 1.0);
    angle.sin = std::min(1.0, tangent(x, x_norm, w, w_norm, D, work.data()));
    angle.defined = angle.sin > 4 * double(std::numeric_limits<T>::epsilon());
    if (!angle.defined) angle.sin = 0;
    return angle;
}

template <class T>
void add_tangent(const Angle& angle, double scale, const T* x, double x_norm, const T* w,
                 double w_norm, int64_t D, double* work, T* to) {
    if (!angle.defined || scale == 0) return;
    const double factor = scale / tangent(x, x_norm, w, w_norm, D, work);
#pragma omp simd
    for (int64_t d = 0; d < D; ++d) to[d] = T(double(to[d]) + factor * work[d]);
}

template void vector_norms(const char*, const float*, int64_t, int64_t, double*);
template void vector_norms(const char*, const double*, int64_t, int64_t, double*);
template void unit_vectors(const float*, const double*, int64_t, int64_t, float*);
template void unit_vectors(const double*, const double*, int64_t, int64_t, double*);
template void through_normalisation(const float*, const double*, int64_t, int64_t, float*);
template void through_normalisation(const double*, const double*, int64_t, int64_t, double*);
template Angle angle_between(const float*, double, const float*, double, int64_t);
template Angle angle_between(const double*, double, const double*, double, int64_t);
template void add_tangent(const Angle&, double, const float*, double, const float*, double, int64_t,
                          double*, float*);
template void add_tangent(const Angle&, double, const double*, double, const double*, double,
                          int64_t, double*, double*);

}  // namespace facet
