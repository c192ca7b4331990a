// Small batches on which pair losses are judged.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/random.h"
#include "losses/head/loss.h"

namespace facet::testing {

struct PairProblem {
    std::string region;
    int64_t D;
    std::vector<double> x;  // (B, D)
    std::vector<int64_t> y;

    int64_t B() const { return int64_t(y.size()); }
    double* row(int64_t i) { return x.data() + i * D; }
    HeadBatch<double> batch() const { return {x.data(), nullptr, y.data(), B(), 0, D}; }
};

// Independent normal entries.
inline PairProblem random_pairs(std::vector<int64_t> y, int64_t D, uint64_t seed) {
    PairProblem p{"random", D, std::vector<double>(y.size() * D), std::move(y)};
    Random random(seed, Purpose::Test);
    for (double& v : p.x) v = random.normal();
    return p;
}

// In the plane, at these angles, of different lengths.
inline PairProblem planar_pairs(std::string region, const std::vector<double>& angles,
                                std::vector<int64_t> y) {
    PairProblem p{std::move(region), 2, {}, std::move(y)};
    double length = 0.5;
    for (const double angle : angles) {
        length += 0.25;
        p.x.push_back(length * std::cos(angle));
        p.x.push_back(length * std::sin(angle));
    }
    return p;
}

template <class T>
struct PairEvaluation {
    double value = 0;
    std::vector<T> dx;
    HeadDiagnostics diagnostics;
};

// dx starts as NaN: an entry that is not written shows.
template <class T = double>
PairEvaluation<T> evaluate_pairs(Loss& loss, const PairProblem& p) {
    const std::vector<T> x(p.x.begin(), p.x.end());
    PairEvaluation<T> e;
    e.dx.assign(x.size(), std::numeric_limits<T>::quiet_NaN());
    e.value = loss.forward_backward(HeadBatch<T>{x.data(), nullptr, p.y.data(), p.B(), 0, p.D},
                                    {e.dx.data(), nullptr, nullptr}, e.diagnostics);
    return e;
}

// max |a - b| / (max |b| + floor); infinity for a NaN.
template <class A, class B>
double worst_error(const std::vector<A>& a, const std::vector<B>& b, double floor = 1e-12) {
    double worst = 0, size = floor;
    for (const B& v : b) size = std::max(size, std::abs(double(v)));
    for (size_t i = 0; i < a.size(); ++i) {
        const double difference = std::abs(double(a[i]) - double(b[i]));
        if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
        worst = std::max(worst, difference / size);
    }
    return worst;
}

struct PairCase {
    std::string name;
    KeyValues parameters;

    std::string get(const std::string& parameter) const {
        for (const auto& [key, value] : parameters) {
            if (key == parameter) return value;
        }
        return "";
    }
    // It has a cone point where two rows are equal.
    bool reads_distances() const {
        return name == "contrastive" || (name == "triplet" && get("squared") == "false");
    }
    // It switches where two similarities are equal.
    bool selects_by_order() const { return name == "triplet" && get("mining") != "all"; }
    bool is_raw() const {
        return (name == "contrastive" || name == "npair") && get("compat") != "pml";
    }
};

// Pair losses whose gradient is the derivative of their value, in each of their modes.
inline std::vector<PairCase> exact_pair_cases() {
    std::vector<PairCase> cases = {{"contrastive", {}},
                                   {"contrastive", {{"margin", "4"}}},
                                   {"contrastive", {{"margin", "1.6"}, {"compat", "pml"}}},
                                   {"npair", {}},
                                   {"npair", {{"reg", "0.5"}}},
                                   {"npair", {{"compat", "pml"}}},
                                   {"infonce", {}},
                                   {"supcon", {}},
                                   {"supcon", {{"compat", "supcontrast"}}},
                                   {"multi-similarity", {}},
                                   {"multi-similarity", {{"mine", "false"}, {"beta", "10"}}}};
    for (const char* mining : {"all", "hard", "semihard"}) {
        for (const char* squared : {"true", "false"}) {
            for (const char* soft : {"false", "true"}) {
                cases.push_back(
                    {"triplet", {{"mining", mining}, {"squared", squared}, {"soft", soft}}});
            }
        }
    }
    return cases;
}

inline std::vector<PairCase> all_pair_cases() {
    std::vector<PairCase> cases = exact_pair_cases();
    cases.push_back({"circle-pair", {}});
    return cases;
}

}  // namespace facet::testing
