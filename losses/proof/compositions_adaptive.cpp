// Cross-entropies whose scale or margins come from statistics of the batch, or from chance.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/random.h"
#include "losses/proof/compositions.h"

namespace facet::composed {
namespace {

constexpr double kPi = std::numbers::pi;

// The elements of the rows that count.
std::vector<double> counted_values(Composer& c, const Expr& rows) {
    const std::vector<double> all = rows.value().to_doubles();
    std::vector<double> values;
    for (const int64_t i : c.counted()) values.push_back(all[i]);
    return values;
}

double lower_median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[(values.size() - 1) / 2];
}

}  // namespace

// s = log B_avg / cos(min(pi/4, median theta_y)), B_avg = mean_i sum_{j != y} exp(s_old c_ij);
// s_old where that is not above 0.
Expr adacos(Composer& c) {
    const bool has_rivals = c.C() > 1;
    double& state = c.number("s", has_rivals ? std::sqrt(2.0) * std::log(double(c.C()) - 1) : 0.0);
    const Shape matrix{c.B(), c.C()};
    const Expr all = c.cosines(), angle = c.target_angle();
    Expr s = filled(c.zero(), state);
    if (has_rivals && c.settings.flag("dynamic") && !c.counted().empty()) {
        const Expr terms = c.others() * columns(c.counts(), c.C());
        const Shape line{1, c.B() * c.C()};
        const Expr log_sum = log_sum_exp(reshape(detach(state * all), line), reshape(terms, line));
        const Expr log_mean = log_sum - std::log(double(c.counted().size()));
        const Expr median = filled(s, lower_median(counted_values(c, angle)));
        if (log_mean.value().item() > 0) s = log_mean / cos(clamp(median, 0, kPi / 4));
        state = s.value().item();
    }
    return c.cross_entropy(repeated(s, {c.B()}) * c.target_cosine(), repeated(s, matrix) * all);
}

// The margin follows the norm, q in [-1, 1]: cos(theta - m q) - (m + m q). The norms' mean and
// standard deviation are running statistics; nothing of q is differentiated.
Expr adaface(Composer& c) {
    const Settings& set = c.settings;
    const double s = set.number("s"), m = set.number("m"), eps = set.number("eps"),
                 alpha = set.number("t_alpha");
    double &mean = c.number("mean", 20), &deviation = c.number("std", 100);
    const Expr norm = detach(clip(c.norms(), 1e-3, 100));
    Expr mean_now = filled(c.zero(), mean), deviation_now = filled(c.zero(), deviation);
    if (const double n = double(c.counted().size()); n >= 2) {
        const Expr batch_mean = c.mean(norm);
        const Expr apart = norm - repeated(batch_mean, {c.B()});
        const Expr batch_deviation = sqrt((n / (n - 1)) * c.mean(apart * apart));
        mean_now = alpha * batch_mean + (1 - alpha) * mean_now;
        deviation_now = alpha * batch_deviation + (1 - alpha) * deviation_now;
        mean = mean_now.value().item();
        deviation = deviation_now.value().item();
    }
    const Expr above = norm - repeated(mean_now, {c.B()});
    const Expr q = clamp(
        set.number("h") * (above / repeated(deviation_now + set.number("eps"), {c.B()})), -1, 1);

    const double smallest = std::acos(1 - eps);  // the angle of the largest cosine
    const Expr theta = clip(c.target_angle(), smallest, kPi - smallest);
    const Expr target = cos(clip(theta - m * q, eps, kPi - eps)) - m * (q + 1);
    return c.cross_entropy(s * target, s * clip(c.cosines(), -1 + eps, 1 - eps));
}

namespace {

// Margins by rank: the row with the largest cosine gets the smallest one.
void assign_by_rank(const Indices& rows, const std::vector<double>& cosine,
                    std::vector<double>& margins) {
    std::vector<double> rising;
    for (const int64_t i : rows) rising.push_back(margins[i]);
    std::sort(rising.begin(), rising.end());
    Indices by_cosine = rows;
    std::stable_sort(by_cosine.begin(), by_cosine.end(),
                     [&](int64_t a, int64_t b) { return cosine[a] > cosine[b]; });
    for (size_t rank = 0; rank < rising.size(); ++rank) margins[by_cosine[rank]] = rising[rank];
}

// E_i, (B): those given, else m + sigma N(0, 1) from the stream of this call and row.
std::vector<double> elastic_margins(Composer& c) {
    const double m = c.settings.number("m"), sigma = c.settings.number("sigma");
    StateArray& margins = c.array("E", false);
    const auto call = uint64_t(c.number("draws", 0)++);
    if (!margins.given) {
        margins.value.clear();
        for (int64_t i = 0; i < c.B(); ++i)
            margins.value.push_back(
                m + sigma * Random(c.seed(), Purpose::Margin, call, uint64_t(i)).normal());
    }
    FACET_CHECK(int64_t(margins.value.size()) == c.B(), "loss state: E has {} margins, expected {}",
                margins.value.size(), c.B());
    if (c.settings.flag("plus")) {
        assign_by_rank(c.counted(), c.target_cosine().value().to_doubles(), margins.value);
    }
    return margins.value;
}

}  // namespace

// cos(theta + E_i), or c - E_i, with a margin drawn for every sample.
Expr elasticface(Composer& c) {
    const double s = c.settings.number("s");
    const Expr cosine = c.target_cosine();
    const Expr margin =
        c.x.constant(Tensor::from(c.x.value().device(), {c.B()}, elastic_margins(c)));
    const Expr target =
        c.settings.is("kind", "arc") ? cos(c.target_angle() + margin) : cosine - margin;
    return c.cross_entropy(s * target, s * c.cosines());
}

}  // namespace facet::composed
