// The form in which a loss of in-batch similarities is written: anchors, and a derivative.
//
// A pair loss reads one quantity q_uv of every pair of rows of the batch: a product or a distance,
// of the raw embeddings or of the unit vectors. It sees one anchor u at a time, that is row u of
// the (n, n) matrix q, and never the embeddings. n counts the rows that take part: those with a
// label. The loss is a mean of terms (pairs, triplets, anchors):
//
//   L = sum_u sum_u / max(1, sum_u terms_u)
//
// A loss is a struct `Form` of plain members, constructible from (const Settings&, State&), with
//
//   PairQuantity quantity() const                      what it reads
//   AnchorResult anchor(const Row&, double* g) const   the anchor's terms; g[v] += d sum_u/d q_uv
//
// and, where a loss needs to know something of all pairs before the first anchor,
//   bool counts() const                                whether it does
//   PairCounts count(const Row&) const                 what an anchor adds to it
//   void open(const PairCounts& all)
//
// anchor() and count() are templates, FACET_HD: Row is Anchor, or a GPU's (anchor.h).
//
// Every q_uv counts as a variable of its own; the driver adds dL/dq_uv and dL/dq_vu. All of it is
// in double for float embeddings too: it is n^2 work beside n^2 D, and mining then selects the same
// pairs in both types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "losses/anchor.h"
#include "losses/head.h"
#include "losses/pair_quantity.h"
#include "losses/state.h"

namespace facet {

// A form as the driver sees it: one virtual call an anchor.
class Pairs {
public:
    virtual ~Pairs() = default;
    virtual PairQuantity quantity() const = 0;
    virtual bool counts() const = 0;  // whether open() and count() are for it
    virtual PairCounts count(const Anchor& anchor) const = 0;
    virtual void open(const PairCounts& all) = 0;
    virtual AnchorResult anchor(const Anchor& anchor, double* g) const = 0;
    // The form itself, as bytes: only the kernels of the loss know its type.
    virtual std::span<const std::byte> form() const = 0;
};

template <class Form>
class PairsOf final : public Pairs {
    static_assert(std::is_trivially_copyable_v<Form>, "kernels take the form as it is");

public:
    explicit PairsOf(Form form) : form_(form) {}

    PairQuantity quantity() const override { return form_.quantity(); }
    bool counts() const override {
        if constexpr (requires { form_.counts(); }) return form_.counts();
        return false;
    }
    PairCounts count(const Anchor& anchor) const override {
        if constexpr (requires { form_.count(anchor); }) return form_.count(anchor);
        return {};
    }
    void open(const PairCounts& all) override {
        if constexpr (requires { form_.open(all); }) form_.open(all);
    }
    AnchorResult anchor(const Anchor& anchor, double* g) const override {
        return form_.anchor(anchor, g);
    }
    std::span<const std::byte> form() const override { return std::as_bytes(std::span(&form_, 1)); }

private:
    Form form_;
};

// The rows that take part: those with a label.
struct PairRows {
    std::vector<std::int64_t> rows;   // (n) their numbers in the batch
    std::vector<std::int64_t> y;      // (n) their classes
    std::vector<std::int64_t> place;  // (n) how many of them with the same class come before

    std::int64_t n() const { return std::int64_t(rows.size()); }
    // Throws Error for a label below -1, naming its row.
    void take(const std::int64_t* labels, std::int64_t B);
};

// Buffers of the driver, kept between steps.
struct PairWorkspace {
    PairRows rows;
    std::vector<double> norm;           // (n)
    std::vector<double> x;              // (n, D) the vectors that are compared
    std::vector<double> q, g;           // (n, n)
    std::vector<double> dx;             // (n, D)
    std::vector<AnchorResult> results;  // (n)
};

// The loss of a batch.
struct PairTotal {
    double value = 0;
    double scale = 0;     // 1 / terms, of the derivatives
    bool usable = false;  // there was a pair
};

// Their sum, and row_value (B), each anchor's share of the value.
PairTotal add_anchors(std::span<const AnchorResult> results, const PairRows& rows, std::int64_t B,
                      std::vector<double>& row_value);
PairCounts add_counts(std::span<const PairCounts> counts);

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
