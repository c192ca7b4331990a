// (a) Value and gradient over the angle to the own class.
#include <fmt/format.h>

#include "tools/lab/atlas/studies.h"
#include "tools/lab/atlas/table.h"
#include "tools/lab/charts/chart.h"

namespace facet::atlas {
namespace {

constexpr int kAngles = 180;  // at 0.5, 1.5, ... degrees: switches of losses lie on whole ones

struct Setting {
    double hardest;  // degrees
    int64_t rest;    // classes at 90 degrees
    std::string label, pen;
};

std::vector<Setting> over_hardest(bool proxies) {
    const int64_t rest = proxies ? 998 : 8;
    return {{30, rest, "hardest at 30°", "o0"},
            {50, rest, "50°", "o1"},
            {70, rest, "70°", "o2"},
            {90, rest, "90°", "o3"}};
}

// All others at 90 degrees: their number then counts most.
std::vector<Setting> over_classes(bool proxies) {
    if (!proxies) {
        return {{90, 1, "2 other classes", "o0"}, {90, 8, "9", "o1"}, {90, 32, "33", "o2"}};
    }
    return {{90, 8, "C = 10", "o0"}, {90, 998, "C = 1000", "o1"}, {90, 99998, "C = 100,000", "o2"}};
}

struct Measured {
    std::vector<Line> values, slopes;
};

Measured measure(const LossSpec& spec, const std::vector<Setting>& settings, Table& table) {
    Measured measured;
    for (const Setting& setting : settings) {
        Probe probe(spec, setting.rest);
        Line value{setting.label, setting.pen, {}, {}};
        Line slope = value;
        for (int k = 0; k < kAngles; ++k) {
            const double degrees = k + 0.5;
            const Reading reading = probe.at(radians(degrees), radians(setting.hardest));
            value.x.push_back(degrees);
            value.y.push_back(reading.value);
            slope.x.push_back(degrees);
            slope.y.push_back(reading.target);
            table.add({setting.hardest, double(setting.rest + 2), degrees, reading.value,
                       reading.target});
        }
        measured.values.push_back(std::move(value));
        measured.slopes.push_back(std::move(slope));
    }
    return measured;
}

std::string chart_over_angle(const std::string& title, const std::vector<Line>& lines) {
    Chart chart;
    chart.title = title;
    chart.x = {"θy, angle to its own class", Scale::angle};
    chart.lines = lines;
    return draw(chart);
}

std::string drawn(const Measured& measured, const std::string& about, const std::string& caption) {
    return "<figure><div class=\"two\">" + chart_over_angle("value L, " + about, measured.values) +
           chart_over_angle("gradient dL/dθy per radian, " + about, measured.slopes) + "</div>" +
           legend(measured.values) + "<figcaption>" + caption + "</figcaption></figure>\n";
}

}  // namespace

std::string study_curves(const LossSpec& spec, const std::filesystem::path& folder,
                         std::vector<double>& thumbnail) {
    const bool proxies = spec.make()->has_proxies();
    Table table{{"theta_j_degrees", "classes", "theta_y_degrees", "value", "dL_dtheta_y"}};
    const auto hardest = over_hardest(proxies), classes = over_classes(proxies);
    const Measured by_hardest = measure(spec, hardest, table);
    const Measured by_classes = measure(spec, classes, table);
    write_table(folder / "curves", table);
    thumbnail = by_hardest.slopes[2].y;
    return drawn(
               by_hardest, proxies ? "C = 1000" : "9 other classes",
               "Left of the rise the loss is content; the nearer the hardest negative, the earlier "
               "it pulls.") +
           drawn(by_classes, "all others at 90°",
                 "How far the rise moves with the number of other classes: not at all where only "
                 "the hardest counts.") +
           fmt::format("<p class=\"scene\">{}</p>\n",
                       escaped(Probe(spec, hardest[0].rest).scene()));
}

}  // namespace facet::atlas
