// (f) Where gradients vanish, explode or point the wrong way, found by search.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "tools/lab/atlas/faults_picture.h"
#include "tools/lab/atlas/studies.h"
#include "tools/lab/atlas/table.h"

namespace facet::atlas {
namespace {

constexpr double kLeast = 1e-3;    // parts of the peak: what counts as wrong, or as something
constexpr double kNothing = 1e-9;  // parts of the peak: what counts as 0
constexpr size_t kSmallest = 4;    // cells of a region

using Inside = std::function<bool(const Reading&, double y, double j)>;

// A connected set of cells.
struct Patch {
    std::vector<std::pair<int, int>> cells;  // (j, i)
};

std::vector<Patch> patches_of(const std::vector<bool>& inside) {
    std::vector<Patch> patches;
    std::vector<bool> seen(inside.size());
    for (int start = 0; start < int(inside.size()); ++start) {
        if (!inside[size_t(start)] || seen[size_t(start)]) continue;
        Patch patch{{{start / kPlaneCells, start % kPlaneCells}}};
        seen[size_t(start)] = true;
        for (size_t next = 0; next < patch.cells.size(); ++next) {
            const auto [j, i] = patch.cells[next];
            for (const auto& [dj, di] : {std::pair{0, 1}, {0, -1}, {1, 0}, {-1, 0}}) {
                if (j + dj < 0 || j + dj >= kPlaneCells || i + di < 0 || i + di >= kPlaneCells)
                    continue;
                const size_t at = Plane::at(j + dj, i + di);
                if (!inside[at] || seen[at]) continue;
                seen[at] = true;
                patch.cells.emplace_back(j + dj, i + di);
            }
        }
        if (patch.cells.size() >= kSmallest) patches.push_back(std::move(patch));
    }
    return patches;
}

// From a degree inside, how far a region reaches along a line; cells first, then by halving.
double reach(const std::function<bool(double)>& inside, double from, double step) {
    double in = from;
    while (in + step > 0 && in + step < 180 && inside(in + step)) in += step;
    double out = std::clamp(in + step, 0.0, 180.0);
    if (out <= 0 || out >= 180) {
        const double edge = out + (out <= 0 ? 1e-6 : -1e-6);
        if (inside(edge)) return out;
    }
    for (int k = 0; k < 30; ++k) {
        const double middle = (in + out) / 2;
        (inside(middle) ? in : out) = middle;
    }
    return in;
}

Finding measured(Probe& probe, Kind kind, const Inside& inside, std::pair<int, int> worst,
                 double amount, const std::string& what) {
    const double y = plane_angle(worst.second), j = plane_angle(worst.first);
    const double cell = 180.0 / kPlaneCells;
    const auto along_y = [&](double v) { return inside(probe.at(radians(v), radians(j)), v, j); };
    const auto along_j = [&](double v) { return inside(probe.at(radians(y), radians(v)), y, v); };
    return {kind,
            reach(along_y, y, -cell),
            reach(along_y, y, cell),
            reach(along_j, j, -cell),
            reach(along_j, j, cell),
            amount,
            what};
}

// "1/|x|", or "|x|^-0.5"
std::string power_law(const std::string& of, double power) {
    return std::abs(power - 1) < 0.01 ? "1/" + of : fmt::format("{}^-{:.2g}", of, power);
}

// --- what is searched ---

struct Search {
    Probe& probe;
    const Plane& plane;
    std::vector<Finding> findings = {};
    std::vector<bool> wrong_target = {}, wrong_negative = {}, vanishing = {};  // cells

    // A finding for every connected set of cells that are `inside`, measured through the cell where
    // `order` is least, out to where `border` ends.
    std::vector<bool> regions(Kind kind, const Inside& inside, const Inside& border,
                              const std::vector<double>& order, const std::string& what) {
        std::vector<bool> cells;
        for (int j = 0; j < kPlaneCells; ++j) {
            for (int i = 0; i < kPlaneCells; ++i) {
                const size_t at = Plane::at(j, i);
                cells.push_back(inside({plane.value[at], plane.target[at], plane.negative[at]},
                                       plane_angle(i), plane_angle(j)));
            }
        }
        for (const Patch& patch : patches_of(cells)) {
            const auto worst = *std::min_element(patch.cells.begin(), patch.cells.end(),
                                                 [&](const auto& a, const auto& b) {
                                                     return order[Plane::at(a.first, a.second)] <
                                                            order[Plane::at(b.first, b.second)];
                                                 });
            findings.push_back(measured(probe, kind, border, worst,
                                        order[Plane::at(worst.first, worst.second)], what));
        }
        return cells;
    }

    // A region is there where the sign is wrong by more than kLeast; it ends where the sign does.
    void signs() {
        const auto below = [](double Reading::*slope, double bound) {
            return [=](const Reading& r, double, double) { return r.*slope < -bound; };
        };
        wrong_target =
            regions(Kind::wrong_target, below(&Reading::target, kLeast * plane.target_peak),
                    below(&Reading::target, kNothing * plane.target_peak), plane.target,
                    "pushed away from its own class");
        wrong_negative =
            regions(Kind::wrong_negative, below(&Reading::negative, kLeast * plane.negative_peak),
                    below(&Reading::negative, kNothing * plane.negative_peak), plane.negative,
                    "pulled towards another class");
    }

