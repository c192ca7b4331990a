// A pair loss as the algorithm of the heads sees it (pair_head.h). Losses are written anchor by
// anchor (pairs.h).
#pragma once

#include "losses/head/anchor.h"
#include "losses/head/pair_quantity.h"

namespace facet {

// `pairs` is the whole matrix q (n, n) with the classes of its rows; PairRow::u is not read. Arrays
// are in the memory of the head.
class PairForm {
public:
    virtual ~PairForm() = default;
    virtual PairQuantity quantity() const = 0;
    // Whether it must know something of all pairs before the first anchor: count() writes what each
    // anchor (n) adds to that, open() is told the sum.
    virtual bool counts() const = 0;
    virtual void count(const PairRow& pairs, PairCounts* counts) const = 0;
    virtual void open(const PairCounts& all) = 0;
    // Of each anchor u its result (n) and its row of g (n, n): d sum_u / d q_uv.
    virtual void anchors(const PairRow& pairs, double* g, AnchorResult* results) const = 0;
};

}  // namespace facet
