// (c) The force on a sample that moves on the circle among three classes.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "tools/lab/atlas/studies.h"
#include "tools/lab/atlas/table.h"
#include "tools/lab/charts/chart.h"

namespace facet::atlas {
namespace {

constexpr int kPlaces = 720, kArrows = 36;
constexpr double kStill = 0.1;  // parts of the largest force: below it a sample is left alone
constexpr std::array<double, 3> kClasses = {90, 210, 330};  // degrees; the sample is of the first
constexpr double kRadius = 112, kCentreX = 190, kCentreY = 166, kLongest = 34;

// Where a sample is: nearest to another class; nearest to its own and still pushed; left alone.
enum class Region { wrong, margin, still };

struct Place {
    double angle;          // degrees on the circle
    double value, fx, fy;  // L, and the force -dL/dx times |x|
    Region region = Region::still;

    double size() const { return std::hypot(fx, fy); }
};

double to_class(double angle, double target) {
    const double apart = std::abs(std::remainder(angle - target, 360));
    return apart;
}

bool nearest_to_its_own(double angle) {
    return to_class(angle, kClasses[0]) <
           std::min(to_class(angle, kClasses[1]), to_class(angle, kClasses[2]));
}

void put_on_circle(std::vector<double>& to, double length, double degrees) {
    to.push_back(length * std::cos(radians(degrees)));
    to.push_back(length * std::sin(radians(degrees)));
}

// Row 0 is the sample. A class loss has three proxies; a pair loss a second sample of the first
// class and two equal ones of each other class.
Trial three_classes(const LossSpec& spec) {
    const Typical as_trained = typical(spec);
    Trial trial(spec);
    trial.D = 2;
    trial.y = {0};
    put_on_circle(trial.x, as_trained.length, 0);
    if (trial.proxies()) {
        for (const double angle : kClasses) put_on_circle(trial.w, 1, angle);
        if (as_trained.companion > 0) {
            put_on_circle(trial.x, as_trained.length, kClasses[1]);
            trial.y.push_back(1);
        }
        return trial;
    }
    put_on_circle(trial.x, as_trained.length, kClasses[0]);
    trial.y.push_back(0);
    for (int64_t j : {1, 1, 2, 2}) {
        put_on_circle(trial.x, as_trained.length, kClasses[size_t(j)]);
        trial.y.push_back(j);
    }
    return trial;
}

std::vector<Place> walk(const LossSpec& spec) {
    Trial trial = three_classes(spec);
    const double length = typical(spec).length;
    std::vector<Place> places;
    double most = 0;
    for (int k = 0; k < kPlaces; ++k) {
        const double angle = 360.0 * (k + 0.5) / kPlaces;
        trial.x[0] = length * std::cos(radians(angle));
        trial.x[1] = length * std::sin(radians(angle));
        const double value = trial.evaluate();
        places.push_back({angle, value, 0.0 - length * trial.dx[0], 0.0 - length * trial.dx[1]});
        most = std::max(most, places.back().size());
    }
    for (Place& place : places) {
        if (!nearest_to_its_own(place.angle)) {
            place.region = Region::wrong;
        } else if (place.size() >= kStill * most && most > 0) {
            place.region = Region::margin;
        }
    }
    return places;
}

std::pair<double, double> on_picture(double angle, double radius) {
    return {kCentreX + radius * std::cos(radians(angle)),
            kCentreY - radius * std::sin(radians(angle))};
}

// A piece of a ring between two angles.
std::string ring_piece(double from, double to, const char* kind) {
    const double outer = kRadius - 3, inner = kRadius - 15;
    const auto [x1, y1] = on_picture(from, outer);
    const auto [x2, y2] = on_picture(to, outer);
    const auto [x3, y3] = on_picture(to, inner);
    const auto [x4, y4] = on_picture(from, inner);
    const int large = to - from > 180;
    return fmt::format(
        "<path class=\"{}\" d=\"M{:.1f} {:.1f}A{:g} {:g} 0 {} 0 {:.1f} {:.1f}L{:.1f} {:.1f}"
        "A{:g} {:g} 0 {} 1 {:.1f} {:.1f}z\"/>\n",
        kind, x1, y1, outer, outer, large, x2, y2, x3, y3, inner, inner, large, x4, y4);
}

const char* class_of(Region region) {
    constexpr std::array<const char*, 3> names = {"wrong", "margin", "still"};
    return names[size_t(region)];
}

std::string ring(const std::vector<Place>& places) {
    std::string svg;
    constexpr double half = 180.0 / kPlaces, kSeam = 0.2;  // so that no gap shows between pieces
    for (size_t from = 0, to; from < places.size(); from = to) {
        for (to = from; to < places.size() && places[to].region == places[from].region;) ++to;
        svg += ring_piece(places[from].angle - half, places[to - 1].angle + half + kSeam,
                          class_of(places[from].region));
    }
    return svg;
}

// Whether the force turns the sample away from its class.
bool turns_away(const Place& place) {
    const double tangential =
        place.fy * std::cos(radians(place.angle)) - place.fx * std::sin(radians(place.angle));
    return tangential * std::remainder(kClasses[0] - place.angle, 360) < 0;
}

std::string arrows(const std::vector<Place>& places) {
    double most = 0;
    for (const Place& place : places) most = std::max(most, place.size());
    std::string forces, dots, wrong;
    const int every = kPlaces / kArrows;
    for (int k = every / 2; k < kPlaces; k += every) {
        const Place& place = places[size_t(k)];
        const auto [x, y] = on_picture(place.angle, kRadius + 4);
        const double length = most > 0 ? kLongest * place.size() / most : 0;
        if (length < 0.01 * kLongest) {
            dots += fmt::format("M{:.1f} {:.1f}h0", x, y);
            continue;
        }
        const double ux = place.fx / place.size(), uy = -place.fy / place.size();
        const double tip = std::min(5.0, 0.6 * length), tx = x + length * ux, ty = y + length * uy;
        (turns_away(place) ? wrong : forces) +=
            fmt::format("M{:.1f} {:.1f}L{:.1f} {:.1f}M{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}", x,
                        y, tx, ty, tx - tip * (ux - 0.6 * uy), ty - tip * (uy + 0.6 * ux), tx, ty,
                        tx - tip * (ux + 0.6 * uy), ty - tip * (uy - 0.6 * ux));
    }
    return fmt::format(
        "<path class=\"arrow\" d=\"{}\"/><path class=\"dot\" d=\"{}\"/>"
        "<path class=\"arrow away\" d=\"{}\"/>\n",
        forces, dots, wrong);
}

std::string drawn(const std::vector<Place>& places) {
    std::string svg =
        "<svg class=\"circle\" viewBox=\"0 0 380 332\" role=\"img\"><title>force on a sample on "
        "the "
        "circle</title>\n";
    for (const double boundary : {30.0, 150.0, 270.0}) {
        const auto [x, y] = on_picture(boundary, kRadius + 36);
        svg += svg_line(kCentreX, kCentreY, x, y, boundary == 270 ? "grid" : "diagonal");
    }
    svg += ring(places) + arrows(places);
    for (size_t k = 0; k < kClasses.size(); ++k) {
        const auto [x, y] = on_picture(kClasses[k], kRadius - 9);
        svg += fmt::format("<circle class=\"proxy {}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"7\"/>\n",
                           k == 0 ? "own" : "other", x, y);
        const auto [tx, ty] = on_picture(kClasses[k], kRadius - 34);
        svg +=
            svg_text(tx, ty + 4, "middle", k == 0 ? "its class" : fmt::format("class {}", k + 1));
    }
    return svg + "</svg>\n";
}

}  // namespace

std::string study_circle(const LossSpec& spec, const std::filesystem::path& folder) {
    const std::vector<Place> places = walk(spec);
    Table table{{"angle_degrees", "value", "force_x", "force_y", "region"}};
    double most = 0, margin = 0;
    for (const Place& place : places) {
        table.add({place.angle, place.value, place.fx, place.fy, double(place.region)});
        most = std::max(most, place.size());
        if (place.region == Region::margin) margin += 180.0 / kPlaces;
    }
    write_table(folder / "circle", table);
    return fmt::format(
        "<figure><div class=\"two\">{}<div><ul class=\"key\"><li><b class=\"wrong\"></b>nearer to "
        "another class</li><li><b class=\"margin\"></b>margin region: on the right side and still "
        "pushed, {:.1f}° on either side</li><li><b class=\"still\"></b>left alone: below a tenth "
        "of "
        "the largest force</li><li><b class=\"away\"></b>arrows that turn the sample away from its "
        "class, pushed by the others</li></ul><figcaption>The dots are {}; the longest arrow is a "
        "force |x| |dL/dx| of {}. A sample in the green stays where it is.</figcaption></div></div>"
        "</figure>\n",
        drawn(places), margin,
        spec.make()->has_proxies() ? "the proxies of three classes" : "samples of three classes",
        number_text(most));
}

}  // namespace facet::atlas
