#include "losses/proof/regions.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/random.h"

namespace facet::proof {
namespace {

// x_i = scale w_{y_i + shift} + noise: all rows easy, all hard, all behind their proxies.
Problem aligned_problem(double scale, double noise, int shift) {
    Problem p = random_problem(5, 6, 4, 11);
    for (int64_t i = 0; i < p.B; ++i) {
        const double* w = p.proxy((p.y[i] + shift) % p.C);
        for (int64_t d = 0; d < p.D; ++d) {
            p.feature(i)[d] = scale * w[d] + noise * p.feature(i)[d];
        }
    }
    return p;
}

Problem scaled(Problem p, double x_scale, double w_scale) {
    for (double& v : p.x) v *= x_scale;
    for (double& v : p.w) v *= w_scale;
    return p;
}

// Every feature has this norm.
Problem with_norm(Problem p, double norm) {
    for (int64_t i = 0; i < p.B; ++i) {
        double square = 0;
        for (int64_t d = 0; d < p.D; ++d) square += p.feature(i)[d] * p.feature(i)[d];
        for (int64_t d = 0; d < p.D; ++d) p.feature(i)[d] *= norm / std::sqrt(square);
    }
    return p;
}

Problem relabelled(Problem p, std::vector<int64_t> y) {
    p.y = std::move(y);
    return p;
}

// (cos, sin); exact where a vector shall be exactly behind another.
std::pair<double, double> direction(double angle) {
    if (angle == std::numbers::pi) return {-1, 0};
    return {std::cos(angle), std::sin(angle)};
}

}  // namespace

HeadBatch<double> Problem::batch(bool proxies) const {
    return {x.data(), proxies ? w.data() : nullptr, y.data(), B, proxies ? C : 0, D};
}

Problem random_problem(int64_t B, int64_t C, int64_t D, uint64_t seed) {
    Problem p{B, C, D, std::vector<double>(B * D), std::vector<double>(C * D), {}};
    Random random(seed, Purpose::Test);
    for (double& v : p.x) v = random.normal();
    for (double& v : p.w) v = random.normal();
    for (int64_t i = 0; i < B; ++i) p.y.push_back(3 * i % C);
    return p;
}

Problem planar_problem(const std::vector<double>& x, const std::vector<double>& w,
                       std::vector<int64_t> y) {
    Problem p{int64_t(x.size()), int64_t(w.size()), 2, {}, {}, std::move(y)};
    const auto append = [](std::vector<double>& to, double angle, double length) {
        const auto [c, s] = direction(angle);
        to.push_back(length * c);
        to.push_back(length * s);
    };
    for (const double angle : x) append(p.x, angle, 2);
    for (const double angle : w) append(p.w, angle, 1.5);
    return p;
}

double setting(const Settings& settings, const std::vector<std::string>& names, double otherwise) {
    const KeyValues all = settings.all();
    for (const std::string& name : names) {
        const auto has = [&](const auto& entry) { return entry.first == name; };
        const auto found = std::find_if(all.begin(), all.end(), has);
        // A flag or a choice of that name is no number.
        if (found == all.end() || found->second.empty()) continue;
        if (found->second.find_first_not_of("0123456789.e+-") != std::string::npos) continue;
        return settings.number(name);
    }
    return otherwise;
}

void add_plain_regions(std::vector<Region>& to) {
    const auto add = [&to](const char* name, Problem p) {
        to.push_back({name, [p](double) { return p; }});
    };
    add("interior", random_problem(6, 4, 4, 1));
    add("interior, more classes", random_problem(4, 7, 3, 2));
    add("one sample", random_problem(1, 3, 3, 5));
    add("one class", random_problem(3, 1, 3, 7));
    add("two classes", random_problem(4, 2, 3, 8));
    add("ignored rows", relabelled(random_problem(6, 4, 3, 4), {0, -1, 2, 0, -1, 2}));
    add("all rows ignored", relabelled(random_problem(2, 3, 3, 6), {-1, -1}));
    add("one label", relabelled(random_problem(4, 3, 3, 9), {1, 1, 1, 1}));
    add("all easy", aligned_problem(1, 0.2, 0));
    add("all hard", aligned_problem(1, 0.2, 1));
    add("saturated, easy", aligned_problem(1, 0.02, 0));
    add("saturated, hard", aligned_problem(1, 0.02, 1));
    add("past pi - m", aligned_problem(-1, 0.2, 0));
    add("norms of 50", with_norm(random_problem(5, 4, 3, 12), 50));
    add("norms of 200", with_norm(random_problem(4, 4, 3, 13), 200));
    add("norms of 1e15 and 1e-15", scaled(random_problem(4, 3, 3, 14), 1e15, 1e-15));
    add("norms of 1e-15 and 1e15", scaled(random_problem(4, 3, 3, 15), 1e-15, 1e15));
    Problem extreme = scaled(random_problem(4, 3, 3, 16), 1e150, 1e-150);
    extreme.single = false;
    add("norms of 1e150 and 1e-150", extreme);
    Problem later = random_problem(6, 4, 3, 17);
    later.steps_before = 3;
    add("fourth step", later);
    // A second step of AdaFace, CurricularFace, SphereFace, AdaCos as after a long training.
    Problem given = random_problem(5, 4, 3, 18);
    given.state = {{"mean", {2}}, {"std", {2}}, {"t", {0.4}}, {"it", {4000}}, {"s", {12}}};
    add("state of a long training", given);
}

std::vector<Region> regions(const Loss& loss, bool quick) {
    std::vector<Region> all;
    add_plain_regions(all);
    add_vector_crossings(all);
    if (!loss.has_proxies()) {
        add_pair_crossings(all, loss.settings());
        return all;
    }
    std::vector<double> margins;
    const auto add = [&](double m) {
        if (m > 0 && std::find(margins.begin(), margins.end(), m) == margins.end())
            margins.push_back(m);
    };
    for (const char* name : {"m", "m0", "mask_margin", "m2", "lm"})
        add(setting(loss.settings(), {name}, 0));
    if (!quick || margins.empty()) add(0.5);  // of angles
    if (!quick) add(0.35);                    // of cosines
    for (const double m : margins) add_margin_crossings(all, m);
    add_class_crossings(all, loss.settings());
    add_batch_crossings(all, loss.settings());
    std::erase_if(all, [&](const Region& region) {  // those that the loss is not defined in
        return region.at(0).C < loss.info().fewest_classes;
    });
    return all;
}

std::vector<double> distances(bool quick) {
    if (quick) return {1e-3, 1e-7};
    return {1e-3, 1e-5, 1e-7, 1e-9};
}

}  // namespace facet::proof
