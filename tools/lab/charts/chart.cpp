#include "tools/lab/charts/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>

#include "train/files/text.h"

namespace facet::atlas {
namespace {

constexpr double kRatioThreshold = 0.02;  // below it the scale of ratios is linear

struct Range {
    double low, high;
};

struct Tick {
    double at;
    std::string label;
};

Range data_range(const Chart& chart, std::vector<double> Line::*data) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const Line& line : chart.lines) {
        for (const double v : line.*data) {
            if (!std::isfinite(v)) continue;
            low = std::min(low, v);
            high = std::max(high, v);
        }
    }
    return low <= high ? Range{low, high} : Range{0, 1};
}

Range range_of(const Chart& chart, const Axis& axis, std::vector<double> Line::*data) {
    if (axis.low < axis.high) return {axis.low, axis.high};
    switch (axis.scale) {
        case Scale::angle:
            return {0, 180};
        case Scale::percent:
            return {0, 1};
        case Scale::ratio:
            return {ratio_scale(-100), ratio_scale(100)};
        case Scale::log: {
            const Range r = data_range(chart, data);
            const double low = std::floor(r.low + 1e-9);
            return {low, std::max(std::ceil(r.high - 1e-9), low + 1)};
        }
        case Scale::linear:
            break;
    }
    const Range r = data_range(chart, data);
    const Ticks ticks = nice_ticks(std::min(r.low, 0.0), std::max(r.high, 0.0));
    return {ticks.first, ticks.first + ticks.step * (ticks.count - 1)};
}

std::string power_text(int exponent) {
    if (exponent >= 0 && exponent <= 3) return fmt::format("{:g}", std::pow(10, exponent));
    if (exponent > 3 && exponent < 6) return fmt::format("{:g}k", std::pow(10, exponent - 3));
    if (exponent < 0 && exponent >= -2) return fmt::format("{:g}", std::pow(10, exponent));
    return fmt::format("1e{}", exponent);
}

std::vector<Tick> ticks_of(Scale scale, const Range& range) {
    std::vector<Tick> ticks;
    switch (scale) {
        case Scale::angle:
            for (int v = 0; v <= 180; v += 30) ticks.push_back({double(v), fmt::format("{}°", v)});
            break;
        case Scale::percent:
            for (int v = 0; v <= 100; v += 25) ticks.push_back({v / 100.0, fmt::format("{} %", v)});
            break;
        case Scale::ratio:
            for (const double v : {-100.0, -10.0, -1.0, -0.1, 0.0, 0.1, 1.0, 10.0, 100.0})
                ticks.push_back({ratio_scale(v), fmt::format("{:g}", v)});
            break;
        case Scale::log: {
            const int step = range.high - range.low > 7 ? 2 : 1;
            for (int v = int(range.low); v <= int(range.high); v += step)
                ticks.push_back({double(v), power_text(v)});
            break;
        }
        case Scale::linear: {
            const Ticks nice = nice_ticks(range.low, range.high);
            for (int k = 0; k < nice.count; ++k) {
                const double v = nice.first + k * nice.step;
                ticks.push_back({v, number_text(std::abs(v) < 1e-9 * nice.step ? 0 : v)});
            }
        }
    }
    return ticks;
}

const char* scale_name(Scale scale) {
    constexpr std::array<const char*, 5> names = {"linear", "angle", "log", "ratio", "percent"};
    return names[size_t(scale)];
}

// A path with relative moves of a tenth of a unit: a third of the size of absolute ones.
std::string path_of(const Line& line, const Frame& f, const Range& x, const Range& y) {
    std::string path;
    long last_x = 0, last_y = 0;
    bool drawing = false;
    for (size_t k = 0; k < line.x.size(); ++k) {
        if (!std::isfinite(line.x[k]) || !std::isfinite(line.y[k])) {
            drawing = false;
            continue;
        }
        const double u = (line.x[k] - x.low) / (x.high - x.low);
        const double v = (line.y[k] - y.low) / (y.high - y.low);
        const long to_x = std::lround(10 * (f.left + f.width * u));
        const long to_y = std::lround(10 * (f.top + f.height * (1 - std::clamp(v, -0.02, 1.02))));
        const auto tenths = [&](long n) { path += fmt::format("{:g} ", double(n) / 10); };
        path += drawing ? 'l' : 'M';
        tenths(drawing ? to_x - last_x : to_x);
        tenths(drawing ? to_y - last_y : to_y);
        path.pop_back();
        last_x = to_x;
        last_y = to_y;
        drawing = true;
    }
    return path;
}

}  // namespace

std::string escaped(const std::string& text) {
    std::string safe;
    for (const char c : text_of(text)) {
        if (c == '&') {
            safe += "&amp;";
        } else if (c == '<') {
            safe += "&lt;";
        } else if (c == '>') {
            safe += "&gt;";
        } else if (c == '"') {
            safe += "&quot;";
        } else {
            safe += c;
        }
    }
    return safe;
}

std::string number_text(double v) { return fmt::format("{:.4g}", v + 0.0); }

