// Small problems on which losses are judged, one per region of interest.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/random.h"
#include "losses/head/loss.h"
#include "losses/proof/verify.h"

namespace facet::testing {

struct Problem {
    std::string region;
    int64_t B, C, D;
    std::vector<double> x, w;
    std::vector<int64_t> y;

    HeadBatch<double> batch() const { return {x.data(), w.data(), y.data(), B, C, D}; }
    double* proxy(int64_t j) { return w.data() + j * D; }
    double* feature(int64_t i) { return x.data() + i * D; }
};

// Independent normal entries; class of row i: 3 i mod C.
inline Problem random_problem(int64_t B, int64_t C, int64_t D, uint64_t seed) {
    Problem p{"random", B, C, D, std::vector<double>(B * D), std::vector<double>(C * D), {}};
    Random random(seed, Purpose::Test);
    for (double& v : p.x) v = random.normal();
    for (double& v : p.w) v = random.normal();
    for (int64_t i = 0; i < B; ++i) p.y.push_back(3 * i % C);
    return p;
}

// x_i = scale w_{y_i + shift} + noise.
inline Problem aligned_problem(std::string region, double scale, double noise, int shift = 0,
                               int64_t C = 6) {
    Problem p = random_problem(4, C, 5, 11);
    p.region = std::move(region);
    for (int64_t i = 0; i < p.B; ++i) {
        const double* w = p.proxy((p.y[i] + shift) % C);
        for (int64_t d = 0; d < p.D; ++d) {
            p.feature(i)[d] = scale * w[d] + noise * p.feature(i)[d];
        }
    }
    return p;
}

// One row in the plane: its target at angle `target`, negatives at the angles given, any lengths.
inline Problem planar_problem(std::string region, double target,
                              const std::vector<double>& negatives) {
    Problem p{std::move(region), 1, int64_t(negatives.size()) + 1, 2, {2.0, 0.0}, {}, {0}};
    p.w = {1.5 * std::cos(target), 1.5 * std::sin(target)};
    for (const double angle : negatives) {
        p.w.push_back(0.7 * std::cos(angle));
        p.w.push_back(0.7 * std::sin(angle));
    }
    return p;
}

// Problems whose masks, hinges and fallbacks switch at side = 0, for the losses' usual margins.
inline std::vector<Problem> switch_problems(double side) {
    const double pi = std::acos(-1.0);
    const double hinge = std::acos(std::cos(1.0) - 0.5);  // npt: c_j = c_y - 1/2
    const double beaten = std::acos(std::cos(1.0) - 0.35);
    return {planar_problem("hinge", 1.0, {hinge + side, -2.9}),
            planar_problem("sv mask", 1.0, {1.0 + side, -2.9}),
            planar_problem("sv mask, cosine margin", 1.0, {beaten + side, -2.9}),
            planar_problem("sv mask, angle margin", 1.0, {-1.5 + side, 2.9}),
            planar_problem("pi - m", pi - 0.5 + side, {1.3, -2.0}),
            planar_problem("90 degrees", pi / 2 + side, {1.3, -2.0}),
            planar_problem("nearest negative", 1.0, {1.2, -1.2 + side, 0.5}),
            planar_problem("negatives at 90 degrees", 1.0, {pi / 2 + side, -pi / 2 - side})};
}

template <class T>
struct Evaluation {
    double value = 0;
    std::vector<T> dx, dw, dcos;
    HeadDiagnostics diagnostics;
};

// Outputs start as NaN: one that is not written shows. Statistics of the state are as before the
// call, so that calls can be compared; gradients of what is learned stay.
template <class T = double>
Evaluation<T> evaluate(Loss& loss, const Problem& p, const HeadOptions& options = {}) {
    const T nan = std::numeric_limits<T>::quiet_NaN();
    const std::vector<T> x(p.x.begin(), p.x.end()), w(p.w.begin(), p.w.end());
    Evaluation<T> e;
    e.dx.assign(x.size(), nan);
    e.dw.assign(w.size(), nan);
    if (loss.has_cosines()) e.dcos.assign(p.B * p.C, nan);
    const std::vector<StateArray> before = loss.state().save();
    e.value =
        loss.forward_backward(HeadBatch<T>{x.data(), w.data(), p.y.data(), p.B, p.C, p.D},
                              {e.dx.data(), e.dw.data(), e.dcos.empty() ? nullptr : e.dcos.data()},
                              e.diagnostics, options);
    for (const StateArray& array : before) {
        if (!array.learnable) loss.state().find(array.name)->value = array.value;
    }
    return e;
}

// max |a - b| / (max |b| + floor)
template <class A, class B>
double relative_error(const std::vector<A>& a, const std::vector<B>& b, double floor = 1e-12) {
    double worst = a.size() == b.size() ? 0 : std::numeric_limits<double>::infinity(), size = floor;
    for (const B& v : b) size = std::max(size, std::abs(double(v)));
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        const double difference = std::abs(double(a[i]) - double(b[i]));
        worst = std::isnan(difference) ? std::numeric_limits<double>::infinity()
                                       : std::max(worst, difference / size);
    }
    return worst;
}

struct Case {
    std::string name;
    KeyValues parameters;
};

// Every loss with proxies, in all combinations of its choices and switches.
inline std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (const LossInfo* info : all_losses()) {
        if (!make_loss(info->name)->has_proxies()) continue;
        std::vector<KeyValues> fixed = {{}};  // a mode of the verifier for each public variant
        for (const ParameterInfo& p : info->parameters) {
            if (p.name != "compat") continue;
            fixed.clear();
            for (const std::string& choice : p.choices) fixed.push_back({{p.name, choice}});
        }
        for (const KeyValues& variant : fixed) {
            for (const proof::Mode& mode : proof::modes(*info, variant)) {
                cases.push_back({mode.loss, mode.settings});
            }
        }
    }
    cases.push_back({"npt", {{"k", "3"}, {"r", "2"}}});
    cases.push_back({"npt", {{"k", "0"}}});
    cases.push_back({"npt", {{"k", "2"}, {"own", "zero"}}});
    cases.push_back({"npt", {{"k", "0"}, {"own", "zero"}}});
    cases.push_back({"npt-lse", {{"k", "2"}}});
    return cases;
}

// The length of a feature is part of the loss.
inline bool reads_lengths(const Case& c) {
    const auto named = [&](const char* name) { return c.name == name; };
    const bool mag =
        std::find(c.parameters.begin(), c.parameters.end(),
                  std::pair<std::string, std::string>("base", "mag")) != c.parameters.end();
    return mag || named("softmax") || named("sphereface") || named("magface") || named("adaface") ||
           named("center");
}

// Those whose gradient is the derivative of their value.
inline std::vector<Case> exact_cases() {
    std::vector<Case> cases = all_cases();
    std::erase_if(cases, [](const Case& c) {
        const auto loss = make_loss(c.name, c.parameters);
        const Settings& p = loss->settings();
        const bool detached = !loss->info().gradient_modes().empty() && p.declares("grad") &&
                              p.is("grad", "detached");
        return detached || !loss->info().detached.empty() ||
               (p.declares("compat") && !p.is("compat", "none"));
    });
    return cases;
}

}  // namespace facet::testing
