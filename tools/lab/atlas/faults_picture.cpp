#include "tools/lab/atlas/faults_picture.h"

#include <fmt/format.h>

#include "tools/lab/atlas/heat.h"

namespace facet::atlas {
namespace {

std::string interval(double from, double to) {
    if (to - from < 1e-3) return fmt::format("{:.1f}°", from);
    return fmt::format("{:.1f}°–{:.1f}°", from, to);
}

const char* kind_text(Kind kind) {
    constexpr const char* names[] = {"wrong sign", "wrong sign", "vanishes",
                                     "explodes",   "explodes",   "steps"};
    return names[size_t(kind)];
}
const char* kind_pen(Kind kind) {
    constexpr const char* names[] = {"f-target", "f-negative", "f-vanish",
                                     "f-growth", "f-growth",   "f-step"};
    return names[size_t(kind)];
}

// The place and the size of a finding, behind its words.
std::string details(const Finding& f) {
    const std::string at_y = interval(f.y_from, f.y_to), at_j = interval(f.j_from, f.j_to);
    switch (f.kind) {
        case Kind::wrong_target:
            return fmt::format(" at θy {}, θj {}; dL/dθy down to {:.3g}", at_y, at_j, f.amount);
        case Kind::wrong_negative:
            return fmt::format(" at θy {}, θj {}; dL/dcos θj down to {:.3g}", at_y, at_j, f.amount);
        case Kind::vanishing:
            return fmt::format(" at θy {}, θj {}", at_y, at_j);
        case Kind::step:
            return fmt::format(" at θy {}, θj {}: by {:.3g}", at_y, at_j, f.amount);
        default:
            return "";
    }
}

std::string list_of(const std::vector<Finding>& findings) {
    if (findings.empty()) return "<p class=\"none\">Nothing found.</p>\n";
    std::string html = "<ul class=\"key\">\n";
    for (const Finding& f : findings) {
        html += fmt::format("<li><b class=\"{}\"></b><span><strong>{}</strong> {}{}</span></li>\n",
                            kind_pen(f.kind), kind_text(f.kind), f.what, details(f));
    }
    return html + "</ul>\n";
}

// One path for all cells of a kind: runs of cells become rectangles.
std::string cells_path(const std::vector<bool>& inside, const char* kind) {
    const Frame f = plane_frame();
    const double side = f.width / kPlaneCells;
    std::string path;
    for (int j = 0; j < kPlaneCells; ++j) {
        for (int i = 0, end; i < kPlaneCells; i = end) {
            end = i + 1;
            if (!inside[Plane::at(j, i)]) continue;
            while (end < kPlaneCells && inside[Plane::at(j, end)]) ++end;
            path += fmt::format("M{:.1f} {:.1f}h{:.1f}v{:.2f}h-{:.1f}z", f.left + side * i,
                                f.top + f.height - side * (j + 1), side * (end - i), side + 0.1,
                                side * (end - i));
        }
    }
    return path.empty() ? "" : fmt::format("<path class=\"{}\" d=\"{}\"/>\n", kind, path);
}

std::string map_of(const FaultCells& cells) {
    const Frame f = plane_frame();
    return fmt::format(
               "<svg class=\"map\" viewBox=\"0 0 {:g} {:g}\" role=\"img\"><title>where the "
               "gradient "
               "is at fault</title>{}<path class=\"plot\" d=\"M{:g} {:g}h{:g}v{:g}h-{:g}z\"/>\n",
               f.total_width, f.total_height,
               svg_text(8, 14, "start", "where the gradient is at fault", "title"), f.left, f.top,
               f.width, f.height, f.width) +
           cells_path(cells.vanishing, "f-vanish") +
           cells_path(cells.wrong_negative, "f-negative") +
           cells_path(cells.wrong_target, "f-target") + plane_diagonal() +
           angle_axes(f, "θy, to its own class", "θj, to another class") + "</svg>\n";
}

}  // namespace

std::string faults_picture(const std::vector<Finding>& findings, const FaultCells& cells) {
    return "<figure><div class=\"two\">" + map_of(cells) + "<div>" + list_of(findings) +
           "</div></div><p class=\"legend\"><span><b class=\"f-target\"></b>pushed away from its "
           "own class</span> <span><b class=\"f-negative\"></b>pulled towards the other "
           "class</span> "
           "<span><b class=\"f-vanish\"></b>misplaced, pull below 1/1000 of the largest</span></p>"
           "<figcaption>An empty map has no such place; borders in the list are refined by halving "
           "and hold through the worst place of a region.</figcaption></figure>\n";
}

}  // namespace facet::atlas
