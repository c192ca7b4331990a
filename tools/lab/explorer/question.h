// One loss on one batch, asked again and again, always in the same state.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "losses/head/loss.h"

namespace facet::explorer {

using nlohmann::ordered_json;

// "settings" {name: text} of a request, as make_loss() takes them.
KeyValues settings_of(const ordered_json& request);

// A flat array as a list of rows of `columns` numbers.
ordered_json rows_of(const std::vector<double>& flat, int64_t columns);

class Question {
public:
    // Throws Error for arrays whose shapes do not fit.
    explicit Question(const ordered_json& request);

    int64_t B = 0, C = 0, D = 0;  // C is 0 for a pair loss
    std::vector<double> x, w;     // (B, D), (C, D)
    std::vector<int64_t> y;       // (B)

    // L; fills the gradients. dcos stays empty for a loss that has no cosines.
    double evaluate();
    std::vector<double> dx, dw, dcos;  // (B, D), (C, D), (B, C)
    // What the loss keeps after the last call, as in state.json.
    std::string state_after() const;

    // The cosines of all samples with the proxies (B, C), of a pair loss with each other (B, B);
    // 0 with a zero vector.
    std::vector<double> cosines() const;
    int64_t others() const { return C > 0 ? C : B; }  // columns of cosines()

    // What the first sample is compared with: vector k of others() and its class.
    const double* other(int64_t k) const { return (C > 0 ? w : x).data() + k * D; }
    int64_t class_of(int64_t k) const { return C > 0 ? k : y[size_t(k)]; }

private:
    std::unique_ptr<Loss> loss_;
    std::vector<StateArray> before_;
    HeadDiagnostics diagnostics_;
};

// <a, b> / (|a| |b|) in [-1, 1]; 0 if one of them is 0.
double cosine(const double* a, const double* b, int64_t D);

}  // namespace facet::explorer
