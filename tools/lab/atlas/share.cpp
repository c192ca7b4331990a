// (d) How the negatives share the gradient, against their number and against the scale.
#include "tools/lab/atlas/share.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <numeric>
#include <optional>

#include "tools/lab/atlas/studies.h"
#include "tools/lab/atlas/table.h"
#include "tools/lab/charts/chart.h"

namespace facet::atlas {
namespace {

constexpr double kTargetAngle = 60;              // degrees
constexpr double kSpread = 0.04419417382415922;  // 1/sqrt(512)
constexpr int64_t kClasses = 10000, kRows = 64;  // where the scale varies

// z with P(normal < z) = p, by halving.
double normal_quantile(double p) {
    double low = -9, high = 9;
    for (int k = 0; k < 56; ++k) {
        const double z = (low + high) / 2;
        (std::erfc(-z / std::numbers::sqrt2) / 2 < p ? low : high) = z;
    }
    return (low + high) / 2;
}

// n cosines as they are expected among random directions in 512 dimensions, the largest first.
std::vector<double> spread_cosines(int64_t n) {
    std::vector<double> c;
    for (int64_t j = 0; j < n; ++j)
        c.push_back(kSpread * normal_quantile(1 - (double(j) + 0.5) / double(n)));
    return c;
}

// |dL/dcos_j| of n negatives.
std::vector<double> masses_among_proxies(const LossSpec& spec, double length, int64_t n) {
    Trial trial(spec);
    trial.D = 3;
    trial.x = {length, 0, 0};
    trial.y = {0};
    trial.w.resize(size_t(3 * (n + 1)));
    put(&trial.w[0], 3, 1, radians(kTargetAngle), 1);
    const std::vector<double> c = spread_cosines(n);
    for (int64_t j = 0; j < n; ++j)
        put(&trial.w[size_t(3 * (j + 1))], 3, 1, std::acos(c[size_t(j)]), 2);
    if (!trial.cosines()) return std::vector<double>(size_t(n), 0.0);
    trial.evaluate(true);
    std::vector<double> masses;
    for (int64_t j = 1; j <= n; ++j) masses.push_back(std::abs(trial.dcos[size_t(j)]));
    return masses;
}

// The same in a batch: a second sample of the class, and two equal ones of each other class, every
// class in a direction of its own, so that the gradient of the sample tells them apart.
std::vector<double> masses_among_rows(const LossSpec& spec, double length, int64_t n) {
    Trial trial(spec);
    trial.D = 2 + n;
    const auto add = [&](double angle, int64_t axis, int64_t label) {
        trial.x.resize(trial.x.size() + size_t(trial.D));
        put(&trial.x[trial.x.size() - size_t(trial.D)], trial.D, length, angle, axis);
        trial.y.push_back(label);
    };
    add(0, 1, 0);
    add(radians(kTargetAngle), 1, 0);
    const std::vector<double> c = spread_cosines(n);
    for (int64_t j = 0; j < n; ++j) {
        for (int twin = 0; twin < 2; ++twin) add(std::acos(c[size_t(j)]), 2 + j, 1 + j);
    }
    trial.evaluate();
    std::vector<double> masses;
    for (int64_t j = 0; j < n; ++j) {
        const double cosine = c[size_t(j)];
        masses.push_back(
            std::abs(length * trial.dx[size_t(2 + j)] / std::sqrt(1 - cosine * cosine)));
    }
    return masses;
}

std::vector<double> masses_of(const LossSpec& spec, double length, int64_t n) {
    return spec.make()->has_proxies() ? masses_among_proxies(spec, length, n)
                                      : masses_among_rows(spec, length, n);
}

// The parameter that sharpens a loss: its value at a given scale, or the length of x.
struct ScaleKnob {
    std::string name;  // for the axis
    std::function<std::pair<LossSpec, double>(double scale)> at;
};

std::optional<ScaleKnob> scale_knob(const LossSpec& spec) {
    const double length = typical(spec).length;
    const auto by = [&](const std::string& parameter, const std::string& name, auto value) {
        return ScaleKnob{name, [=](double scale) {
                             const std::string text = fmt::format("{}", value(scale));
                             return std::pair(spec.with({{parameter, text}}), length);
                         }};
    };
    const auto itself = [](double scale) { return scale; };
    const auto inverse = [](double scale) { return 1 / scale; };
    static const std::map<std::string, std::string> named = {
        {"circle", "gamma"},       {"circle-pair", "gamma"},     {"npt-lse", "tau"},
        {"proxy-anchor", "alpha"}, {"multi-similarity", "beta"}, {"sphereface2", "r"}};
    static const std::map<std::string, std::string> temperatures = {
        {"infonce", "tau"}, {"supcon", "tau"}, {"proxy-nca-pp", "T"}};
    if (const auto it = named.find(spec.name); it != named.end())
        return by(it->second, it->second, itself);
    if (const auto it = temperatures.find(spec.name); it != temperatures.end())
        return by(it->second, "1/" + it->second, inverse);
    if (spec.make()->settings().declares("s")) return by("s", "s", itself);
    if (spec.name == "softmax" || spec.name == "sphereface" || spec.name == "npair")
        return ScaleKnob{"|x|", [=](double scale) { return std::pair(spec, scale); }};
    return std::nullopt;
}

struct Sweep {
    std::vector<Line> shares{
        {"the largest 1", "o0", {}, {}}, {"10", "o1", {}, {}}, {"100", "o2", {}, {}}};
    Line effective{"effective number", "s0", {}, {}};

