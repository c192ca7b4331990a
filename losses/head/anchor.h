// One anchor of a pair loss: row u of the matrix q of all pairs, with the ways to walk over it.
//
// A loss is written once for two walkers: Anchor, one thread that sees the whole row, and
// WarpAnchor (losses/head/cuda/pair_losses.cu), a lane of the 32 that share a row on a GPU. Both
// have
//
//   each(use)              use(v) for the rows v that are this walker's
//   owns(v)                whether v is one of them: who writes g[v] outside of each()
//   total(x), largest(x)   of the walkers' x, the same for all of them
//   lowest(key)            the row with the smallest key(v), ties to the lower row; -1 if no key is
//                          below infinity
//
// All walkers of a row go the same way outside of each(), with the same numbers.
#pragma once

#include <cstdint>
#include <limits>

#include "engine/hd.h"

namespace facet {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct PairRow {
    std::int64_t u, n;          // the anchor; the rows that take part
    const std::int64_t* y;      // (n) their classes
    const std::int64_t* place;  // (n) how many rows of the same class come before
    const double* q;            // (n) q_uv

    FACET_HD bool positive(std::int64_t v) const { return v != u && y[v] == y[u]; }
    FACET_HD bool negative(std::int64_t v) const { return y[v] != y[u]; }
};

struct Anchor : PairRow {
    template <class Use>
    void each(Use use) const {
        for (std::int64_t v = 0; v < n; ++v) use(v);
    }
    bool owns(std::int64_t) const { return true; }
    double total(double x) const { return x; }
    std::int64_t total(std::int64_t x) const { return x; }
    double largest(double x) const { return x; }

    template <class Key>
    std::int64_t lowest(Key key) const {
        double least = kInfinity;
        std::int64_t at = -1;
        for (std::int64_t v = 0; v < n; ++v) {
            if (key(v) < least) least = key(v), at = v;
        }
        return at;
    }
};

// What an anchor adds to the loss.
struct AnchorResult {
    double sum = 0;
    std::int64_t terms = 0;
    // The labels allow a pair (triplet, ...) with this anchor, satisfied or not.
    bool usable = false;
};

// How many pairs of one class, and of two, are such that a loss counts them.
struct PairCounts {
    std::int64_t same = 0, different = 0;
};

}  // namespace facet
