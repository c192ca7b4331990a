#include "tools/lab/study/figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

namespace facet::study {
namespace {

using atlas::Chart;
using atlas::svg_line;
using atlas::svg_text;

constexpr double kWidth = 400, kHeight = 258, kLegendLine = 18;

// Means are lines, single runs dots of the same colour.
const char* const kStyle = R"(<style>
text { font: 11.5px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #7d848c }
.title { font-weight: 600; font-size: 12.5px }
path { fill: none; stroke-linejoin: round; stroke-linecap: round }
.grid { stroke: #7d848c; stroke-opacity: 0.22 } .axis { stroke: #7d848c }
.curves path, .mean { stroke-width: 2.2 }
.curves .dot { stroke-width: 5; stroke-opacity: 0.55 }
.s0 { stroke: #3d85d6 } .s1 { stroke: #e07b28 } .s2 { stroke: #2f9e6b } .s3 { stroke: #b066c9 }
.s4 { stroke: #b39300 } .s5 { stroke: #d0506a } .s6 { stroke: #3aa6b9 } .s7 { stroke: #8a6f5a }
</style>
)";

bool is_dots(const atlas::Line& line) { return line.pen.ends_with(" dot"); }

// draw() makes a part of a page; here it becomes a part of a picture.
std::string placed(const std::string& part, double x, double y) {
    const std::string start = "<svg ";
    return fmt::format("<svg x=\"{:g}\" y=\"{:g}\" width=\"380\" height=\"250\" ", x, y) +
           part.substr(start.size());
}

// Breaks into lines where the panel ends; returns the lines needed.
int append_legend(std::string& svg, const Chart& chart, double left, double top) {
    double x = 0;
    int line_number = 0;
    for (const atlas::Line& line : chart.lines) {
        if (is_dots(line)) continue;
        const double width = 26 + 6.1 * static_cast<double>(line.label.size()) + 14;
        if (x > 0 && x + width > kWidth - 20) {
            x = 0;
            ++line_number;
        }
        const double y = top + kLegendLine * line_number;
        svg +=
            fmt::format("<path class=\"{} mean\" d=\"M{:g} {:g}h18\"/>\n", line.pen, left + x, y);
        svg += svg_text(left + x + 24, y + 4, "start", line.label);
        x += width;
    }
    return line_number + 1;
}

struct Extent {
    double low = std::numeric_limits<double>::infinity(), high = -low;

    void add(double v) {
        if (!std::isfinite(v)) return;
        low = std::min(low, v);
        high = std::max(high, v);
    }
};

void append_dots(std::string& svg, const Dots& dots, double left, double top) {
    constexpr double label_width = 148, width = 225, first = 30;
    const double step = std::min(24.0, 182.0 / static_cast<double>(dots.rows.size()));
    const double bottom = top + first + step * static_cast<double>(dots.rows.size());
    std::vector<double> all;
    for (const Dots::Row& row : dots.rows)
        all.insert(all.end(), row.values.begin(), row.values.end());
    const atlas::Axis axis = fitted(dots.x_title, all);
    const auto at = [&](double v) {
        return left + label_width + width * (v - axis.low) / (axis.high - axis.low);
    };
    svg += svg_text(left + 8, top + 14, "start", dots.title, "title");
    const atlas::Ticks ticks = atlas::nice_ticks(axis.low, axis.high);
    for (int k = 0; k < ticks.count; ++k) {
        const double v = ticks.first + k * ticks.step;
        svg += svg_line(at(v), top + first, at(v), bottom, "grid");
        const bool zero = std::abs(v) < 1e-9 * ticks.step;
        svg += svg_text(at(v), bottom + 15, "middle", atlas::number_text(zero ? 0 : v));
    }
    svg += svg_text(left + label_width + width / 2, bottom + 33, "middle", dots.x_title);
    double y = top + first + step / 2;
    for (const Dots::Row& row : dots.rows) {
        svg += svg_text(left + label_width - 8, y + 4, "end", row.label);
        const double centre = at(std::accumulate(row.values.begin(), row.values.end(), 0.0) /
                                 double(row.values.size()));
        svg += fmt::format(
            "<path class=\"s0 mean\" d=\"M{:.1f} {:.1f}v{:.1f}\"/>\n<g class=\"curves\">", centre,
            y - step / 3, 2 * step / 3);
        for (const double v : row.values) {
            svg += fmt::format("<path class=\"s0 dot\" d=\"M{:.1f} {:.1f}h0\"/>", at(v), y);
        }
        svg += "</g>\n";
        y += step;
    }
}

double shown(double coordinate, atlas::Scale scale) {
    return scale == atlas::Scale::log ? std::pow(10, coordinate) : coordinate;
}

// Commas would end a field.
std::string field(std::string text) {
    std::replace(text.begin(), text.end(), ',', ';');
    return text;
}

void append_csv(std::string& csv, const Chart& chart) {
    for (const atlas::Line& line : chart.lines) {
        for (size_t k = 0; k < line.x.size(); ++k) {
            if (!std::isfinite(line.y[k])) continue;
            if (is_dots(line) && k % 3 != 0) continue;  // a dot is a line from a point to itself
            fmt::format_to(std::back_inserter(csv), "{},{},{:.6g},{:.6g}\n", field(chart.title),
                           field(line.label), shown(line.x[k], chart.x.scale),
                           shown(line.y[k], chart.y.scale));
        }
    }
}

void append_csv(std::string& csv, const Dots& dots) {
    for (const Dots::Row& row : dots.rows) {
        for (size_t k = 0; k < row.values.size(); ++k) {
            fmt::format_to(std::back_inserter(csv), "{},{},{},{:.6g}\n", field(dots.title),
                           field(row.label), k, row.values[k]);
        }
    }
}

}  // namespace

void add_sweep(Chart& chart, const std::string& label, int number, const std::vector<double>& x,
               const std::vector<std::vector<double>>& y) {
    const double gap = std::numeric_limits<double>::quiet_NaN();
    const std::string pen = fmt::format("s{}", number);
    atlas::Line means{label, pen, x, {}}, dots{label + " (each run)", pen + " dot", {}, {}};
    for (size_t k = 0; k < x.size(); ++k) {
        means.y.push_back(std::accumulate(y[k].begin(), y[k].end(), 0.0) / double(y[k].size()));
        for (const double v : y[k]) {
            dots.x.insert(dots.x.end(), {x[k], x[k], gap});
            dots.y.insert(dots.y.end(), {v, v, gap});
        }
    }
    chart.lines.push_back(std::move(dots));
    chart.lines.push_back(std::move(means));
}

atlas::Axis fitted(const std::string& title, const std::vector<double>& values) {
    Extent extent;
    for (const double v : values) extent.add(v);
    if (extent.low > extent.high) extent = {0, 1};
    // Near 0, or all alike: 0 belongs to the picture.
    if (extent.low > 0 && extent.low < 0.3 * extent.high) extent.low = 0;
    const atlas::Ticks ticks = atlas::nice_ticks(extent.low, extent.high);
    return {title, atlas::Scale::linear, ticks.first, ticks.first + ticks.step * (ticks.count - 1)};
}

std::vector<double> heights(const Chart& chart) {
    std::vector<double> all;
    for (const atlas::Line& line : chart.lines) all.insert(all.end(), line.y.begin(), line.y.end());
    return all;
}

std::string svg(const Figure& figure) {
    std::string parts;
    double bottom = 0, top = 0;
    for (size_t k = 0; k < figure.panels.size(); ++k) {
        const double left = 10 + kWidth * static_cast<double>(k % 2);
        if (k % 2 == 0) top = bottom + 6;
        if (const auto* chart = std::get_if<Chart>(&figure.panels[k])) {
            parts += placed(draw(*chart), left, top);
            const int lines = append_legend(parts, *chart, left + 40, top + kHeight);
            bottom = std::max(bottom, top + kHeight + kLegendLine * lines);
        } else {
            const Dots& dots = std::get<Dots>(figure.panels[k]);
            append_dots(parts, dots, left, top);
            bottom = std::max(bottom, top + kHeight);
        }
    }
    const double width = figure.panels.size() == 1 ? kWidth + 10 : 2 * kWidth + 10;
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
               "viewBox=\"0 0 {0} {1}\" role=\"img\">\n<title>{2}</title>\n",
               width, bottom, atlas::escaped(figure.name)) +
           kStyle + parts + "</svg>\n";
}

std::string csv(const Figure& figure) {
    std::string text = "panel,series,x,y\n";
    for (const Panel& panel : figure.panels) {
        std::visit([&](const auto& p) { append_csv(text, p); }, panel);
    }
    return text;
}

}  // namespace facet::study
