// Boundaries between one row and its classes, and between any two vectors.
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "losses/proof/regions.h"

namespace facet::proof {
namespace {

constexpr double kPi = std::numbers::pi;

std::string text(const char* name, double m) { return fmt::format("{}, m={:.4g}", name, m); }

// One row at angle 0, its target at `target`, the other classes at `others`.
Problem row(double side, double target, const std::vector<double>& others, bool exact = false) {
    std::vector<double> w = {target};
    w.insert(w.end(), others.begin(), others.end());
    Problem p = planar_problem({0}, w, {0});
    p.exact = exact && side == 0;
    if (side != 0) p.room = std::abs(side);
    return p;
}

// A vector that moves through `from` (zeros: none) along a fixed direction.
void move(double* vector, const double* from, double scale, double side, int64_t D) {
    const double along[4] = {0.5, -0.7, 0.3, 0.4};
    for (int64_t d = 0; d < D; ++d) vector[d] = (from ? scale * from[d] : 0) + side * along[d % 4];
}

// random_problem with a change that is a matter of equal bits at side 0.
Region bits(const char* name, const char* crossing,
            const std::function<void(Problem&, double side)>& change, bool through_zero = false) {
    const auto at = [change, through_zero](double side) {
        Problem p = random_problem(5, 4, 3, 21);
        change(p, side);
        p.exact = side == 0;
        // The displacement is a tenth of the vectors' lengths or more; a vector that passes
        // through zero keeps its direction under a step that is a part of its length.
        if (side != 0 && !through_zero) p.room = std::abs(side) / 10;
        return p;
    };
    return {name, at, crossing};
}

}  // namespace

void add_vector_crossings(std::vector<Region>& to) {
    const auto feature = [](double scale, int shift) {
        return [scale, shift](Problem& p, double side) {
            move(p.feature(1), p.proxy((p.y[1] + shift) % p.C), scale, side, p.D);
        };
    };
    to.push_back(bits("a target at cos = 1", "the feature leaves", feature(2, 0)));
    to.push_back(bits("a target at cos = -1", "the feature leaves", feature(-0.5, 0)));
    to.push_back(bits("a negative at cos = 1", "the feature leaves", feature(2, 1)));
    to.push_back(bits("a negative at cos = -1", "the feature leaves", feature(-1, 1)));
    // Rows 0 and 4 are of one class, rows 0 and 1 are not.
    to.push_back(bits("equal features of one class", "they part", [](Problem& p, double side) {
        move(p.feature(4), p.feature(0), 1, side, p.D);
    }));
    to.push_back(bits("equal features of two classes", "they part", [](Problem& p, double side) {
        move(p.feature(1), p.feature(0), 1, side, p.D);
    }));
    to.push_back(bits("equal proxies", "they part",
                      [](Problem& p, double side) { move(p.proxy(1), p.proxy(0), 1, side, p.D); }));
    const auto zero_feature = [](Problem& p, double side) {
        move(p.feature(1), nullptr, 0, side, p.D);
    };
    const auto zero_proxy = [](Problem& p, double side) {
        move(p.proxy(1), nullptr, 0, side, p.D);
    };
    to.push_back(bits("a zero feature", "it passes through 0", zero_feature, true));
    to.push_back(bits("a zero proxy", "it passes through 0", zero_proxy, true));
}

void add_margin_crossings(std::vector<Region>& to, double m) {
    const auto add = [&](const char* name, const char* crossing,
                         std::function<Problem(double)> at) {
        to.push_back({text(name, m), std::move(at), crossing});
    };
    if (1 + m < kPi) {
        add("mask at cos(theta + m)", "the negative turns to the feature", [m](double side) {
            return row(side, 1, {-(1 + m) + side, 2.9});
        });
    }
    if (std::cos(1.0) - m > -1) {
        const double at = std::acos(std::cos(1.0) - m);
        add("mask or hinge at cos(theta) - m", "the negative turns away", [at](double side) {
            return row(side, 1, {at + side, -2.9});
        });
    }
    if (m < kPi) {
        add("target at pi - m", "the target turns away", [m](double side) {
            return row(side, kPi - m + side, {1.3, -2.0});
        });
    }
    if (m < 1) {
        add("a negative at cos = -m", "it turns away", [at = std::acos(-m)](double side) {
            return row(side, 1, {at + side, -0.4});
        });
    }
    for (int k = 1; k < m && k <= 2; ++k) {  // multiplied angles: k pi / m
        add(k == 1 ? "target at pi / m" : "target at 2 pi / m", "the target turns away",
            [at = k * kPi / m](double side) {
                return row(side, at + side, {1.3, -2.0});
            });
    }
}

void add_class_crossings(std::vector<Region>& to, const Settings& of) {
    const auto add = [&](const char* name, const char* crossing,
                         std::function<Problem(double)> at) {
        to.push_back({name, std::move(at), crossing});
    };
    add("target at 0", "the target leaves", [](double side) {
        return row(side, side, {1.3, -2.0}, true);
    });
    add("target at pi", "the target leaves", [](double side) {
        return row(side, kPi + side, {1.3, -2.0}, true);
    });
    add("negative at 0", "it leaves", [](double side) { return row(side, 1, {side, -2.0}, true); });
    add("negative at pi", "it leaves", [](double side) {
        return row(side, 1, {kPi + side, -2.0}, true);
    });
    add("mask at cos(theta)", "the negative turns away", [](double side) {
        return row(side, 1, {-(1 + side), -2.9});
    });
    add("target at 90 degrees", "the target turns away", [](double side) {
        return row(side, kPi / 2 + side, {1.3, -2.0});
    });
    add("negatives at 90 degrees", "they turn away", [](double side) {
        return row(side, 1, {kPi / 2 + side, -kPi / 2 - side});
    });
    add("two nearest negatives", "one turns away", [](double side) {
        return row(side, 0.7, {0.8, -0.8 - side, 2.5});
    });
    add("second and third negative", "one turns away", [](double side) {
        return row(side, 0.7, {0.5, 1.2, -1.2 - side});
    });
    const auto norm = [&](const char* name, double at, std::vector<double> mean_and_std) {
        add(name, "the norm grows", [at, mean_and_std](double side) {
            Problem p = row(side, 1, {1.3, -2.0});
            p.x[0] = at * (1 + side);
            if (!mean_and_std.empty())
                p.state = {{"mean", {mean_and_std[0]}}, {"std", {mean_and_std[1]}}};
            return p;
        });
    };
    norm("norm at the lower bound", setting(of, {"la"}, 10), {});
    norm("norm at the upper bound", setting(of, {"ua"}, 110), {});
    // AdaFace: norms and their standard score are clipped, and so are cosines and angles.
    const double h = setting(of, {"h"}, 0);
    if (h <= 0) return;
    norm("norm at 1e-3", 1e-3, {});
    norm("norm at 100", 100, {});
    norm("norm at mean + std / h", 2 + (2 + 1e-3) / h, {2, 2});
    norm("norm at mean - std / h", 20 - (5 + 1e-3) / h, {20, 5});
    const double eps = setting(of, {"eps"}, 1e-3), m = setting(of, {"m"}, 0.4);
    const double q = h * (2 - 20) / (100 + 1e-3);  // of a norm of 2 in the first step
    const double clip = std::acos(1 - eps);
    add("angle clipped at pi", "the target turns away", [=](double side) {
        return row(side, kPi - eps + m * q + side, {1.3, -2.0});
    });
    add("cosine of the target clipped at 1", "the target turns away", [=](double side) {
        return row(side, clip + side, {1.3, -2.0});
    });
    add("cosine of the target clipped at -1", "the target turns away", [=](double side) {
        return row(side, kPi - clip + side, {1.3, -2.0});
    });
    add("cosine of a negative clipped at 1", "it turns away", [=](double side) {
        return row(side, 1, {clip + side, -2.0});
    });
}

}  // namespace facet::proof
