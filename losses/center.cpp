#include "losses/center.h"

#include <algorithm>

#include "engine/error.h"

namespace facet {

const std::vector<double>& Center::take_given(std::int64_t C, std::int64_t D) {
    given_.clear();
    if (centers_->given) {
        FACET_CHECK(std::int64_t(centers_->value.size()) == C * D,
                    "center: state centers has {} values, expected C D = {}",
                    centers_->value.size(), C * D);
        given_ = centers_->value;
    }
    return given_;
}

template <class T>
double Center::run(const HeadBatch<T>& batch, const HeadGradient<T>& gradient,
                   HeadWorkspace<T>& workspace) {
    const auto [x, w, y, B, C, D] = batch;
    FACET_CHECK(gradient.dcos == nullptr, "center: it reads no cosines, so there is no dcos");
    const std::int64_t counted = check_labels(y, B, C);
    workspace.x_norm.resize(B);
    workspace.w_norm.resize(C);
    vector_norms("embeddings", x, B, D, workspace.x_norm.data());  // refuses what is not finite
    vector_norms("proxies", w, C, D, workspace.w_norm.data());
    take_given(C, D);
    if (gradient.dx) std::fill_n(gradient.dx, B * D, T(0));
    if (gradient.dw) std::fill_n(gradient.dw, C * D, T(0));
    workspace.target_cosine.assign(B, 0.0);
    workspace.row_value.assign(B, 0.0);
    double sum = 0;
    for (std::int64_t i = 0; i < B; ++i) {
        if (y[i] < 0) continue;
        double squares = 0;
        for (std::int64_t d = 0; d < D; ++d) {
            const std::int64_t at = y[i] * D + d;
            const double centre = given_.empty() ? double(w[at]) : given_[at];
            const double difference = double(x[i * D + d]) - centre;
            squares += difference * difference;
            const T g = T(difference / double(counted));
            if (gradient.dx) gradient.dx[i * D + d] = g;
            if (gradient.dw) gradient.dw[at] -= g;
        }
        workspace.row_value[i] = squares / 2;
        sum += squares / 2;
    }
    state_.end_call();
    return counted > 0 ? sum / double(counted) : 0;
}

template <class T>
void Center::tell(const HeadBatch<T>& batch) {
    const auto [x, w, y, B, C, D] = batch;
    centers_->columns = D;
    centers_->value = given_.empty() ? std::vector<double>(w, w + C * D) : given_;
    const std::vector<double> before = centers_->value;
    std::vector<double> members(C, 0.0);
    for (std::int64_t i = 0; i < B; ++i) {
        if (y[i] >= 0) members[y[i]] += 1;
    }
    for (std::int64_t i = 0; i < B; ++i) {
        if (y[i] < 0) continue;
        for (std::int64_t d = 0; d < D; ++d) {
            const std::int64_t at = y[i] * D + d;
            centers_->value[at] -=
                alpha_ * (before[at] - double(x[i * D + d])) / (1 + members[y[i]]);
        }
    }
}

LossInfo Center::info() {
    return {.name = "center",
            .paper =
                "Wen et al., A discriminative feature learning approach for deep face "
                "recognition, ECCV 2016",
            .formula = "L = 1/2 |x - w_y|^2, raw vectors; the proxies are the centres",
            .gradient = "dx = x - w_y, dw_y = w_y - x (each divided by B)",
            .parameters = {number("alpha", "0.5", 0, 1, "rate of the paper's own centre update")},
            .state = "centers (C, D): what the paper's update would make of the proxies"};
}

template double Center::run(const HeadBatch<float>&, const HeadGradient<float>&,
                            HeadWorkspace<float>&);
template void Center::tell(const HeadBatch<float>&);
template void Center::tell(const HeadBatch<double>&);
template double Center::run(const HeadBatch<double>&, const HeadGradient<double>&,
                            HeadWorkspace<double>&);

}  // namespace facet
