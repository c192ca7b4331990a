// Boundaries between the samples of a batch.
#include <cmath>
#include <numbers>

#include "losses/proof/regions.h"

namespace facet::proof {
namespace {

// `p` beside its boundary.
Problem beside(double side, Problem p) {
    if (side != 0) p.room = std::abs(side);
    return p;
}

// The angle at which a sample's similarity to the first stands at a whisker of the box plot of its
// similarities (UNPG): the first sample against five others at `angles` and the one that moves.
// Sorted, the quartiles of the five are the values 1 and 3.
double whisker_angle(const std::vector<double>& angles, double r, bool upper) {
    const double first = std::cos(angles[0]), second = std::cos(angles[1]),
                 third = std::cos(angles[2]), fourth = std::cos(angles[3]);
    // Falling cosines; the moving one is the largest or the smallest of all five.
    const double low = upper ? third : fourth, high = upper ? first : second;
    return std::acos(upper ? high + r * (high - low) : low - r * (high - low));
}

}  // namespace

void add_batch_crossings(std::vector<Region>& to, const Settings& of) {
    const auto add = [&](const char* name, const char* crossing,
                         std::function<Problem(double)> at) {
        to.push_back({name, std::move(at), crossing});
    };
    add("two rows of one value", "one turns away", [](double side) {
        return beside(side, planar_problem({0.4, -0.4 - side}, {0, 1.1, -1.1}, {0, 0}));
    });
    const double r = setting(of, {"wisk"}, 1.5);
    const auto whisker = [&](const char* name, std::vector<double> angles, bool upper) {
        const double at = whisker_angle(angles, r, upper);
        if (std::isnan(at)) return;
        add(name, "a sample turns away", [angles, at](double side) {
            std::vector<double> x = {0};
            double sign = 1;  // both sides of the first sample: no two at one angle
            for (const double angle : angles) x.push_back(sign * angle), sign = -sign;
            x.push_back(at + side);
            return beside(side, planar_problem(x, {0.3, 2.1}, {0, 1, 1, 1, 1, 1}));
        });
    };
    whisker("pair at the lower whisker", {0.5, 0.6, 0.7, 0.8}, false);
    whisker("pair at the upper whisker", {1.05, 1.1, 1.15, 1.2}, true);
}

void add_pair_crossings(std::vector<Region>& to, const Settings& of) {
    const auto add = [&](const char* name, const char* crossing,
                         std::function<Problem(double)> at) {
        to.push_back({name, std::move(at), crossing});
    };
    // Anchor at 0, its positive at `a` on one side, the negatives on the other.
    const double a = 0.8, m = setting(of, {"margin", "m"}, 0.2), eps = setting(of, {"eps"}, 0.1);
    const auto triple = [&](const char* name, double cosine) {
        if (std::abs(cosine) >= 1) return;
        add(name, "the negative turns away", [a, b = std::acos(cosine)](double side) {
            return beside(side, planar_problem({0, a, -b - side}, {0, 1}, {0, 0, 1}));
        });
    };
    const double root = std::sin(a / 2) + m / 2;  // of a distance: |x_a - x_n| / 2
    triple("negative as near as the positive", std::cos(a));
    triple("squared hinge", std::cos(a) - m / 2);
    triple("hinge of distances", 1 - 2 * root * root);
    triple("mined by the positive", std::cos(a) - eps);
    triple("mined by the negative", std::cos(a) + eps);
    triple("negative at cos = -m", -m);
    triple("negative at 90 degrees", 0);
    add("two farthest positives", "one turns away", [a](double side) {
        return beside(side, planar_problem({0, a, -a - side, 2.0}, {0, 1}, {0, 0, 0, 1}));
    });
    add("two closest negatives", "one turns away", [a](double side) {
        return beside(side, planar_problem({0, 0.3, a, -a - side}, {0, 1}, {0, 0, 1, 1}));
    });
    add("negative beyond the positive", "one turns away", [a](double side) {
        return beside(side, planar_problem({0, a, -a - side, -1.1}, {0, 1}, {0, 0, 1, 1}));
    });
    add("distance at the margin", "the two part", [m](double side) {
        Problem p = planar_problem({0.3, 0.8, 0, 2.0}, {0, 1}, {0, 0, 1, 1});
        p.x[4] = p.x[0] + m * (1 + side) * 0.6;
        p.x[5] = p.x[1] - m * (1 + side) * 0.8;
        return beside(side / 4, p);
    });
}

}  // namespace facet::proof
