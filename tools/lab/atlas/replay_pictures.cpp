#include "tools/lab/atlas/replay_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/lab/charts/chart.h"
#include "tools/lab/charts/page.h"

namespace facet::atlas {
namespace {

// The outline of a histogram: parts of all values that fall into each of the bins.
Line outline(const std::string& label, const char* pen, const std::vector<double>& values,
             double low, double high, int bins) {
    std::vector<double> counts(size_t(bins), 0.0);
    double all = 0;
    for (const double v : values) {
        if (!std::isfinite(v)) continue;
        const double at = std::clamp((v - low) / (high - low) * bins, 0.0, bins - 1.0);
        counts[size_t(at)] += 1;
        all += 1;
    }
    Line line{label, pen, {low}, {0}};
    for (int k = 0; k < bins; ++k) {
        const double part = all > 0 ? 100 * counts[size_t(k)] / all : 0;
        for (const int side : {0, 1}) {
            line.x.push_back(low + (high - low) * (k + side) / bins);
            line.y.push_back(part);
        }
    }
    line.x.push_back(high);
    line.y.push_back(0);
    return line;
}

}  // namespace

std::string angle_picture(const Angles& angles, bool proxies) {
    const std::vector<Line> lines = {
        outline("its own class", "s0", angles.own, 0, 180, 60),
        outline("nearest other class", "s1", angles.other, 0, 180, 60)};
    Chart chart{"angles of the samples, % of samples", {"angle", Scale::angle}, {}, lines};
    return "<figure><div class=\"two\">" + draw(chart) + "<div>" + legend(lines) +
           "<figcaption>Where the curves overlap, samples stand nearer to another class than to "
           "their own. " +
           (proxies
                ? "Angles are to proxies."
                : "Without proxies: the farthest sample of the class, the nearest of another.") +
           "</figcaption></div></div></figure>\n";
}

std::string matrix_picture(const std::vector<LossSpec>& specs, const std::vector<double>& cosines) {
    const size_t n = specs.size();
    std::string html = "<figure><div class=\"scroll\"><table class=\"matrix\"><thead><tr><th></th>";
    for (size_t k = 0; k < n; ++k) html += fmt::format("<th>{}</th>", k + 1);
    html += "</tr></thead><tbody>\n";
    for (size_t a = 0; a < n; ++a) {
        html += fmt::format("<tr><th>{} {}</th>", a + 1, loss_link(specs[a].label()));
        for (size_t b = 0; b < n; ++b) {
            const double c = cosines[a * n + b];
            html += fmt::format(
                "<td style=\"background:color-mix(in srgb,var({}) "
                "{:.0f}%,var(--card))\">{:.2f}</td>",
                c < 0 ? "--s1" : "--s0", std::isfinite(c) ? 55 * std::abs(c) : 0, c);
        }
        html += "</tr>\n";
    }
    return html +
           "</tbody></table></div><figcaption>Cosine between the gradients of two losses by all "
           "embeddings: 1, they ask for the same step; 0, for unrelated ones; below 0, for "
           "opposite "
           "ones.</figcaption></figure>\n";
}

std::string norms_picture(const Gradients& found, const Angles& angles) {
    std::vector<double> logs;
    for (const double norm : found.norms) logs.push_back(norm > 0 ? std::log10(norm) : NAN);
    const auto still = std::count(found.norms.begin(), found.norms.end(), 0.0);
    const std::vector<Line> histogram = {outline("samples", "s0", logs, -12, 4, 64)};

    constexpr int kBins = 36;
    std::vector<double> sums(kBins, 0.0), counts(kBins, 0.0);
    for (size_t i = 0; i < angles.own.size(); ++i) {
        if (!std::isfinite(angles.own[i])) continue;
        const auto bin = size_t(std::min(angles.own[i] / 180 * kBins, kBins - 1.0));
        sums[bin] += found.norms[i];
        counts[bin] += 1;
    }
    Line mean{"mean", "s0", {}, {}};
    for (int k = 0; k < kBins; ++k) {
        mean.x.push_back(180.0 * (k + 0.5) / kBins);
        mean.y.push_back(counts[size_t(k)] > 0 ? sums[size_t(k)] / counts[size_t(k)] : NAN);
    }
    return "<figure><div class=\"two\">" +
           draw({"gradient norm |dL/dx| of a sample, % of samples",
                 {"|dL/dx|", Scale::log, -12, 4},
                 {},
                 histogram,
                 true}) +
           draw({"mean gradient norm over the angle",
                 {"angle to its own class", Scale::angle},
                 {},
                 {mean}}) +
           "</div>" + legend(histogram) +
           fmt::format(
               "<figcaption>Loss {}. {} of {} samples have a gradient of exactly 0; norms "
               "below 1e-12 are counted at the left end.</figcaption></figure>\n",
               number_text(found.value), still, found.norms.size());
}

std::string share_picture(const Gradients& found) {
    if (found.shares.empty())
        return "<p class=\"none\">The loss has no cosines to proxies whose shares could be told "
               "apart.</p>\n";
    std::vector<double> effective, top1, top10;
    for (const Share& share : found.shares) {
        effective.push_back(std::log10(share.effective));
        top1.push_back(share.top1);
        top10.push_back(share.top10);
    }
    const std::vector<Line> tops = {outline("of the largest negative", "o0", top1, 0, 1, 40),
                                    outline("of the 10 largest", "o1", top10, 0, 1, 40)};
    return "<figure><div class=\"two\">" +
           draw({"share of the push, % of samples", {"share", Scale::percent}, {}, tops, true}) +
           draw({"effective number of negatives, % of samples",
                 {"effective number", Scale::log, 0, 6},
                 {},
                 {outline("samples", "s0", effective, 0, 6, 48)},
                 true}) +
           "</div>" + legend(tops) +
           "<figcaption>Far to the right in the first picture, far to the left in the second: few "
           "negatives have all of the gradient.</figcaption></figure>\n";
}

}  // namespace facet::atlas
