// (e) What a mode or a public variant of a loss changes, as a ratio over the angle.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/lab/atlas/studies.h"
#include "tools/lab/atlas/table.h"
#include "tools/lab/charts/chart.h"

namespace facet::atlas {
namespace {

constexpr double kHardest = 70;  // degrees
constexpr int kMostLines = 8;

// Two losses that differ in one parameter.
struct Comparison {
    LossSpec reference, variant;
    std::string name;   // "grad=detached": what is unlike the loss that was asked for
    std::string label;  // what is divided by what
};

std::vector<std::string> other_choices(const Loss& loss, const ParameterInfo& parameter) {
    std::vector<std::string> others = parameter.choices;
    if (parameter.kind == ParameterInfo::Kind::flag) others = {"true", "false"};
    std::erase(others, loss.settings().text(parameter.name));
    return others;
}

// Every choice that was not made, and for `beyond` also both gradients under each of its choices:
// what a gradient mode changes shows past pi - m only there.
std::vector<Comparison> comparisons(const LossSpec& spec) {
    std::vector<Comparison> list;
    const auto loss = spec.make();
    for (const ParameterInfo& p : loss->info().parameters) {
        for (const std::string& choice : other_choices(*loss, p)) {
            const std::string change = p.name + "=" + choice;
            list.push_back(
                {spec, spec.with({{p.name, choice}}), change,
                 fmt::format("{}={} ÷ {}", p.name, loss->settings().text(p.name), choice)});
        }
    }
    if (!loss->settings().declares("beyond") || !loss->settings().declares("grad")) return list;
    if (loss->settings().is("beyond", "none")) return list;
    const LossSpec bare = spec.with({{"beyond", "none"}, {"grad", "exact"}});
    list.push_back({bare, bare.with({{"grad", "detached"}}), "beyond=none,grad=detached",
                    "with beyond=none: grad=exact ÷ detached"});
    return list;
}

struct Ratios {
    Line target, negative;
    bool differ = false;
};

double ratio_of(double a, double b) { return b == 0 ? NAN : a / b; }

Ratios compare(const Comparison& comparison, const std::filesystem::path& folder) {
    const bool proxies = comparison.reference.make()->has_proxies();
    Probe reference(comparison.reference, proxies ? 998 : 8);
    Probe variant(comparison.variant, proxies ? 998 : 8);
    Table table{{"theta_y_degrees", "value", "value_variant", "dL_dtheta_y", "dL_dtheta_y_variant",
                 "ratio", "dL_dcos_j", "dL_dcos_j_variant", "ratio_negative"}};
    Ratios ratios;
    const auto add = [](Line& line, double degrees, double ratio) {
        line.x.push_back(degrees);
        line.y.push_back(std::isfinite(ratio) ? ratio_scale(std::clamp(ratio, -1e6, 1e6)) : NAN);
    };
    const auto unlike = [](double a, double b) {
        return std::abs(a - b) > 1e-9 * std::max(std::abs(a), std::abs(b));
    };
    for (int degrees = 1; degrees < 180; ++degrees) {
        const Reading a = reference.at(radians(degrees), radians(kHardest));
        const Reading b = variant.at(radians(degrees), radians(kHardest));
        const double target = ratio_of(a.target, b.target);
        const double negative = ratio_of(a.negative, b.negative);
        table.add({double(degrees), a.value, b.value, a.target, b.target, target, a.negative,
                   b.negative, negative});
        add(ratios.target, degrees, target);
        add(ratios.negative, degrees, negative);
        ratios.differ |= unlike(a.target, b.target) || unlike(a.negative, b.negative);
    }
    write_table(folder / ("ratio-" + comparison.name), table);
    return ratios;
}

}  // namespace

std::string study_variants(const LossSpec& spec, const std::filesystem::path& folder) {
    std::vector<Line> targets, negatives;
    std::vector<std::string> same;
    for (const Comparison& comparison : comparisons(spec)) {
        Ratios ratios = compare(comparison, folder);
        if (!ratios.differ || targets.size() == kMostLines) {
            same.push_back(comparison.name);
            continue;
        }
        ratios.target.label = ratios.negative.label = comparison.label;
        ratios.target.pen = ratios.negative.pen = fmt::format("s{}", targets.size());
        targets.push_back(std::move(ratios.target));
        negatives.push_back(std::move(ratios.negative));
    }
    const std::string alike =
        same.empty() ? ""
                     : fmt::format("<p class=\"none\">The same gradient in this scene: {}.</p>\n",
                                   escaped(join_names(same)));
    if (targets.empty()) {
        return same.empty() ? "<p class=\"none\">This loss has one mode only.</p>\n" : alike;
    }
    const Axis angle{"θy, angle to its own class", Scale::angle}, ratio{"", Scale::ratio};
    return "<figure><div class=\"two\">" +
           draw({"ratio of dL/dθy, its own class", angle, ratio, targets}) +
           draw({"ratio of dL/dcos θj, the other class at 70°", angle, ratio, negatives}) +
           "</div>" + legend(targets) +
           "<figcaption>A curve off 1 is a difference that the same name hides; the scale is "
           "logarithmic away from 0, gaps are where the variant has no gradient.</figcaption>"
           "</figure>\n" +
           alike;
}

}  // namespace facet::atlas
