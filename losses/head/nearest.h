// The k nearest negatives of a row, N_k: the k largest c_j, j != y, ties to the lower class.
#pragma once

#include "engine/hd.h"
#include "losses/head/accumulators.h"

namespace facet {

// What remains of N_k after the row was seen: its last member. Default: all classes are in.
template <class T>
struct NearestCut {
    T worst = -2;
    std::int64_t worst_class = 0;

    static NearestCut of(const TopK<T>& nearest) {
        if (nearest.entries().empty()) return {};
        return {nearest.worst().value, nearest.worst().index};
    }
    FACET_HD bool keeps(T c, std::int64_t j) const {
        return (c > worst) | ((c == worst) & (j <= worst_class));
    }
};

}  // namespace facet
