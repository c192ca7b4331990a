#pragma once

#include <numeric>

#include "engine/random.h"
#include "losses/head/class_loss.h"
#include "losses/head/softmax_form.h"

namespace facet {

template <class T>
struct ElasticFace : SoftmaxForm<T, ElasticFace<T>> {
    static constexpr LossPage page{
        .name = "elasticface",
        .paper = R"(
Boutros et al., ElasticFace: elastic margin loss for deep face recognition, CVPRW 2022)",
        .group = LossGroup::adaptive,
        .what = "ElasticFace: ArcFace or CosFace with a margin drawn anew for every sample.",
        .formula = R"(
E_i ~ N(m, sigma^2);   arc: z_y = s cos(theta_y + E_i),   cos: z_y = s (c_y - E_i);
z_j = s c_j,   L = -log softmax(z)_y)",
        .gradient = R"(
dL/dc_j = s p_j,
dL/dc_y = -s (1 - p_y) sin(theta_y + E_i)/sin(theta_y) (arc), -s (1 - p_y) (cos))",
        .why = R"(
Past theta = pi - E there is no fallback, as in the authors' code. The margin of row i in call n
comes from (seed, n, i); the state shows the margins used, E. plus: the smallest margin goes to
the largest c_y, the second smallest to the second largest, ...

Derivation: the margin is a number, drawn before: ArcFace's and CosFace's gradients with m = E_i.

compat=released: the authors' code assigns the sorted margins by the inverse permutation, to the
wrong samples.)",
        .state = "E (B), the margins of the last call; draws, the number of calls"};

    bool cos = ask().choice<bool>("kind", {"arc", "cos"}, "margin on angle or cosine");
    T s = ask().positive("s", 64, "scale of the cosines");
    double m = ask().angle("m", 0.5, "mean of the margins");
    double sigma = ask().number("sigma", 0.05, 0, 10, "their standard deviation");
    bool plus = ask().flag("plus", false, "the smallest margin to the largest c_y");
    bool released = ask().choice<bool>("compat", {"none", "released"},
                                       "released: plus by the inverse permutation");
    State* state = &ask().state();
    StateArray* margins = &state->declare("E", false, false);
    StateArray* draws = state->number("draws", 0, 0);

    void open(const Batch<T>& batch) {
        const size_t B = batch.targets.size();
        const auto call = uint64_t(draws->value[0]);
        draws->value[0] += 1;
        if (margins->given) {
            FACET_CHECK(margins->value.size() == B,
                        "elasticface: state E has {} margins, expected B = {}",
                        margins->value.size(), B);
        } else {
            margins->value.resize(B);
            for (size_t i = 0; i < B; ++i) {
                Random random(state->seed, Purpose::Margin, call, i);
                margins->value[i] = m + sigma * random.normal();
            }
        }
        if (plus) rank(batch.targets);
    }

    void rank(std::span<const Target<T>> targets) {
        std::vector<size_t> rows;  // those with a label
        std::vector<double> sorted;
        for (size_t i = 0; i < targets.size(); ++i) {
            if (targets[i].y < 0) continue;
            rows.push_back(i);
            sorted.push_back(margins->value[i]);
        }
        std::sort(sorted.begin(), sorted.end());
        std::vector<size_t> order(rows.size());  // argsort(-c) over `rows`
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
            return targets[rows[a]].cos > targets[rows[b]].cos;
        });
        for (size_t k = 0; k < rows.size(); ++k) {
            const size_t row = released ? k : order[k], rank = released ? order[k] : k;
            margins->value[rows[row]] = sorted[rank];
        }
    }

    TargetLogit<T> target(const Target<T>& y) const {
        const T E = T(margins->value[y.row]);
        return cos ? additive_cosine(y, s, E) : additive_angle(y, s, E);
    }
};
FACET_LOSS(elasticface, ClassLoss<ElasticFace>);

}  // namespace facet
