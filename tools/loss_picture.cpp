#include "tools/loss_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace facet {
namespace {

// Colour, width and dashes of the curves: where two coincide both are seen.
struct Pen {
    const char* colour;
    double width;
    const char* dashes;
};
constexpr std::array<Pen, 4> kPens = {{{"#3d85d6", 3.2, ""},
                                       {"#e07b28", 2.2, "7 3"},
                                       {"#2f9e6b", 1.8, "3 3"},
                                       {"#b066c9", 1.6, "9 3 2 3"}}};

// The area of one plot, pixels.
struct Frame {
    double left, top, width, height;
};
// 1.5 pixels a degree.
constexpr Frame kValueFrame = {48, 44, 270, 180}, kSlopeFrame = {374, 44, 270, 180};

// Ticks at multiples of `step` that enclose the data and 0.
struct Range {
    double low, high, step;

    double at(double v) const { return (v - low) / (high - low); }  // 0 below, 1 above
};

// The smallest of 1, 2, 5, 10, 20, ... that needs at most six steps.
Range range_of(const std::vector<Curve>& curves, std::vector<double> Curve::*data) {
    double low = 0, high = 0;
    for (const Curve& curve : curves) {
        for (const double v : curve.*data) {
            low = std::min(low, v);
            high = std::max(high, v);
        }
    }
    // Rounding may leave 1e-16 where a curve is 0.
    const double slack = 1e-6 * (high - low) + 1e-12;
    const double least = (high - low) / 6;
    const double power = std::pow(10.0, std::floor(std::log10(std::max(least, 1e-9))));
    double step = power;
    for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
        step = factor * power;
        if (step >= least * (1 - 1e-6)) break;
    }
    const double first = std::floor((low + slack) / step), last = std::ceil((high - slack) / step);
    return {first * step, std::max(last, first + 1) * step, step};
}

void append_line(std::string& svg, double x1, double y1, double x2, double y2, const char* kind) {
    fmt::format_to(std::back_inserter(svg),
                   "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n",
                   x1, y1, x2, y2, kind);
}

void append_text(std::string& svg, double x, double y, const char* anchor, const std::string& text,
                 const char* kind = "label") {
    fmt::format_to(std::back_inserter(svg),
                   "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n", x,
                   y, anchor, kind, text);
}

void append_axes(std::string& svg, const Frame& f, const Range& range, const std::string& title,
                 const std::string& angle) {
    append_text(svg, f.left, f.top - 12, "start", title, "title");
    for (int degrees = 0; degrees <= 180; degrees += 45) {
        const double x = f.left + f.width * degrees / 180;
        append_line(svg, x, f.top, x, f.top + f.height, "grid");
        append_text(svg, x, f.top + f.height + 16, "middle", fmt::format("{}", degrees));
    }
    const int steps = int(std::lround((range.high - range.low) / range.step));
    for (int k = 0; k <= steps; ++k) {
        const double v = range.low + k * range.step;
        const double y = f.top + f.height * (1 - range.at(v));
        append_line(svg, f.left, y, f.left + f.width, y, std::abs(v) < 1e-9 ? "axis" : "grid");
        append_text(svg, f.left - 6, y + 4, "end",
                    fmt::format("{:g}", std::abs(v) < 1e-9 ? 0.0 : v));
    }
    append_text(svg, f.left + f.width / 2, f.top + f.height + 33, "middle", angle);
}

void append_curve(std::string& svg, const Frame& f, const Range& range,
                  const std::vector<double>& values, const Pen& pen) {
    fmt::format_to(std::back_inserter(svg),
                   "<polyline class=\"curve\" stroke=\"{}\" stroke-width=\"{:.1f}\" "
                   "stroke-dasharray=\"{}\" points=\"",
                   pen.colour, pen.width, *pen.dashes ? pen.dashes : "none");
    for (size_t k = 0; k < values.size(); ++k) {
        const double x = f.left + f.width * (double(k) + 0.5) / double(values.size());
        const double y = f.top + f.height * (1 - range.at(values[k]));
        fmt::format_to(std::back_inserter(svg), "{}{:.1f},{:.1f}", k == 0 ? "" : " ", x, y);
    }
    svg += "\"/>\n";
}

void append_legend(std::string& svg, const std::vector<Curve>& curves) {
    double x = kValueFrame.left;
    for (size_t k = 0; k < curves.size(); ++k) {
        const Pen& pen = kPens[k % kPens.size()];
        fmt::format_to(
            std::back_inserter(svg),
            "<path class=\"curve\" stroke=\"{}\" stroke-width=\"{:.1f}\" stroke-dasharray=\"{}\" "
            "d=\"M{:.1f} 284h28\"/>\n",
            pen.colour, pen.width, *pen.dashes ? pen.dashes : "none", x);
        append_text(svg, x + 34, 288, "start", curves[k].label);
        x += 34 + 7.2 * double(curves[k].label.size()) + 22;
    }
}

}  // namespace

std::string loss_picture(const std::string& title, const CurvePicture& picture) {
    std::string svg = fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" width="660" height="300" viewBox="0 0 660 300" role="img">
<title>{}</title>
<style>
text {{ font: 12px system-ui, sans-serif; fill: #7d848c }}
.title {{ font-weight: 600; font-size: 13px }}
.grid {{ stroke: #7d848c; stroke-opacity: 0.22 }}
.axis {{ stroke: #7d848c }}
.curve {{ fill: none; stroke-linejoin: round }}
</style>
)",
        title);
    const Range values = range_of(picture.curves, &Curve::value);
    const Range slopes = range_of(picture.curves, &Curve::slope);
    append_axes(svg, kValueFrame, values, "value L", picture.angle);
    append_axes(svg, kSlopeFrame, slopes, "gradient dL/dθ, per radian", picture.angle);
    for (size_t k = 0; k < picture.curves.size(); ++k) {
        const Pen& pen = kPens[k % kPens.size()];
        append_curve(svg, kValueFrame, values, picture.curves[k].value, pen);
        append_curve(svg, kSlopeFrame, slopes, picture.curves[k].slope, pen);
    }
    append_legend(svg, picture.curves);
    return svg + "</svg>\n";
}

}  // namespace facet
