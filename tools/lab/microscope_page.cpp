#include "tools/lab/microscope_page.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "tools/lab/charts/chart.h"
#include "tools/lab/charts/page.h"
#include "train/files/atomic.h"
#include "train/files/json_lines.h"
#include "train/look.h"

namespace facet {
namespace {

using atlas::Axis, atlas::Chart, atlas::Line, atlas::Scale;
using Json = nlohmann::json;
using Looks = std::vector<Json>;

Looks read_looks(const std::filesystem::path& jsonl) {
    Looks looks = json_lines(jsonl);
    FACET_CHECK(!looks.empty(), "{}: the microscope has not looked yet", jsonl.string());
    return looks;
}

Histogram histogram_of(const Json& look, const char* name) {
    const Json& json = look.at(name);
    return {json.at("low"), json.at("high"), json.at("counts")};
}

// NaN, a gap in a line, where there is none.
double number_of(const Json& json) {
    return json.is_number() ? json.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

template <class Value>
Line over_steps(const Looks& looks, const std::string& label, const std::string& pen, Value value) {
    Line line{label, pen, {}, {}};
    for (const Json& look : looks) {
        line.x.push_back(look.at("step"));
        line.y.push_back(value(look));
    }
    return line;
}

Chart quantiles(const Looks& looks, const char* name, const std::string& title, const Axis& axis) {
    Chart chart{title, {"step"}, axis, {}, true};
    const std::pair<double, const char*> shares[] = {
        {0.95, "95 %"}, {0.5, "median"}, {0.05, "5 %"}};
    int pen = 0;
    for (const auto& [share, label] : shares) {
        chart.lines.push_back(over_steps(looks, label, fmt::format("o{}", pen++),
                                         [&, share = share](const Json& look) {
                                             return histogram_of(look, name).quantile(share);
                                         }));
    }
    return chart;
}

Chart keys_over_steps(const Looks& looks, const std::string& title, const Axis& axis,
                      const std::vector<std::pair<std::string, std::string>>& keys) {
    Chart chart{title, {"step"}, axis, {}, true};
    for (size_t i = 0; i < keys.size(); ++i) {
        const Json::json_pointer at(keys[i].first);
        chart.lines.push_back(
            over_steps(looks, keys[i].second, fmt::format("s{}", i), [&](const Json& look) {
                return look.contains(at) ? number_of(look.at(at)) : std::nan("");
            }));
    }
    return chart;
}

Line density(const Json& look, const char* name, const std::string& label, const char* pen) {
    const Histogram h = histogram_of(look, name);
    double total = 0;
    for (const int64_t n : h.counts) total += static_cast<double>(n);
    const double width = (h.high - h.low) / static_cast<double>(h.counts.size());
    Line line{label, pen, {}, {}};
    for (size_t i = 0; i < h.counts.size(); ++i) {
        line.x.push_back(h.low + width * (static_cast<double>(i) + 0.5));
        line.y.push_back(total > 0 ? static_cast<double>(h.counts[i]) / total / width : 0);
    }
    return line;
}

Chart similarities(const Json& look, const std::string& kind, const std::string& of) {
    const std::string step = fmt::format("{}, step {}", of, look.at("step").get<int64_t>());
    return {step,
            {"cosine", Scale::linear, -1, 1},
            {"density"},
            {density(look, (kind + "positive").c_str(), "same person", "s0"),
             density(look, (kind + "negative").c_str(), "another person", "s1")},
            false};
}

std::string figure(const std::vector<Chart>& charts, const std::string& caption) {
    std::string html = "<figure><div class=\"two\">";
    for (const Chart& chart : charts) {
        html += "<div>" + atlas::draw(chart) + atlas::legend(chart.lines) + "</div>";
    }
    return html + "</div><figcaption>" + caption + "</figcaption></figure>\n";
}

std::string section(const std::string& title, const std::string& body) {
    return "<section><h2>" + title + "</h2>\n" + body + "</section>\n";
}

Chart shares(const Looks& looks, const std::string& of, const std::string& title) {
    std::vector<std::pair<std::string, std::string>> keys;
    for (const int64_t k : kTop) {
        keys.emplace_back(fmt::format("/top_{}/{}", of, k), fmt::format("top {}", k));
    }
    return keys_over_steps(looks, title, {"share of the norms", Scale::percent, 0, 1}, keys);
}

std::string angles(const Looks& looks) {
    const Axis axis{"degrees", Scale::angle};
    return figure({quantiles(looks, "target_angle", "angle to the own proxy", axis),
                   quantiles(looks, "nearest_angle", "angle to the nearest other", axis)},
                  "Quantiles over the rows of a batch.");
}

std::string distributions(const Looks& looks, bool proxies) {
    std::vector<Chart> charts;
    for (const size_t at : {size_t{0}, looks.size() / 2, looks.size() - 1}) {
        if (proxies) charts.push_back(similarities(looks[at], "", "rows and proxies"));
        charts.push_back(similarities(looks[at], "pair_", "pairs of rows"));
    }
    charts.push_back(keys_over_steps(
        looks, "gap", {"cosine"},
        {{proxies ? "/gap" : "/pair_gap", proxies ? "rows and proxies" : "pairs of rows"},
         {"/pair_gap", "pairs of rows"}}));
    if (!proxies) charts.back().lines.pop_back();
    return figure(charts,
                  "Positive and negative similarities as UNPG (Jung et al. 2022) draws them. The "
                  "gap is the positives' 5 % quantile less the negatives' 95 % quantile.");
}

std::string pulls(const Looks& looks, bool proxies) {
    const Axis share{"share", Scale::percent, 0, 1};
    std::vector<std::pair<std::string, std::string>> rates{
        {"/active_rows", "rows with a gradient"}};
    if (proxies) {
        rates.insert(rates.end(), {{"/active_classes", "proxies with a gradient"},
                                   {"/hard_rows", "rows with a harder negative"},
                                   {"/hard_negatives", "negatives harder than the target"}});
    }
    std::vector<Chart> charts{keys_over_steps(looks, "active and hard", share, rates),
                              quantiles(looks, "gradient", "|dL/dx|", {"log10"}),
                              shares(looks, "samples", "gradient of the strongest samples")};
    if (proxies) charts.push_back(shares(looks, "classes", "gradient of the strongest classes"));
    return figure(charts, "Who pulls: norms of dL/dx over samples, of dL/dw over classes.");
}

std::string others(const Looks& looks) {
    std::vector<std::pair<std::string, std::string>> keys;
    for (const auto& [name, cosine] : looks.front().at("others").items()) {
        keys.emplace_back("/others/" + name, name);
    }
    return figure({keys_over_steps(looks, "cosine between the gradients",
                                   {"cosine", Scale::linear, -1, 1}, keys)},
                  "dL/dx of this run's loss and of other losses at their defaults, on the same "
                  "batch, embeddings and proxies.");
}

}  // namespace

std::filesystem::path write_microscope_page(const std::filesystem::path& jsonl,
                                            const std::string& title) {
    const Looks looks = read_looks(jsonl);
    const bool proxies = looks.front().contains("top_classes");
    const std::string heading = atlas::escaped(title);
    std::string html = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
        "<title>{0}</title><style>{1}</style></head>\n<body><header><h1>{0}</h1>"
        "<p class=\"lead\">{2} looks at the gradient, steps {3} to {4}.</p></header><main>\n",
        heading, atlas::kPageStyle, looks.size(), looks.front().at("step").get<int64_t>(),
        looks.back().at("step").get<int64_t>());
    if (proxies) html += section("Angles", angles(looks));
    html += section("Similarities", distributions(looks, proxies));
    html += section("Gradients", pulls(looks, proxies));
    html += section("Beside other losses", others(looks));
    std::filesystem::path page = jsonl.parent_path() / "microscope.html";
    write_file_atomically(page, html + "</main></body></html>\n");
    return page;
}

}  // namespace facet