    void add(double at, const Share& share) {
        const double x = std::log10(at);
        const double values[] = {share.top1, share.top10, share.top100};
        for (size_t k = 0; k < 3; ++k) {
            shares[k].x.push_back(x);
            shares[k].y.push_back(values[k]);
        }
        effective.x.push_back(x);
        effective.y.push_back(std::log10(share.effective));
    }
};

std::string drawn(const Sweep& sweep, const std::string& axis, const std::string& against,
                  const std::string& caption) {
    Chart shares, effective;
    shares.title = "share of the largest, " + against;
    shares.y.scale = Scale::percent;
    shares.lines = sweep.shares;
    effective.title = "effective number of negatives, " + against;
    effective.y = {"", Scale::log, 0, 5};
    effective.lines = {sweep.effective};
    shares.x = effective.x = {axis, Scale::log};
    return "<figure><div class=\"two\">" + draw(shares) + draw(effective) + "</div>" +
           legend(sweep.shares) + "<figcaption>" + caption + "</figcaption></figure>\n";
}

void record(Table& table, Sweep& sweep, double at, const Share& share) {
    table.add({at, share.top1, share.top10, share.top100, share.effective});
    sweep.add(at, share);
}

}  // namespace

Share share_of(std::vector<double> masses) {
    std::sort(masses.begin(), masses.end(), std::greater<>());
    const double sum = std::accumulate(masses.begin(), masses.end(), 0.0);
    if (sum == 0) return {NAN, NAN, NAN, NAN};
    const auto top = [&](size_t k) {
        const auto end = masses.begin() + std::ptrdiff_t(std::min(k, masses.size()));
        return std::accumulate(masses.begin(), end, 0.0) / sum;
    };
    double squares = 0;
    for (const double g : masses) squares += (g / sum) * (g / sum);
    return {top(1), top(10), top(100), 1 / squares};
}

std::string study_share(const LossSpec& spec, const std::filesystem::path& folder) {
    const bool proxies = spec.make()->has_proxies();
    const std::vector<std::string> columns = {"top1", "top10", "top100", "effective_number"};
    const auto table_over = [&](const char* first) {
        Table table{{first}};
        table.columns.insert(table.columns.end(), columns.begin(), columns.end());
        return table;
    };

    Table by_classes = table_over("negatives");
    Sweep classes;
    const std::vector<int64_t> counts =
        proxies ? std::vector<int64_t>{10, 32, 100, 316, 1000, 3162, 10000, 31623, 100000}
                : std::vector<int64_t>{2, 4, 8, 16, 32, 64, 128};
    const double length = typical(spec).length;
    for (const int64_t n : counts)
        record(by_classes, classes, double(n), share_of(masses_of(spec, length, n)));
    write_table(folder / "share-of-classes", by_classes);
    if (std::isnan(classes.effective.y.back()))
        return "<p class=\"none\">The gradient does not look at other classes.</p>\n";
    std::string html =
        drawn(classes, proxies ? "number of other classes" : "other classes in the batch",
              proxies ? "against C" : "against the batch",
              "A flat line high up mines: the same few negatives have everything, "
              "however many there are.");

    const auto knob = scale_knob(spec);
    if (!knob) return html + "<p class=\"none\">This loss has no scale that is a parameter.</p>\n";
    Table by_scale = table_over("scale");
    Sweep scales;
    for (double scale = 1; scale <= 256; scale *= 2) {
        const auto [scaled, at_length] = knob->at(scale);
        const Share share = share_of(masses_of(scaled, at_length, proxies ? kClasses - 1 : kRows));
        record(by_scale, scales, scale, share);
    }
    write_table(folder / "share-over-scale", by_scale);
    return html + drawn(scales, "scale, " + knob->name,
                        proxies ? "C = 10,000" : fmt::format("{} other classes", kRows),
                        "A small scale spreads the gradient over all negatives, a large one leaves "
                        "it to the hardest.");
}

}  // namespace facet::atlas
