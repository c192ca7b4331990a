// Pictures of a study: a few charts beside each other as one SVG document, and their numbers as
// CSV.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "tools/lab/charts/chart.h"

namespace facet::study {

// Values of named rows on one horizontal axis: a dot a run, a bar at the mean.
struct Dots {
    std::string title, x_title;
    struct Row {
        std::string label;
        std::vector<double> values;  // (seeds)
    };
    std::vector<Row> rows;
};

using Panel = std::variant<atlas::Chart, Dots>;

struct Figure {
    std::string name;     // of its files: NAME-<name>.svg, .csv
    std::string caption;  // Markdown
    std::vector<Panel> panels;
};

// A line of means over x, and the dots of the single runs behind it. y: (x, seeds). `number`
// chooses the colour.
void add_sweep(atlas::Chart& chart, const std::string& label, int number,
               const std::vector<double>& x, const std::vector<std::vector<double>>& y);

// An axis over the values, from one round number to another, without 0 where that is far.
atlas::Axis fitted(const std::string& title, const std::vector<double>& values);
// All y of a chart.
std::vector<double> heights(const atlas::Chart& chart);

// A whole SVG document, readable on white and on black; two panels a row.
std::string svg(const Figure& figure);
// "panel,series,x,y" of every point; of dots: the row, the run's number and its value.
std::string csv(const Figure& figure);

}  // namespace facet::study
