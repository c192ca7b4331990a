// The roofline as an SVG: floating-point operations a second over operations a byte, both
// logarithmic (Williams, Waterman & Patterson 2009). A dot is a primitive, its area its share of
// the step.
#include <algorithm>
#include <cmath>

#include "tools/profile/profile.h"

namespace facet::profile {
namespace {

constexpr double width = 910, height = 480, left = 64, right = 560, top = 24, bottom = 432;

struct Axis {
    double low, high;  // powers of ten
    double from, to;   // pixels

    double at(double value) const {
        return from + (std::log10(value) - low) / (high - low) * (to - from);
    }
};

std::string line(double x1, double y1, double x2, double y2, const char* kind) {
    return fmt::format(
        "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", kind, x1,
        y1, x2, y2);
}

std::string text(double x, double y, const char* anchor, const std::string& words) {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y,
                       anchor, words);
}

std::string power_of_ten(double exponent) {
    return fmt::format("10<tspan dy=\"-5\" font-size=\"9\">{:g}</tspan>", exponent);
}

std::string grid(const Axis& x, const Axis& y) {
    std::string svg;
    for (double p = x.low; p <= x.high; ++p) {
        const double at = x.at(std::pow(10, p));
        svg += line(at, top, at, bottom, "grid") + text(at, bottom + 18, "middle", power_of_ten(p));
    }
    for (double p = y.low; p <= y.high; ++p) {
        const double at = y.at(std::pow(10, p));
        svg += line(left, at, right, at, "grid") + text(left - 8, at + 4, "end", power_of_ten(p));
    }
    svg += text((left + right) / 2, bottom + 38, "middle", "floating-point operations a byte");
    svg += text(left - 8, top - 8, "start", "GFLOP/s");
    return svg;
}

}  // namespace

std::string roofline_picture(const Report& report) {
    std::vector<Row> rows = rows_of(report.recording, report.peaks, By::Kernel);
    std::erase_if(rows, [](const Row& row) { return row.flops <= 0 || row.bytes <= 0; });
    const double peak = report.peaks.flops / 1e9, bandwidth = report.peaks.bandwidth / 1e9;
    const double ridge = peak / bandwidth;
    double low = peak, high = peak, least = 0.1, most = ridge;
    for (const Row& row : rows) {
        low = std::min(low, row.flops / row.seconds / 1e9);
        high = std::max(high, row.flops / row.seconds / 1e9);
        least = std::min(least, row.flops / row.bytes);
        most = std::max(most, row.flops / row.bytes);
    }
    const Axis x{std::floor(std::log10(least)), std::ceil(std::log10(most)), left, right};
    const Axis y{std::floor(std::log10(low)), std::ceil(std::log10(high * 1.01)), bottom, top};

    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:g} {1:g}\" width=\"{0:g}\" "
        "height=\"{1:g}\" font-family=\"sans-serif\" font-size=\"12\">\n"
        "<style>\n"
        "svg {{ color: #222; background: #fff }} text {{ fill: currentColor }}\n"
        ".grid {{ stroke: currentColor; opacity: 0.15 }}\n"
        ".roof {{ stroke: #d62728; stroke-width: 2 }}\n"
        ".dot {{ fill: #1f77b4; fill-opacity: 0.55; stroke: #1f77b4 }}\n"
        "@media (prefers-color-scheme: dark) {{ svg {{ color: #ddd; background: #161616 }} }}\n"
        "</style>\n",
        width, height);
    svg += grid(x, y);
    const double start = std::pow(10, x.low),
                 begin = std::max(start, std::pow(10, y.low) / bandwidth);
    svg += line(x.at(begin), y.at(begin * bandwidth), x.at(ridge), y.at(peak), "roof");
    svg += line(x.at(ridge), y.at(peak), right, y.at(peak), "roof");
    const double step = report.recording.step_seconds();
    double place = top;
    svg += text(right + 24, place, "start",
                fmt::format("{:.0f} GFLOP/s, {:.1f} GB/s", peak, bandwidth));
    int number = 0;
    for (const Row& row : rows) {
        const double share = row.seconds / step;
        const double cx = x.at(row.flops / row.bytes), cy = y.at(row.flops / row.seconds / 1e9);
        svg += fmt::format("<circle class=\"dot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\"/>\n", cx,
                           cy, 4 + 30 * std::sqrt(share));
        svg += text(cx, cy + 4, "middle", fmt::format("{}", ++number));
        place += 20;
        svg += text(right + 24, place, "start",
                    fmt::format("{} {} {}, {:.1f} %", number, row.name, row.phase, 100 * share));
    }
    return svg + "</svg>\n";
}

}  // namespace facet::profile