    // Nearer to another class, and hardly any pull.
    void vanishing_pulls() {
        std::vector<double> order;
        for (int j = 0; j < kPlaneCells; ++j) {
            for (int i = 0; i < kPlaneCells; ++i) order.push_back(plane_angle(j) - plane_angle(i));
        }
        const double least = kLeast * plane.target_peak;
        const Inside hardly = [=](const Reading& r, double y, double j) {
            return y > std::min(j, 90.0) + 2 && std::abs(r.target) < least;
        };
        vanishing = regions(Kind::vanishing, hardly, hardly, order, "misplaced, and hardly pulled");
    }

    // dL/dcos_y where the sample and the other class come near: theta^-1 of additive angles.
    double growth_at(bool far_end) {
        const auto by_cosine = [&](double epsilon) {
            const double y = far_end ? radians(180) - epsilon : epsilon;
            const double j = far_end ? radians(70) : epsilon;
            return std::abs(probe.at(y, j).target) / std::sin(epsilon);
        };
        const double near = by_cosine(1e-5), away = by_cosine(1e-3);
        if (near == 0 || away == 0) return 0;
        const double power = std::log10(near / away) / 2;
        if (power > 0.1) {
            const double end = far_end ? 180 : 0;
            findings.push_back({Kind::growth, end, end, far_end ? 70.0 : 0.0, far_end ? 70.0 : 0.0,
                                power,
                                "dL/dcos θy grows without bound, like " +
                                    power_law(far_end ? "(180° − θy)" : "θy", power)});
        }
        return power;
    }

    // |dL/dx| of short embeddings.
    void short_embeddings() {
        const double y = radians(60), j = radians(50);
        const double near = probe.gradient_norm(y, j, 1e-4), away = probe.gradient_norm(y, j, 1e-2);
        if (near == 0 || away == 0) return;
        const double power = std::log10(near / away) / 2;
        if (power < 0.1) return;
        findings.push_back(
            {Kind::length, 60, 60, 50, 50, power,
             "|dL/dx| grows without bound for short x, like " + power_law("|x|", power)});
    }

    // Steps of the value over theta_y; one that stands at the same place for several theta_j is
    // one.
    int steps_of_value() {
        const size_t before = findings.size();
        for (const double j : {30.0, 50.0, 70.0, 90.0, 110.0}) {
            for (const Step& step : steps_along(j)) {
                const double jump = step.right - step.left;
                Finding* same = nullptr;
                for (size_t k = before; k < findings.size(); ++k) {
                    const bool alike = (findings[k].amount < 0) == (jump < 0);
                    if (alike && std::abs(findings[k].y_from - step.at) < 1e-4) same = &findings[k];
                }
                if (same) {
                    same->j_to = j;
                    continue;
                }
                findings.push_back({Kind::step, step.at, step.at, j, j, jump,
                                    jump < 0 ? "the value falls as the sample turns away"
                                             : "the value jumps up as the sample turns away"});
            }
        }
        return int(findings.size() - before);
    }

    std::vector<Step> steps_along(double j) {
        constexpr int kCells = 360;
        constexpr double kCell = 180.0 / kCells;
        const auto value = [&](double y) { return probe.at(radians(y), radians(j)).value; };
        std::vector<double> v;
        for (int k = 0; k < kCells; ++k) v.push_back(value(kCell * (k + 0.5)));
        const auto [low, high] = std::minmax_element(v.begin(), v.end());
        const double range = *high - *low;
        const auto rise = [&](int at) { return v[size_t(at) + 1] - v[size_t(at)]; };
        std::vector<Step> steps;
        for (int k = 1; k + 2 < kCells; ++k) {
            const double trend = (rise(k - 1) + rise(k + 1)) / 2, from = kCell * (k + 0.5);
            if (std::abs(rise(k) - trend) < 1e-3 * range) continue;
            Step step;
            if (find_step(value, from, from + kCell, trend, 1e-4 * range, step))
                steps.push_back(step);
        }
        return steps;
    }
};

double part(const std::vector<bool>& cells) {
    return double(std::count(cells.begin(), cells.end(), true)) / double(cells.size());
}

}  // namespace

Faults study_faults(Probe& probe, const Plane& plane, const std::filesystem::path& folder) {
    Search search{probe, plane};
    search.signs();
    search.vanishing_pulls();
    Faults faults;
    faults.growth = std::max(search.growth_at(false), search.growth_at(true));
    search.short_embeddings();
    faults.steps = search.steps_of_value();
    faults.peak = plane.target_peak;
    faults.wrong_target = part(search.wrong_target);
    faults.wrong_negative = part(search.wrong_negative);
    faults.vanishing = part(search.vanishing);

    Table table{{"kind", "theta_y_from", "theta_y_to", "theta_j_from", "theta_j_to", "amount"}};
    for (const Finding& f : search.findings) {
        table.add({double(f.kind), f.y_from, f.y_to, f.j_from, f.j_to, f.amount});
        table.remarks.push_back(f.what);
    }
    write_table(folder / "faults", table);
    faults.html = faults_picture(search.findings,
                                 {search.wrong_target, search.wrong_negative, search.vanishing});
    return faults;
}

}  // namespace facet::atlas
