// The form in which a loss of in-batch similarities is written: anchors, and a derivative.
//
// A pair loss reads one quantity q_uv of every pair of rows of the batch: a product or a distance,
// of the raw embeddings or of the unit vectors. It sees one anchor u at a time, that is row u of
// the (n, n) matrix q, and never the embeddings. n counts the rows that take part: those with a
// label. The loss is a mean of terms (pairs, triplets, anchors):
//
//   L = sum_u sum_u / max(1, sum_u terms_u)
//
// A loss is a struct `Form` of plain members that ask for its parameters (parameters.h), with a
// page (page.h) and
//
//   AnchorResult anchor(const auto& a, double* g) const   its terms; g[v] += d sum_u/d q_uv
//   PairQuantity quantity() const                         what it reads, if not the cosine
//
// and, where a loss needs to know something of all pairs before the first anchor,
//   bool counts() const                                   whether it does
//   PairCounts count(const auto& a) const                 what an anchor adds to it
//   void open(const PairCounts& all)
//
// anchor() and count() are FACET_HD: `a` is an Anchor, or a GPU's.
//
// Every q_uv counts as a variable of its own; dL/dq_uv and dL/dq_vu are added. All of it is
// in double for float embeddings too: it is n^2 work beside n^2 D, and mining then selects the same
// pairs in both types.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "engine/hd.h"
#include "engine/parallel.h"
#include "losses/head/arithmetic.h"
#include "losses/head/geometry.h"

namespace facet {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Row u of the matrix q of all pairs.
struct PairRow {
    int64_t u, n;          // the anchor; the rows that take part
    const int64_t* y;      // (n) their classes
    const int64_t* place;  // (n) how many rows of the same class come before
    const double* q;       // (n) q_uv

    FACET_HD bool positive(int64_t v) const { return v != u && y[v] == y[u]; }
    FACET_HD bool negative(int64_t v) const { return y[v] != y[u]; }
};

// One anchor, with the ways to walk over its row. A loss is written once for two walkers: Anchor,
// one thread that sees the whole row, and WarpAnchor (losses/head/cuda/pair_losses.cu), a lane of
// the 32 that share a row on a GPU. Both have
//
//   each(use)              use(v) for the rows v that are this walker's
//   owns(v)                whether v is one of them: who writes g[v] outside of each()
//   total(x), largest(x)   of the walkers' x, the same for all of them
//   lowest(key)            the row with the smallest key(v), ties to the lower row; -1 if no key is
//                          below infinity
//
// All walkers of a row go the same way outside of each(), with the same numbers.
struct Anchor : PairRow {
    template <class Use>
    void each(Use use) const {
        for (int64_t v = 0; v < n; ++v) use(v);
    }
    bool owns(int64_t) const { return true; }
    double total(double x) const { return x; }
    int64_t total(int64_t x) const { return x; }
    double largest(double x) const { return x; }

    template <class Key>
    int64_t lowest(Key key) const {
        double least = kInfinity;
        int64_t at = -1;
        for (int64_t v = 0; v < n; ++v) {
            if (key(v) < least) least = key(v), at = v;
        }
        return at;
    }
};

// What an anchor adds to the loss.
struct AnchorResult {
    double sum = 0;
    int64_t terms = 0;
    // The labels allow a pair (triplet, ...) with this anchor, satisfied or not.
    bool usable = false;
};

// How many pairs of one class, and of two, are such that a loss counts them.
struct PairCounts {
    int64_t same = 0, different = 0;
};

// --- what pair losses are made of ---

// log sum_v exp(z(v)) over the row of an anchor; z = -infinity leaves v out, and the sum of nothing
// is -infinity. The largest is taken out first: nothing overflows, and not everything underflows.
FACET_HD double log_sum_exp(const auto& a, auto z) {
    double top = -kInfinity, sum = 0;
    a.each([&](int64_t v) {
        const double logit = z(v);
        top = logit > top ? logit : top;
    });
    top = a.largest(top);
    if (top == -kInfinity) return top;
    a.each([&](int64_t v) { sum += std::exp(z(v) - top); });
    return top + std::log(a.total(sum));
}
FACET_HD double log_sum_exp_positives(const auto& a, auto z) {
    return log_sum_exp(a, [&](int64_t p) { return a.positive(p) ? z(p) : -kInfinity; });
}
FACET_HD double log_sum_exp_negatives(const auto& a, auto z) {
    return log_sum_exp(a, [&](int64_t n) { return a.negative(n) ? z(n) : -kInfinity; });
}

// log(1 + e^t) and its derivative 1 / (1 + e^-t). With t = log sum_n e^{z_n} - z_p these are -log p
// and 1 - p of a softmax: formed from the others, not by subtraction from 1, they keep their digits
// where p is almost 1.
struct SoftHinge {
    double value, slope;
};

FACET_HD inline SoftHinge soft_hinge(double t) { return {softplus(t), sigmoid(t)}; }

// --- the form as the head (pair_head.cpp) and a device see it ---

// `pairs` is the whole matrix q (n, n) with the classes of its rows; PairRow::u is not read. Arrays
// are in the memory of the head.
class PairForm {
public:
    virtual ~PairForm() = default;
    virtual PairQuantity quantity() const = 0;
    // Whether it must know something of all pairs before the first anchor: count() writes what each
    // anchor (n) adds to that, open() receives the sum.
    virtual bool counts() const = 0;
    virtual void count(const PairRow& pairs, PairCounts* counts) const = 0;
    virtual void open(const PairCounts& all) = 0;
    // Of each anchor u its result (n) and its row of g (n, n): d sum_u / d q_uv.
    virtual void anchors(const PairRow& pairs, double* g, AnchorResult* results) const = 0;
};

// A form in the host's memory, as its kernels on a device see it (losses/head/cuda).
template <class Form>
class HostPairs : public PairForm {
    static_assert(std::is_trivially_copyable_v<Form>, "kernels take the form as it is");

public:
    using Host = HostPairs;  // of PairsOf

    virtual const Form& form() const = 0;
};

template <class Form>
class PairsOf final : public HostPairs<Form> {
public:
    explicit PairsOf(Form form) : form_(form) {}

    PairQuantity quantity() const override {
        if constexpr (requires { form_.quantity(); }) return form_.quantity();
        return {};
    }
    bool counts() const override {
        if constexpr (requires { form_.counts(); }) return form_.counts();
        return false;
    }
    void count(const PairRow& pairs, PairCounts* counts) const override {
        if constexpr (requires(const Anchor& anchor) { form_.count(anchor); }) {
            for (int64_t u = 0; u < pairs.n; ++u) counts[u] = form_.count(anchor(pairs, u));
        }
    }
    void open(const PairCounts& all) override {
        if constexpr (requires { form_.open(all); }) form_.open(all);
    }
    void anchors(const PairRow& pairs, double* g, AnchorResult* results) const override {
        parallel_for(pairs.n, pairs.n * pairs.n, [&](int64_t u) {
            double* g_u = g + u * pairs.n;
            std::fill_n(g_u, pairs.n, 0.0);
            results[u] = form_.anchor(anchor(pairs, u), g_u);
        });
    }
    const Form& form() const override { return form_; }

private:
    static Anchor anchor(PairRow pairs, int64_t u) {
        pairs.u = u;
        pairs.q += u * pairs.n;
        return {pairs};
    }

    Form form_;
};

}  // namespace facet
