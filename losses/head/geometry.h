// Norms and unit vectors, the angle between an embedding and its proxy, and the product or distance
// of two embeddings.
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/hd.h"

namespace facet {

// A vector shorter than this counts as zero: its unit vector, its cosines and its gradient are 0.
template <class T>
constexpr double shortest_norm() {
    return sizeof(T) == sizeof(float) ? 1e-36 : 1e-290;
}

// |v| of each of `rows` vectors of length D, in double and without overflow or underflow; 0 for a
// vector below shortest_norm. Throws Error naming `what`, row and column of a non-finite value.
template <class T>
void vector_norms(const char* what, const T* v, int64_t rows, int64_t D, double* norms);

// unit = v / |v| for `rows` vectors; zeros where the norm is 0.
template <class T>
void unit_vectors(const T* v, const double* norms, int64_t rows, int64_t D, T* unit);

// In place: dv = (du - <du, u> u) / |v|, the gradient of the raw vectors from that of the unit
// vectors.
template <class T>
void through_normalisation(const T* unit, const double* norms, int64_t rows, int64_t D,
                           T* gradient);

// The angle between x and w: cos clipped to [-1, 1], and a sine that keeps its digits where cos is
// within rounding of +-1 (see tangent() in geometry.cpp).
struct Angle {
    double cos = 0, sin = 1;
    bool defined = false;  // neither vector is zero, and sin > 4 epsilons of T
};

template <class T>
Angle angle_between(const T* x, double x_norm, const T* w, double w_norm, int64_t D);

// to += scale * t, where t is the unit tangent at x/|x| that points towards w/|w|:
// t = (w/|w| - cos x/|x|) / sin. Nothing where the angle is not defined (a cone point: derivative
// 0). work: (D).
template <class T>
void add_tangent(const Angle& angle, double scale, const T* x, double x_norm, const T* w,
                 double w_norm, int64_t D, double* work, T* to);

// --- the quantity q_uv that a pair loss reads of two rows ---

enum class PairVectors { raw, unit };
enum class PairMeasure { product, squared_distance, distance };

// unit product: the cosine, clipped to [-1, 1]; 0 with a vector that counts as zero. Distances of
// unit vectors are those of the cosine, 2 - 2 cos = |a - b|^2, but formed from differences, so that
// they keep their digits where they are small: sqrt(2 - 2 cos) keeps none.
struct PairQuantity {
    PairVectors vectors = PairVectors::unit;
    PairMeasure measure = PairMeasure::product;

    FACET_HD bool unit() const { return vectors == PairVectors::unit; }
    FACET_HD bool product() const { return measure == PairMeasure::product; }

    // q of <a, b>.
    FACET_HD double of_product(double dot) const {
        return unit() ? (dot < -1 ? -1 : (dot > 1 ? 1 : dot)) : dot;
    }

    // q of d = |a - b|. zeros: how many of the two vectors count as zero; epsilon: that of the
    // embeddings' type.
    FACET_HD double of_distance(double d, int zeros, double epsilon) const {
        double apart = d;
        if (!unit()) {
            apart = d > shortest_norm<double>() ? d : 0;
        } else if (zeros > 0) {
            // 2 - 2 cos is |a - b|^2 of unit vectors; a zero vector lacks 1 of it, its cosine
            // being 0.
            apart = std::sqrt(d * d + zeros);
        } else {
            apart = d > 4 * epsilon ? d : 0;
        }
        return measure == PairMeasure::distance ? apart : apart * apart;
    }

    // The factor h with which v enters the gradient of u, for each unit of dL/dq_uv:
    // dx_u += h x_v for products, h (x_u - x_v) for distances.
    FACET_HD double factor(double q) const {
        if (product()) return 1;
        if (measure == PairMeasure::squared_distance) return 2;
        return q > 0 ? 1 / q : 0;
    }
};

}  // namespace facet
