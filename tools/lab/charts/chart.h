// Line charts as inline SVG. Colours are CSS classes of the page (page_style.cpp), so that one
// drawing serves light, dark and print.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace facet::atlas {

// Text for HTML and SVG.
std::string escaped(const std::string& text);
// Four significant digits, "0", "-3.2e-05".
std::string number_text(double v);

enum class Scale {
    linear,
    angle,    // degrees 0 to 180
    log,      // coordinates are log10 of what is shown
    ratio,    // coordinates are ratio_scale() of what is shown: -100 to 100
    percent,  // 0 to 1, shown as 0 to 100 %
};

// Monotone over all real numbers, logarithmic away from 0: ratios of either sign on one axis.
double ratio_scale(double ratio);

struct Axis {
    std::string title = {};  // below the plot; what goes upwards is in the chart's own title
    Scale scale = Scale::linear;
    double low = 0, high = 0;  // where low < high, the range is not taken from the data
};

struct Line {
    std::string label;
    std::string pen;           // class: "o0".."o3" for an ordered quantity, "s0".."s7" for kinds
    std::vector<double> x, y;  // NaN: a gap
};

struct Chart {
    std::string title = {};
    Axis x = {}, y = {};
    std::vector<Line> lines = {};
    bool same_units = false;  // of any two losses: the script never enlarges one of them
};

// <svg class="chart">, 380 x 250 units. The page's script reads its ranges and scales from data-x
// and data-y, to lay the lines of two losses over each other.
std::string draw(const Chart& chart);

// A legend of <span>s that breaks into lines where it must.
std::string legend(std::span<const Line> lines);

// A small line without axes, for tables and galleries.
std::string sparkline(const std::vector<double>& y);

// Position of ticks: multiples of 1, 2 or 5 times a power of ten, about five of them, that enclose
// low and high.
struct Ticks {
    double first, step;
    int count;
};
Ticks nice_ticks(double low, double high);

// The area of a plot inside its drawing, and the mapping into it.
struct Frame {
    double left = 48, top = 26, width = 318, height = 182;
    double total_width = 380, total_height = 250;
};
std::string angle_axes(const Frame& frame, const std::string& x_title, const std::string& y_title);
std::string svg_text(double x, double y, const char* anchor, const std::string& text,
                     const char* kind = "label");
std::string svg_line(double x1, double y1, double x2, double y2, const char* kind);

}  // namespace facet::atlas
