// The quantity q_uv that a pair loss reads of two rows: a product or a distance.
#pragma once

#include <cmath>

#include "engine/hd.h"
#include "losses/head/geometry.h"

namespace facet {

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
