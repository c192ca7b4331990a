// The form in which a loss of in-batch similarities is written: anchors, and a derivative.
//
// A pair loss reads one quantity q_uv of every pair of rows of the batch: a product or a distance,
// of the raw embeddings or of the unit vectors. It sees one anchor u at a time, that is row u of
// the (n, n) matrix q, and never the embeddings. n counts the rows that take part: those with a
// label. The loss is a mean of terms (pairs, triplets, anchors):
//
//   L = sum_u sum_u / max(1, sum_u terms_u)
//
// A loss is a struct `Form` of plain members with a page (page.h), a constructor that asks for its
// parameters (parameters.h), and
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
// Every q_uv counts as a variable of its own; dL/dq_uv and dL/dq_vu are added. All of it is
// in double for float embeddings too: it is n^2 work beside n^2 D, and mining then selects the same
// pairs in both types.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "engine/parallel.h"
#include "losses/head/anchor.h"
#include "losses/head/pair_form.h"

namespace facet {

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

    PairQuantity quantity() const override { return form_.quantity(); }
    bool counts() const override {
        if constexpr (requires { form_.counts(); }) return form_.counts();
        return false;
    }
    void count(const PairRow& pairs, PairCounts* counts) const override {
        if constexpr (requires(const Anchor& anchor) { form_.count(anchor); }) {
            for (std::int64_t u = 0; u < pairs.n; ++u) counts[u] = form_.count(anchor(pairs, u));
        }
    }
    void open(const PairCounts& all) override {
        if constexpr (requires { form_.open(all); }) form_.open(all);
    }
    void anchors(const PairRow& pairs, double* g, AnchorResult* results) const override {
        parallel_for(pairs.n, pairs.n * pairs.n, [&](std::int64_t u) {
            double* g_u = g + u * pairs.n;
            std::fill_n(g_u, pairs.n, 0.0);
            results[u] = form_.anchor(anchor(pairs, u), g_u);
        });
    }
    const Form& form() const override { return form_; }

private:
    static Anchor anchor(PairRow pairs, std::int64_t u) {
        pairs.u = u;
        pairs.q += u * pairs.n;
        return {pairs};
    }

    Form form_;
};

}  // namespace facet
