// From raw embeddings to a pair loss and its gradient: one algorithm for every pair loss on every
// device. All of it is in double for float embeddings too: it is n^2 work beside n^2 D, and mining
// then selects the same pairs in both types.
#pragma once

#include "losses/head/backend.h"
#include "losses/head/head.h"
#include "losses/head/pair_form.h"
#include "losses/head/state.h"

namespace facet {

// What every pair loss keeps: `no_pairs`, the calls in which no anchor was usable. Their value and
// gradients are 0.
inline constexpr const char* kPairState = "no_pairs, how many calls found no usable pair";

// The value, and dx of `gradient`; `dw`, if asked for, is 0: batch.w is not read. Rows with label
// -1 take no part. Where unit vectors are compared, one that counts as zero (geometry.h) has
// gradient 0. A distance that is 0 has derivative 0; of unit vectors one of up to 4 epsilons of T
// is 0, the rounding of parallel embeddings. Leaves row_value in `diagnostics`: each anchor's
// share, scaled so that their mean over the rows that take part is the value. Throws Error for a
// label below -1 (naming its row), for non-finite input (row and column), for pairs whose product
// or distance overflows (both rows), and if gradient.dcos is asked for.
template <class T>
double run_pair_head(HeadBackend<T>& backend, PairForm& form, StateArray& no_pairs,
                     const HeadBatch<T>& batch, const HeadGradient<T>& gradient,
                     HeadDiagnostics& diagnostics);

}  // namespace facet
