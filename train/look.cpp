#include "train/look.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <numeric>

#include "engine/parallel.h"
#include "losses/head/gemm.h"
#include "losses/head/geometry.h"

namespace facet {
namespace {

constexpr int64_t tile_width = 4096;  // classes at a time

double degrees(double cosine) {
    return std::acos(std::clamp(cosine, -1.0, 1.0)) * 180 / std::numbers::pi;
}

// Unit vectors of the rows of x (n, D), and their lengths.
struct Rows {
    int64_t n, D;
    std::vector<float> unit;
    std::vector<double> norm;

    explicit Rows(const Tensor& x)
        : n(x.size(0)), D(x.size(1)), unit(x.to_vector<float>()), norm(n) {
        vector_norms("rows", unit.data(), n, D, norm.data());
        unit_vectors(unit.data(), norm.data(), n, D, unit.data());
    }
};

// One row of cosines, seen tile by tile.
struct RowOfCosines {
    double target = 0, nearest = -2;
    int64_t harder = 0;
    std::vector<int64_t> negatives;  // counts, in the bins of Look::negative
};

double cosine_of(const float* a, const float* b, int64_t D) {
    double sum = 0;
    for (int64_t d = 0; d < D; ++d) sum += static_cast<double>(a[d]) * b[d];
    return std::clamp(sum, -1.0, 1.0);
}

void see_tile(const float* cosines, int64_t first, int64_t width, int64_t label,
              const Histogram& bins, RowOfCosines& row) {
    for (int64_t j = 0; j < width; ++j) {
        if (first + j == label) continue;
        const double c = cosines[j];
        row.nearest = std::max(row.nearest, c);
        row.harder += c > row.target;
        ++row.negatives[bins.bin_of(c)];
    }
}

void see_proxies(const Rows& x, const Rows& w, const std::vector<int64_t>& labels, Look& look) {
    std::vector<RowOfCosines> rows(x.n);
    for (int64_t i = 0; i < x.n; ++i) {
        if (labels[i] < 0) continue;
        rows[i].negatives.resize(look.negative.counts.size());
        rows[i].target = cosine_of(&x.unit[i * x.D], &w.unit[labels[i] * x.D], x.D);
    }
    std::vector<float> cosines(x.n * std::min(tile_width, w.n));
    for (int64_t first = 0; first < w.n; first += tile_width) {
        const int64_t width = std::min(tile_width, w.n - first);
        gemm<float>(Op::none, Op::transpose, x.n, width, x.D, x.unit.data(), x.D,
                    &w.unit[first * x.D], x.D, 0.0f, cosines.data(), width);
        parallel_for(x.n, x.n * width, [&](int64_t i) {
            if (labels[i] < 0) return;
            see_tile(&cosines[i * width], first, width, labels[i], look.negative, rows[i]);
        });
    }
    int64_t counted = 0, harder = 0, hard_rows = 0;
    for (int64_t i = 0; i < x.n; ++i) {
        if (labels[i] < 0) continue;
        ++counted;
        harder += rows[i].harder;
        hard_rows += rows[i].harder > 0;
        look.target_angle.add(degrees(rows[i].target));
        look.nearest_angle.add(degrees(rows[i].nearest));
        look.positive.add(rows[i].target);
        std::transform(rows[i].negatives.begin(), rows[i].negatives.end(),
                       look.negative.counts.begin(), look.negative.counts.begin(), std::plus<>());
    }
    if (counted == 0) return;
    const int64_t negatives = counted * std::max<int64_t>(w.n - 1, 1);
    look.hard_negatives = static_cast<double>(harder) / static_cast<double>(negatives);
    look.hard_rows = static_cast<double>(hard_rows) / static_cast<double>(counted);
    look.gap = look.positive.quantile(0.05) - look.negative.quantile(0.95);
}

void see_pairs(const Rows& x, const std::vector<int64_t>& labels, Look& look) {
    std::vector<float> cosines(x.n * x.n);
    gemm<float>(Op::none, Op::transpose, x.n, x.n, x.D, x.unit.data(), x.D, x.unit.data(), x.D,
                0.0f, cosines.data(), x.n);
    for (int64_t u = 0; u < x.n; ++u) {
        for (int64_t v = 0; v < u; ++v) {
            if (labels[u] < 0 || labels[v] < 0) continue;
            (labels[u] == labels[v] ? look.pair_positive : look.pair_negative)
                .add(cosines[u * x.n + v]);
        }
    }
    look.pair_gap = look.pair_positive.quantile(0.05) - look.pair_negative.quantile(0.95);
}

std::vector<double> lengths(const Tensor& x) {
    const std::vector<float> values = x.to_vector<float>();
    const int64_t D = x.size(1);
    std::vector<double> norms(x.size(0));
    parallel_for(x.size(0), x.count(), [&](int64_t i) {
        double squares = 0;
        for (int64_t d = 0; d < D; ++d) {
            const double v = values[i * D + d];
            squares += v * v;
        }
        norms[i] = std::sqrt(squares);
    });
    return norms;
}

double share_above_zero(const std::vector<double>& values) {
    const auto active = std::count_if(values.begin(), values.end(), [](double v) { return v > 0; });
    return static_cast<double>(active) / static_cast<double>(std::max<size_t>(values.size(), 1));
}

// For each of kTop, the share of the sum that the largest so many have; 0 of a sum of 0.
std::vector<double> top_shares(std::vector<double> values) {
    std::sort(values.begin(), values.end(), std::greater<>());
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    std::vector<double> shares;
    for (const int64_t k : kTop) {
        const auto end = values.begin() + std::min<int64_t>(k, std::ssize(values));
        shares.push_back(sum > 0 ? std::accumulate(values.begin(), end, 0.0) / sum : 0);
    }
    return shares;
}

double cosine_between(const std::vector<float>& a, const std::vector<float>& b) {
    double product = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        product += static_cast<double>(a[i]) * b[i];
        aa += static_cast<double>(a[i]) * a[i];
        bb += static_cast<double>(b[i]) * b[i];
    }
    return aa > 0 && bb > 0 ? product / std::sqrt(aa * bb) : 0;
}

void see_others(const HeadStep& step, const std::vector<std::unique_ptr<Loss>>& others,
                Look& look) {
    const std::vector<float> x = step.x.to_vector<float>(), own = step.dx.to_vector<float>();
    std::vector<float> w;
    HeadBatch<float> batch{x.data(),       nullptr, step.labels.data(),
                           step.x.size(0), 0,       step.x.size(1)};
    if (step.w.defined()) {
        w = step.w.to_vector<float>();
        batch.w = w.data();
        batch.C = step.w.size(0);
    }
    std::vector<float> dx(x.size());
    HeadDiagnostics diagnostics;
    HeadOptions options;
    options.head = Head::streamed;
    for (const auto& loss : others) {
        loss->forward_backward(batch, {dx.data(), nullptr, nullptr}, diagnostics, options);
        look.others.push_back({loss->name(), cosine_between(own, dx)});
    }
}

}  // namespace

