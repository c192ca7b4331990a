#include "tools/lab/study/measure.h"

#include <algorithm>
#include <cmath>

#include "losses/head/geometry.h"

namespace facet::study {
namespace {

std::vector<double> in_double(const Tensor& tensor) {
    const std::vector<float> values = tensor.to_vector<float>();
    return {values.begin(), values.end()};
}

std::vector<double> unit_rows(std::vector<double> rows, int64_t n, int64_t D) {
    std::vector<double> norms(n);
    vector_norms("rows", rows.data(), n, D, norms.data());
    unit_vectors(rows.data(), norms.data(), n, D, rows.data());
    return rows;
}

double quantile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
}

double safe_share(double part, double whole) { return whole > 0 ? part / whole : 0; }

}  // namespace

Pull pull_of(const HeadStep& step, Loss& loss) {
    FACET_CHECK(step.w.defined(), "{}: the step has no proxies to measure the pull on",
                loss.name());
    Pull pull{step.x.size(0), step.w.size(0), step.labels, {}, {}};
    const int64_t D = step.x.size(1);
    const std::vector<double> x = in_double(step.x), w = in_double(step.w);
    pull.dcos.resize(pull.B * pull.C);
    HeadDiagnostics diagnostics;
    loss.forward_backward({x.data(), w.data(), step.labels.data(), pull.B, pull.C, D},
                          {nullptr, nullptr, pull.dcos.data()}, diagnostics);
    const std::vector<double> xh = unit_rows(x, pull.B, D), wh = unit_rows(w, pull.C, D);
    pull.cosine.resize(pull.B * pull.C);
    for (int64_t i = 0; i < pull.B; ++i) {
        for (int64_t j = 0; j < pull.C; ++j) {
            double sum = 0;
            for (int64_t d = 0; d < D; ++d) sum += xh[i * D + d] * wh[j * D + d];
            pull.cosine[i * pull.C + j] = std::clamp(sum, -1.0, 1.0);
        }
    }
    return pull;
}

Support support_of(const Pull& pull, double m) {
    double support = 0, on_support = 0, on_all = 0;
    for (int64_t i = 0; i < pull.B; ++i) {
        const double* c = &pull.cosine[i * pull.C];
        const double threshold = c[pull.labels[i]] - m;
        for (int64_t j = 0; j < pull.C; ++j) {
            if (j == pull.labels[i]) continue;
            const double force = std::abs(pull.dcos[i * pull.C + j]);
            on_all += force;
            if (c[j] <= threshold) continue;
            ++support;
            on_support += force;
        }
    }
    const auto negatives = static_cast<double>(pull.B * (pull.C - 1));
    return {safe_share(support, negatives), safe_share(on_support, on_all)};
}

CollaborativeMargin collaborative_margin(const Pull& pull, double m0, double m1) {
    std::vector<double> margins;
    double rows = 0, hard = 0;
    for (int64_t i = 0; i < pull.B; ++i) {
        const double* c = &pull.cosine[i * pull.C];
        const double threshold = std::cos(std::acos(c[pull.labels[i]]) + m0);
        double sum = 0, count = 0;
        for (int64_t j = 0; j < pull.C; ++j) {
            if (j == pull.labels[i] || c[j] <= threshold) continue;
            sum += c[j];
            ++count;
        }
        margins.push_back(m0 + (count > 0 ? m1 * sum / count : 0));
        rows += count > 0;
        hard += count;
    }
    double total = 0;
    for (const double m : margins) total += m;
    return {total / static_cast<double>(pull.B), quantile(margins, 0.05), quantile(margins, 0.95),
            rows / static_cast<double>(pull.B),
            safe_share(hard, static_cast<double>(pull.B * (pull.C - 1)))};
}

}  // namespace facet::study
