// The form in which a loss of in-batch similarities is written: anchors, and a derivative.
//
// A pair loss reads one quantity q_uv of every pair of rows of the batch: a product or a distance,
// of the raw embeddings or of the unit vectors. It sees one anchor u at a time, that is row u of
// the (n, n) matrix q, and never the embeddings. n counts the rows that take part: those with a
// label. The loss is a mean of terms (pairs, triplets, anchors):
//
//   L = sum_u sum_u / max(1, sum_u terms_u)
//
// A loss is a struct `Form`, constructible from (const Settings&, State&), with
//
//   PairQuantity quantity() const                        what it reads
//   AnchorResult anchor(const Anchor&, double* g) const  the anchor's terms; g[v] += d sum_u/d q_uv
//
// and, where a loss needs it,
//   void open(const PairBatch&)                          sees all pairs before the first anchor
//
// Every q_uv counts as a variable of its own; the driver adds dL/dq_uv and dL/dq_vu. All of it is
// in double for float embeddings too: it is n^2 work beside n^2 D, and mining then selects the same
// pairs in both types.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "losses/head.h"
#include "losses/state.h"

namespace facet {

enum class PairVectors { raw, unit };
enum class PairMeasure { product, squared_distance, distance };

// unit product: the cosine, clipped to [-1, 1]; 0 with a vector that counts as zero. Distances of
// unit vectors are those of the cosine, 2 - 2 cos = |a - b|^2, but formed from differences, so that
// they keep their digits where they are small: sqrt(2 - 2 cos) keeps none.
struct PairQuantity {
    PairVectors vectors = PairVectors::unit;
    PairMeasure measure = PairMeasure::product;
};

// All pairs of the rows that take part.
struct PairBatch {
    std::span<const std::int64_t> y;  // (n)
    const double* q;                  // (n, n), symmetric
};

// One row of them.
struct Anchor {
    std::int64_t u;                   // the anchor
    std::span<const std::int64_t> y;  // (n)
    const double* q;                  // (n) q_uv

    std::int64_t n() const { return std::int64_t(y.size()); }
    bool positive(std::int64_t v) const { return v != u && y[v] == y[u]; }
    bool negative(std::int64_t v) const { return y[v] != y[u]; }
};

struct AnchorResult {
    double sum = 0;
    std::int64_t terms = 0;
    bool usable =
        false;  // the labels allow a pair (triplet, ...) with this anchor, satisfied or not
};

// A form as the driver sees it: one virtual call an anchor.
class Pairs {
public:
    virtual ~Pairs() = default;
    virtual PairQuantity quantity() const = 0;
    virtual void open(const PairBatch& batch) = 0;
    virtual AnchorResult anchor(const Anchor& anchor, double* g) const = 0;
};

template <class Form>
class PairsOf final : public Pairs {
public:
    explicit PairsOf(Form form) : form_(std::move(form)) {}

    PairQuantity quantity() const override { return form_.quantity(); }
    void open(const PairBatch& batch) override {
        if constexpr (requires { form_.open(batch); }) form_.open(batch);
    }
    AnchorResult anchor(const Anchor& anchor, double* g) const override {
        return form_.anchor(anchor, g);
    }

private:
    Form form_;
};

// Buffers of the driver, kept between steps.
struct PairWorkspace {
    std::vector<std::int64_t> rows;     // (n) rows of the batch that take part
    std::vector<std::int64_t> y;        // (n)
    std::vector<double> norm;           // (n)
    std::vector<double> x;              // (n, D) the vectors that are compared
    std::vector<double> q, g;           // (n, n)
    std::vector<double> dx;             // (n, D)
    std::vector<AnchorResult> results;  // (n)
};

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
double run_pairs(Pairs& pairs, StateArray& no_pairs, const HeadBatch<T>& batch,
                 const HeadGradient<T>& gradient, PairWorkspace& workspace,
                 HeadWorkspace<T>& diagnostics);

}  // namespace facet
