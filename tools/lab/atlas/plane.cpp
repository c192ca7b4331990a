#include "tools/lab/atlas/plane.h"

#include <algorithm>
#include <cmath>

namespace facet::atlas {
namespace {

// Angles of a jump on one line of the scan.
using Crossings = std::vector<double>;

// Joins what consecutive lines found, where it moves by at most `reach` degrees from one to the
// next; what stays alone is a steep part of a curve that the scan along the other angle follows.
std::vector<std::vector<std::pair<int, double>>> joined(const std::vector<Crossings>& lines,
                                                        double reach) {
    std::vector<std::vector<std::pair<int, double>>> curves;
    for (int line = 0; line < int(lines.size()); ++line) {
        for (const double at : lines[size_t(line)]) {
            std::vector<std::pair<int, double>>* nearest = nullptr;
            for (auto& curve : curves) {
                const auto& [end, angle] = curve.back();
                if (end != line - 1 || std::abs(angle - at) > reach) continue;
                if (!nearest || std::abs(angle - at) < std::abs(nearest->back().second - at))
                    nearest = &curve;
            }
            if (nearest) {
                nearest->emplace_back(line, at);
            } else {
                curves.push_back({{line, at}});
            }
        }
    }
    std::erase_if(curves, [](const auto& curve) { return curve.size() < 3; });
    return curves;
}

// Steps of f(angle in degrees) between the centres of the cells, whose values are given.
Crossings crossings(const std::function<double(double)>& f, const std::vector<double>& v) {
    constexpr double kMisfit = 0.05, kLeast = 0.02;  // in the logarithm that is searched
    Crossings found;
    const int last = kPlaneCells - 2;
    for (int k = 0; k <= last; ++k) {
        const auto rise = [&](int at) {
            at = std::clamp(at, 0, last);
            return v[size_t(at) + 1] - v[size_t(at)];
        };
        const double trend = (rise(k == 0 ? 1 : k - 1) + rise(k == last ? last - 1 : k + 1)) / 2;
        if (std::abs(rise(k) - trend) < kMisfit) continue;
        Step step;
        if (find_step(f, plane_angle(k), plane_angle(k + 1), trend, kLeast, step))
            found.push_back(step.at);
    }
    return found;
}

}  // namespace

double plane_angle(int cell) { return 180.0 * (cell + 0.5) / kPlaneCells; }

int64_t plane_rest(const LossSpec& spec) { return spec.make()->has_proxies() ? 98 : 2; }

Plane compute_plane(Probe& probe) {
    Plane plane;
    for (int j = 0; j < kPlaneCells; ++j) {
        for (int i = 0; i < kPlaneCells; ++i) {
            const Reading reading = probe.at(radians(plane_angle(i)), radians(plane_angle(j)));
            plane.value.push_back(reading.value);
            plane.target.push_back(reading.target);
            plane.negative.push_back(reading.negative);
            plane.target_peak = std::max(plane.target_peak, std::abs(reading.target));
            plane.negative_peak = std::max(plane.negative_peak, std::abs(reading.negative));
        }
    }
    return plane;
}

bool find_step(const std::function<double(double)>& f, double a, double b, double trend,
               double least, Step& step) {
    double left = f(a), right = f(b);
    for (int halving = 0; halving < 24; ++halving) {
        const double middle = (a + b) / 2, between = f(middle);
        trend /= 2;
        if (std::abs(between - left - trend) > std::abs(right - between - trend)) {
            b = middle;
            right = between;
        } else {
            a = middle;
            left = between;
        }
    }
    step = {(a + b) / 2, left, right};
    return std::abs(right - left) > least;
}

std::vector<Boundary> find_boundaries(Probe& probe, const Plane& plane, double Reading::*slope) {
    const bool target = slope == &Reading::target;
    const double peak = target ? plane.target_peak : plane.negative_peak;
    if (peak == 0) return {};
    const std::vector<double>& cells = target ? plane.target : plane.negative;
    const auto scaled = [&](double v) { return std::asinh(v / (kPlaneFloor * peak)); };

    std::vector<Boundary> boundaries;
    constexpr double kReach = 5;
    for (const bool along_j : {true, false}) {
        std::vector<Crossings> lines;
        for (int line = 0; line < kPlaneCells; ++line) {
            const double fixed = radians(plane_angle(line));
            std::vector<double> v;
            for (int k = 0; k < kPlaneCells; ++k)
                v.push_back(scaled(cells[along_j ? Plane::at(k, line) : Plane::at(line, k)]));
            const auto f = [&](double degrees) {
                const double moving = radians(degrees);
                return scaled(along_j ? probe.at(fixed, moving).*slope
                                      : probe.at(moving, fixed).*slope);
            };
            lines.push_back(crossings(f, v));
        }
        for (const auto& curve : joined(lines, kReach)) {
            Boundary& boundary = boundaries.emplace_back();
            for (const auto& [line, at] : curve) {
                const double fixed = plane_angle(line);
                boundary.emplace_back(along_j ? fixed : at, along_j ? at : fixed);
            }
        }
    }
    return boundaries;
}

}  // namespace facet::atlas