double ratio_scale(double ratio) { return std::asinh(ratio / kRatioThreshold); }

Ticks nice_ticks(double low, double high) {
    const double span =
        std::max(high - low, 1e-12 * std::max(std::abs(low), std::abs(high)) + 1e-30);
    const double least = span / 5, power = std::pow(10.0, std::floor(std::log10(least)));
    double step = power;
    for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
        step = factor * power;
        if (step >= least * (1 - 1e-6)) break;
    }
    const double first = std::floor(low / step + 1e-6) * step;
    const double last = std::max(std::ceil(high / step - 1e-6) * step, first + step);
    return {first, step, int(std::lround((last - first) / step)) + 1};
}

std::string svg_text(double x, double y, const char* anchor, const std::string& text,
                     const char* kind) {
    return fmt::format("<text x=\"{:g}\" y=\"{:g}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n",
                       std::round(x * 10) / 10, std::round(y * 10) / 10, anchor, kind,
                       escaped(text));
}

std::string svg_line(double x1, double y1, double x2, double y2, const char* kind) {
    const auto tenth = [](double v) { return std::round(v * 10) / 10; };
    return fmt::format("<path d=\"M{:g} {:g}L{:g} {:g}\" class=\"{}\"/>\n", tenth(x1), tenth(y1),
                       tenth(x2), tenth(y2), kind);
}

std::string angle_axes(const Frame& f, const std::string& x_title, const std::string& y_title) {
    std::string svg;
    for (int v = 0; v <= 180; v += 30) {
        const double x = f.left + f.width * v / 180, y = f.top + f.height * (1 - v / 180.0);
        svg += svg_line(x, f.top + f.height, x, f.top + f.height + 4, "axis");
        svg += svg_line(f.left - 4, y, f.left, y, "axis");
        svg += svg_text(x, f.top + f.height + 16, "middle", fmt::format("{}°", v));
        svg += svg_text(f.left - 7, y + 4, "end", fmt::format("{}°", v));
    }
    svg += svg_text(f.left + f.width / 2, f.top + f.height + 33, "middle", x_title);
    return svg + svg_text(f.left - 40, f.top - 9, "start", y_title);
}

std::string draw(const Chart& chart) {
    const Frame f;
    const Range x = range_of(chart, chart.x, &Line::x), y = range_of(chart, chart.y, &Line::y);
    std::string svg = fmt::format(
        "<svg class=\"chart\" viewBox=\"0 0 380 250\" role=\"img\" data-x=\"{:g} {:g} {}\" "
        "data-y=\"{:g} {:g} {}\"{}><title>{}</title>\n",
        x.low, x.high, scale_name(chart.x.scale), y.low, y.high, scale_name(chart.y.scale),
        chart.same_units ? " data-same=\"\"" : "", escaped(chart.title));
    svg += svg_text(8, 14, "start", chart.title, "title");
    svg += "<g class=\"axes\">\n";
    for (const Tick& tick : ticks_of(chart.x.scale, x)) {
        const double at = f.left + f.width * (tick.at - x.low) / (x.high - x.low);
        svg += svg_line(at, f.top, at, f.top + f.height, "grid");
        svg += svg_text(at, f.top + f.height + 15, "middle", tick.label);
    }
    for (const Tick& tick : ticks_of(chart.y.scale, y)) {
        const double at = f.top + f.height * (1 - (tick.at - y.low) / (y.high - y.low));
        svg += svg_line(f.left, at, f.left + f.width, at, tick.label == "0" ? "axis" : "grid");
        svg += svg_text(f.left - 6, at + 4, "end", tick.label);
    }
    svg +=
        "</g>\n" + svg_text(f.left + f.width / 2, f.top + f.height + 33, "middle", chart.x.title);
    svg += "<g class=\"curves\">\n";
    for (const Line& line : chart.lines) {
        svg += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", line.pen, path_of(line, f, x, y));
    }
    return svg + "</g></svg>\n";
}

std::string legend(std::span<const Line> lines) {
    std::string html = "<p class=\"legend\">";
    for (const Line& line : lines) {
        html += fmt::format("<span><i class=\"{}\"></i>{}</span> ", line.pen, escaped(line.label));
    }
    return html + "</p>\n";
}

std::string sparkline(const std::vector<double>& y) {
    Line line{"", "s0", {}, y};
    for (size_t k = 0; k < y.size(); ++k) line.x.push_back(double(k));
    double low = 0, high = 0;
    for (const double v : y) {
        if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
    }
    if (high == low) high = low + 1;
    const Frame f{2, 3, 96, 34, 100, 40};
    const double zero = f.top + f.height * high / (high - low);
    return "<svg class=\"spark\" viewBox=\"0 0 100 40\" aria-hidden=\"true\">" +
           svg_line(2, zero, 98, zero, "axis") +
           fmt::format("<path class=\"s0\" d=\"{}\"/></svg>",
                       path_of(line, f, {0, double(y.size() - 1)}, {low, high}));
}

}  // namespace facet::atlas