size_t Histogram::bin_of(double value) const {
    const auto bins = static_cast<double>(counts.size());
    return static_cast<size_t>(std::clamp((value - low) / (high - low) * bins, 0.0, bins - 1));
}

double Histogram::quantile(double share) const {
    const auto total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
    double left = share * static_cast<double>(total);
    const double width = (high - low) / static_cast<double>(counts.size());
    for (size_t bin = 0; bin < counts.size(); ++bin) {
        const auto here = static_cast<double>(counts[bin]);
        if (here > 0 && left <= here) {
            return low + width * (static_cast<double>(bin) + left / here);
        }
        left -= here;
    }
    return std::numeric_limits<double>::quiet_NaN();
}

Look look_at(const HeadStep& step, const std::vector<std::unique_ptr<Loss>>& others) {
    Look look;
    const Rows x(step.x);
    if (step.w.defined()) {
        see_proxies(x, Rows(step.w), step.labels, look);
        const std::vector<double> by_class = lengths(step.dw);
        look.active_classes = share_above_zero(by_class);
        look.top_classes = top_shares(by_class);
    }
    see_pairs(x, step.labels, look);
    const std::vector<double> by_sample = lengths(step.dx);
    look.active_rows = share_above_zero(by_sample);
    look.top_samples = top_shares(by_sample);
    for (const double norm : by_sample) {
        if (norm > 0) look.gradient.add(std::log10(norm));
    }
    see_others(step, others, look);
    return look;
}

}  // namespace facet
