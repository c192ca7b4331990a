// Hand-written gradients beside the tape's, on one problem.
#pragma once

#include "losses/head/geometry.h"
#include "losses/proof/compositions.h"
#include "losses/proof/verify.h"
#include "tests/losses/fixtures.h"

namespace facet::testing {

// Every mode of every loss that has a composition; k decides which negatives npt sees.
inline std::vector<Case> composed_cases() {
    std::vector<Case> cases = {{"npt", {{"k", "3"}, {"r", "2"}}},
                               {"npt", {{"k", "0"}}},
                               {"npt", {{"k", "2"}, {"own", "zero"}}},
                               {"npt-lse", {{"k", "2"}}}};
    for (const composed::Named& entry : composed::kAll) {
        for (const proof::Mode& mode : proof::modes(loss_info(entry.loss)))
            cases.push_back({mode.loss, mode.settings});
    }
    return cases;
}

inline bool has(const Case& c, const char* name, const char* value) {
    const std::pair<std::string, std::string> wanted(name, value);
    return std::find(c.parameters.begin(), c.parameters.end(), wanted) != c.parameters.end();
}

inline std::vector<Case> composed_class_cases() {
    std::vector<Case> cases = composed_cases();
    std::erase_if(cases, [](const Case& c) { return !make_loss(c.name)->has_proxies(); });
    return cases;
}

// A pair loss is shown no proxies.
inline HeadBatch<double> batch_for(const Loss& loss, const Problem& p) {
    HeadBatch<double> batch = p.batch();
    if (!loss.has_proxies()) batch.w = nullptr, batch.C = 0;
    return batch;
}

inline TapeGradient by_hand(Loss& loss, const Problem& p) {
    const HeadBatch<double> batch = batch_for(loss, p);
    TapeGradient g{0, std::vector<double>(p.x.size(), NAN), {}, {}};
    if (batch.w) g.dw.assign(p.w.size(), NAN);
    if (loss.has_cosines()) g.dcos.assign(p.B * p.C, NAN);
    HeadDiagnostics diagnostics;
    g.value = loss.forward_backward(batch,
                                    {g.dx.data(), g.dw.empty() ? nullptr : g.dw.data(),
                                     g.dcos.empty() ? nullptr : g.dcos.data()},
                                    diagnostics);
    return g;
}

struct Difference {
    double value, dx, dw, dcos;  // relative to the largest of each
    double largest() const { return std::max({value, dx, dw, dcos}); }
};

// A gradient by vectors, per part of their length: all have the units of the value.
inline std::vector<double> per_length(const std::vector<double>& gradient,
                                      const std::vector<double>& v, int64_t D) {
    std::vector<double> norms(v.size() / D), scaled(gradient);
    vector_norms("array", v.data(), int64_t(norms.size()), D, norms.data());
    for (size_t at = 0; at < gradient.size(); ++at)
        if (norms[at / D] > 0) scaled[at] *= norms[at / D];
    return scaled;
}

inline double largest_of(const std::vector<double>& v) {
    double most = 0;
    for (const double a : v) most = std::max(most, std::abs(a));
    return most;
}

// Where the pulls of proxies on a feature cancel, dx is as exact as dw, in which they do not.
// Features that are equal to rounding have a gradient of 0 to rounding in a pair loss; those of a
// class loss are compared however small they are.
inline Difference between(const Problem& p, const TapeGradient& hand, const TapeGradient& tape) {
    const auto dx = [&](const TapeGradient& g) { return per_length(g.dx, p.x, p.D); };
    const auto dw = [&](const TapeGradient& g) {
        return g.dw.empty() ? g.dw : per_length(g.dw, p.w, p.D);
    };
    const double floor = tape.dw.empty() ? 1e-6 : 1e-290;
    return {relative_error(std::vector{hand.value}, std::vector{tape.value}, 1e-290),
            relative_error(dx(hand), dx(tape), std::max(floor, 1e-4 * largest_of(dw(tape)))),
            relative_error(dw(hand), dw(tape), floor), relative_error(hand.dcos, tape.dcos, floor)};
}

// `composition`, or the loss's own, against the hand-written gradient; each from a fresh state.
inline Difference difference(const Case& c, const Problem& p, Composition composition = nullptr) {
    const auto hand = make_loss(c.name, c.parameters), tape = make_loss(c.name, c.parameters);
    return between(p, by_hand(*hand, p),
                   tape_gradient(*tape, batch_for(*tape, p),
                                 composition ? composition : composition_of(c.name)));
}

inline void expect_agreement(const Case& c, const Problem& p, double bound) {
    SCOPED_TRACE(make_loss(c.name, c.parameters)->describe() + " on " + p.region);
    const Difference found = difference(c, p);
    EXPECT_LT(found.value, bound);
    EXPECT_LT(found.dx, bound);
    EXPECT_LT(found.dw, bound);
    EXPECT_LT(found.dcos, bound);
}

}  // namespace facet::testing
