// (b) The gradients over the plane of two angles, with the boundaries of masks.
#include <fmt/format.h>

#include "tools/lab/atlas/heat.h"
#include "tools/lab/atlas/studies.h"
#include "tools/lab/atlas/table.h"

namespace facet::atlas {
namespace {

void write_plane(const std::filesystem::path& folder, const Plane& plane) {
    Table table{{"theta_y_degrees", "theta_j_degrees", "value", "dL_dtheta_y", "dL_dcos_j"}};
    for (int j = 0; j < kPlaneCells; ++j) {
        for (int i = 0; i < kPlaneCells; ++i) {
            const size_t at = Plane::at(j, i);
            table.add({plane_angle(i), plane_angle(j), plane.value[at], plane.target[at],
                       plane.negative[at]});
        }
    }
    write_table(folder / "plane", table);
}

// of: 0 for jumps of dL/dcos_j, 1 for those of dL/dtheta_y.
void add_boundaries(Table& table, const std::vector<Boundary>& boundaries, double of) {
    for (size_t curve = 0; curve < boundaries.size(); ++curve) {
        for (const auto& [theta_y, theta_j] : boundaries[curve])
            table.add({of, double(curve), theta_y, theta_j});
    }
}

}  // namespace

std::string study_plane(Probe& probe, const Plane& plane, const std::filesystem::path& folder) {
    write_plane(folder, plane);
    const auto of_negative = find_boundaries(probe, plane, &Reading::negative);
    const auto of_target = find_boundaries(probe, plane, &Reading::target);
    Table table{{"slope", "curve", "theta_y_degrees", "theta_j_degrees"}};
    add_boundaries(table, of_negative, 0);
    add_boundaries(table, of_target, 1);
    write_table(folder / "boundaries", table);

    std::string html = "<figure><div class=\"two\">";
    if (plane.negative_peak > 0) {
        html += draw_heat_map("push from the other class, dL/dcos θj", plane.negative,
                              plane.negative_peak, of_negative);
    } else {
        html += "<p class=\"none\">The gradient does not look at other classes.</p>";
    }
    html += draw_heat_map("pull to its own class, dL/dθy per radian", plane.target,
                          plane.target_peak, of_target);
    return html +
           fmt::format(
               "</div><figcaption>The stronger the colour, the larger, on a logarithmic scale; "
               "lines are jumps, the dotted diagonal is the decision "
               "boundary.</figcaption></figure>\n<p class=\"scene\">{}</p>\n",
               escaped(probe.scene()));
}

}  // namespace facet::atlas
