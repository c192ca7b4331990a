#pragma once

#include <array>
#include <numeric>

#include "losses/head/backend.h"
#include "losses/head/loss.h"
#include "losses/head/registry.h"

namespace facet {

struct CenterForm {
    static constexpr LossPage page{
        .name = "center",
        .paper = R"(
Wen et al., A discriminative feature learning approach for deep face recognition, ECCV 2016)",
        .group = LossGroup::proxies,
        .what = R"(
Center loss: features are drawn to the centres of their classes, here the proxies, raw and not
normalised.)",
        .formula = "L = 1/(2B) sum_i |x_i - w_{y_i}|^2",
        .gradient = "dx_i = (x_i - w_{y_i}) / B,   dw_j = sum_{i: y_i = j} (w_j - x_i) / B",
        .why = R"(
Formed from the differences: nothing cancels where x is close to its centre. Without another loss
beside it everything may collapse into one point.

The paper moves the centres by its own rule, w_j - alpha sum_{y_i = j}(w_j - x_i)/(1 + n_j), not
by the gradient. Here centres are parameters like all proxies; what the rule would make of them is
reported by report(), in the state `centers` (C, D); given there, they are used in place of the
proxies for one call.

Derivation: |x - w|^2/2 has the gradient x - w by x and w - x by w.)",
        .state = "centers (C, D): what the paper's update would make of the proxies"};

    double alpha = ask().number("alpha", 0.5, 0, 1, "rate of the paper's own centre update");
    StateArray* centers = &ask().state().declare("centers", false, false);
};

class Center final : public Loss {
public:
    Center(const LossInfo& info, const Settings& settings)
        : Loss(info, settings), form_(make_form<CenterForm>(settings, state_)) {}
    static LossInfo info() { return info_of<CenterForm>(); }

    bool has_proxies() const override { return true; }
    bool has_cosines() const override { return false; }

    void report(const HeadBatch<float>& batch) override { report_centers(batch); }
    void report(const HeadBatch<double>& batch) override { report_centers(batch); }

private:
    double run(const HeadCall<float>& call) override { return mean_distance(call); }
    double run(const HeadCall<double>& call) override { return mean_distance(call); }

    template <class T>
    double mean_distance(const HeadCall<T>& call) {
        const auto& [backend, batch, gradient, diagnostics, options] = call;
        const auto [x, w, y, B, C, D] = batch;
        FACET_CHECK(gradient.dcos == nullptr, "center: it reads no cosines, so there is no dcos");
        const int64_t counted = check_labels(y, B, C);
        take_given(C, D);
        const HeadArray<double> x_norm(backend, B), w_norm(backend, C), values(backend, B);
        const HeadArray<int64_t> labels(backend, y, B);
        const HeadArray<double> given(backend, given_.data(), std::ssize(given_));
        backend.vector_norms("embeddings", x, B, D, x_norm.data());  // refuses what is not finite
        backend.vector_norms("proxies", w, C, D, w_norm.data());
        if (gradient.dw) backend.fill(gradient.dw, C * D, T(0));
        backend.target_differences(
            {{x, x_norm.data()}, {w, w_norm.data()}, labels.data(), y, B, C, D},
            given_.empty() ? nullptr : given.data(), double(counted), values.data(), gradient.dx,
            gradient.dw);
        const std::array pieces{x_norm.into(diagnostics.x_norm),
                                values.into(diagnostics.row_value)};
        backend.download(pieces);
        diagnostics.target_cosine.assign(B, 0.0);
        const double sum =
            std::accumulate(diagnostics.row_value.begin(), diagnostics.row_value.end(), 0.0);
        return counted > 0 ? sum / double(counted) : 0;
    }

    // The centres (C, D) that the state gives this call in place of the proxies; empty: none.
    void take_given(int64_t C, int64_t D) {
        given_.clear();
        if (!form_.centers->given) return;
        FACET_CHECK(int64_t(form_.centers->value.size()) == C * D,
                    "center: state centers has {} values, expected C D = {}",
                    form_.centers->value.size(), C * D);
        given_ = form_.centers->value;
    }

    template <class T>
    void report_centers(const HeadBatch<T>& batch) {
        const auto [x, w, y, B, C, D] = batch;
        form_.centers->columns = D;
        form_.centers->value = given_.empty() ? std::vector<double>(w, w + C * D) : given_;
        const std::vector<double> before = form_.centers->value;
        std::vector<double> members(C, 0.0);
        for (int64_t i = 0; i < B; ++i) {
            if (y[i] >= 0) members[y[i]] += 1;
        }
        for (int64_t at = 0; at < B * D; ++at) {
            const int64_t j = y[at / D], to = j * D + at % D;
            if (j < 0) continue;
            form_.centers->value[to] -=
                form_.alpha * (before[to] - double(x[at])) / (1 + members[j]);
        }
    }

    CenterForm form_;
    std::vector<double> given_;  // (C, D) centres used instead of the proxies in the last call
};
FACET_LOSS(center, Center);

}  // namespace facet
