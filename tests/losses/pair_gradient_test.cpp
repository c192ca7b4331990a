// Gradients of pair losses: against central differences, and where there is no derivative.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numbers>

#include "engine/error.h"
#include "losses/proof/numeric.h"
#include "tests/losses/pair_fixtures.h"

namespace facet::testing {
namespace {

constexpr double kPi = std::numbers::pi;

void expect_matches_differences(const PairCase& c, const PairProblem& p, double step,
                                double bound) {
    const auto loss = make_loss(c.name, c.parameters);
    SCOPED_TRACE(loss->describe() + " on " + p.region);
    const NumericGradient numeric = numeric_gradient(*loss, p.batch(), step);
    const auto exact = evaluate_pairs(*loss, p);
    EXPECT_NEAR(exact.value, numeric.value, 1e-13 * std::abs(numeric.value));
    EXPECT_LT(worst_error(exact.dx, numeric.dx, 1e-4), bound);
}

std::vector<PairProblem> smooth_problems() {
    PairProblem ignored = random_pairs({0, -1, 0, 1, -1, 1, 2}, 4, 2);
    ignored.region = "ignored rows";
    PairProblem opposite = random_pairs({0, 0, 1, 1, 2}, 4, 3);
    opposite.region = "opposite vectors";
    for (int d = 0; d < 4; ++d) {
        opposite.row(1)[d] = -opposite.row(0)[d];
        opposite.row(3)[d] = -3 * opposite.row(2)[d];
    }
    PairProblem easy = random_pairs({0, 0, 1, 1, 2, 2}, 6, 4);
    easy.region = "tight classes";
    for (int i = 0; i < 6; i += 2) {
        for (int d = 0; d < 6; ++d) easy.row(i + 1)[d] = easy.row(i)[d] + 0.1 * easy.row(i + 1)[d];
    }
    PairProblem one = random_pairs({3, 3, 3, 3}, 3, 5), two = random_pairs({0, 0}, 3, 6);
    one.region = "one class";
    two.region = "two rows";
    PairProblem distinct = random_pairs({0, 1, 2, 3}, 3, 7);
    distinct.region = "distinct classes";
    return {random_pairs({0, 0, 0, 1, 1, 1, 2, 2, 3}, 5, 1),
            ignored,
            opposite,
            easy,
            one,
            two,
            distinct};
}

TEST(PairGradient, MatchesCentralDifferences) {
    for (const PairProblem& p : smooth_problems()) {
        for (const PairCase& c : exact_pair_cases()) {
            const bool ties = p.region == "opposite vectors" && c.selects_by_order();
            if (!ties) expect_matches_differences(c, p, 1e-4, 1e-7);
        }
    }
}

// Losses of unit vectors do not see lengths: the gradient shrinks as they grow.
TEST(PairGradient, OfUnitVectorsScalesWithTheInverseLength) {
    const PairProblem p = random_pairs({0, 0, 1, 1, 2, 2}, 5, 8);
    for (const PairCase& c : all_pair_cases()) {
        if (c.is_raw()) continue;
        const auto loss = make_loss(c.name, c.parameters);
        SCOPED_TRACE(loss->describe());
        const auto plain = evaluate_pairs(*loss, p);
        for (const double scale : {std::ldexp(1.0, 400), std::ldexp(1.0, -400)}) {
            PairProblem scaled = p;
            for (double& v : scaled.x) v *= scale;
            auto e = evaluate_pairs(*loss, scaled);
            for (double& v : e.dx) v *= scale;
            EXPECT_EQ(e.value, plain.value);
            EXPECT_LT(worst_error(e.dx, plain.dx), 1e-14);
        }
        for (int i = 0; i < p.B(); ++i) {
            double radial = 0;
            for (int d = 0; d < 5; ++d) radial += plain.dx[i * 5 + d] * p.x[i * 5 + d];
            EXPECT_NEAR(radial, 0, 1e-12) << "along the sphere";
        }
    }
}

// L(c x, c M) = c^2 L(x, M), also where squares of the differences underflow or overflow.
TEST(PairGradient, ContrastiveScalesWithItsMargin) {
    const PairProblem p = random_pairs({0, 0, 1, 1, 2, 2}, 5, 8);
    const auto plain = evaluate_pairs(*make_loss("contrastive", {{"margin", "4"}}), p);
    for (const int power : {500, -500, -560}) {
        const double scale = std::ldexp(1.0, power);
        PairProblem scaled = p;
        for (double& v : scaled.x) v *= scale;
        const auto loss = make_loss("contrastive", {{"margin", fmt::format("{:.17g}", 4 * scale)}});
        auto e = evaluate_pairs(*loss, scaled);
        for (double& v : e.dx) v /= scale;
        EXPECT_LT(worst_error(e.dx, plain.dx), 1e-14) << "2^" << power;
    }
}

// Where a hinge, a mask or a choice switches at side = 0.
std::vector<PairProblem> switches(double side) {
    const double third = kPi / 3;
    const double hinge = std::acos(0.5 - 0.1) + side;            // D_an = D_ap + 0.2, squared
    const double root = 2 * std::asin(0.5 + 0.1) + side;         // the same for distances
    const double mined = std::acos(std::cos(1.0) + 0.1) + side;  // S_p - eps = S_n
    return {planar_pairs("triplet hinge", {0, third, -hinge, -hinge - 0.7}, {0, 0, 1, 1}),
            planar_pairs("triplet hinge, root", {0, third, -root, -root - 0.7}, {0, 0, 1, 1}),
            planar_pairs("D_an = D_ap", {0, third, -third - side, -2.9}, {0, 0, 1, 2}),
            planar_pairs("closest negative", {0, third, -1.2, 2.2 + side, -2.2}, {0, 0, 1, 2, 3}),
            planar_pairs("farthest positive", {0, 1.0, -1.0 - side, 2.8}, {0, 0, 0, 1}),
            planar_pairs("similarity mining", {0, mined, -1.0, -2.1}, {0, 0, 1, 1}),
            planar_pairs("unit hinge", {0, 2 * std::asin(0.8) + side, -2.5}, {0, 1, 0}),
            {"raw hinge", 1, {0, 4 + side, 9, 0.3}, {0, 1, 1, 0}}};
}

TEST(PairGradient, MatchesCentralDifferencesOnBothSidesOfEverySwitch) {
    for (const double side : {-1e-3, 1e-3}) {
        for (const PairProblem& p : switches(side)) {
            for (const PairCase& c : exact_pair_cases()) {
                if (p.D == 1 && !c.is_raw()) continue;  // a line has two unit vectors
                expect_matches_differences(c, p, 5e-5, 1e-7);
            }
        }
    }
}

// Two equal rows, of one class and of two; parallel rows; zero rows: all is finite in both types.
std::vector<PairProblem> degenerate_problems() {
    std::vector<PairProblem> problems;
    for (const int64_t other : {0, 1}) {
        PairProblem equal = random_pairs({0, other, 0, 1, 2, 1}, 4, 9);
        std::copy_n(equal.row(0), 4, equal.row(1));
        equal.region = other == 0 ? "equal, same class" : "equal, different classes";
        problems.push_back(equal);
        for (int d = 0; d < 4; ++d) equal.row(1)[d] *= 3;
        equal.region = "parallel";
        problems.push_back(equal);
        for (int i = 1; i < 6; ++i) std::copy_n(equal.row(0), 4, equal.row(i));
        equal.region = "all equal";
        problems.push_back(equal);
        std::fill(equal.x.begin(), equal.x.end(), 0.0);
        equal.region = "all zero";
        problems.push_back(equal);
    }
    return problems;
}

TEST(PairGradient, IsFiniteWhereRowsAreEqual) {
    for (const PairProblem& p : degenerate_problems()) {
        for (const PairCase& c : all_pair_cases()) {
            const auto loss = make_loss(c.name, c.parameters);
            SCOPED_TRACE(loss->describe() + " on " + p.region);
            const auto e = evaluate_pairs(*loss, p);
            const auto f = evaluate_pairs<float>(*loss, p);
            EXPECT_TRUE(std::isfinite(e.value) && std::isfinite(f.value));
            for (const double v : e.dx) EXPECT_TRUE(std::abs(v) < 1e3) << v;
            for (const float v : f.dx) EXPECT_TRUE(std::abs(v) < 1e3f) << v;
        }
    }
}

// Products and squared distances are smooth there, and the differences can judge.
TEST(PairGradient, MatchesCentralDifferencesWhereRowsAreEqual) {
    for (const PairProblem& p : degenerate_problems()) {
        if (!p.region.starts_with("equal") && p.region != "parallel") continue;
        for (const PairCase& c : exact_pair_cases()) {
            if (c.reads_distances() || c.selects_by_order()) continue;
            expect_matches_differences(c, p, 1e-4, 2e-8);
        }
    }
}

// With S = <u, v> for two equal unit vectors, -1 / sqrt(2 - 2 S) is infinite or 1e8, and the
// difference quotient of sqrt(2 - 2 S) near it has no digits.
TEST(PairGradient, DistancesComeFromDifferences) {
    const double angle = 1e-9;
    const PairProblem equal = planar_pairs("equal", {0.7, 0.7}, {0, 1});
    const PairProblem near = planar_pairs("near", {0.7, 0.7 + angle}, {0, 0});
    const auto loss = make_loss("contrastive", {{"margin", "1"}, {"compat", "pml"}});
    const auto at = evaluate_pairs(*loss, equal);
    EXPECT_EQ(at.value, 1);
    EXPECT_EQ(at.dx, std::vector<double>(4, 0.0));
    EXPECT_NEAR(evaluate_pairs(*loss, near).value, angle, 1e-6 * angle);

    const double S = std::cos(0.7) * std::cos(0.7 + angle) + std::sin(0.7) * std::sin(0.7 + angle);
    EXPECT_GT(std::abs(std::sqrt(std::max(0.0, 2 - 2 * S)) - angle), 0.5 * angle) << "the root";
    const double cosine = std::cos(0.7) * std::cos(0.7) + std::sin(0.7) * std::sin(0.7);
    EXPECT_GT(1 / std::sqrt(std::max(0.0, 2 - 2 * cosine)), 1e7) << "and its derivative";
}

TEST(PairGradient, ZeroVectorsHaveZeroGradients) {
    PairProblem p = random_pairs({0, 0, 1, 1, 2, 2}, 4, 10);
    p.region = "zero vector";
    std::fill_n(p.row(2), 4, 0.0);
    for (const PairCase& c : all_pair_cases()) {
        if (c.is_raw()) continue;  // 0 is a point like others
        const auto loss = make_loss(c.name, c.parameters);
        SCOPED_TRACE(loss->describe());
        const auto e = evaluate_pairs(*loss, p);
        for (int d = 0; d < 4; ++d) EXPECT_EQ(e.dx[8 + d], 0);
        const NumericGradient numeric = numeric_gradient(*loss, p.batch(), 1e-5);
        std::vector<double> expected = numeric.dx;
        std::fill_n(expected.begin() + 8, 4, 0.0);
        if (c.name == "circle-pair" || c.selects_by_order()) continue;
        EXPECT_LT(worst_error(e.dx, expected, 1e-4), 1e-6);
    }
}

// Its cosine with all is 0, so 2 - 2 cos is 2.
TEST(PairGradient, ZeroVectorsAreAsFarAsARightAngle) {
    const double sixty = kPi / 3;
    PairProblem p = planar_pairs("zero", {0, sixty, 1}, {0, 0, 1});
    std::fill_n(p.row(2), 2, 0.0);
    const KeyValues wide = {{"margin", "2"}};
    EXPECT_NEAR(evaluate_pairs(*make_loss("triplet", wide), p).value, 1 - 2 + 2, 1e-14);
    const KeyValues roots = {{"margin", "2"}, {"squared", "false"}};
    EXPECT_NEAR(evaluate_pairs(*make_loss("triplet", roots), p).value, 3 - std::sqrt(2), 1e-14);
}

// The value of circle-pair with its weights held at those of the centre, written out anew.
double frozen_circle(const PairProblem& p, const PairProblem& centre, double m, double gamma) {
    const auto cosine = [](const PairProblem& q, int i, int j) {
        double product = 0, a = 0, b = 0;
        for (int d = 0; d < q.D; ++d) {
            const double u = q.x[i * q.D + d], v = q.x[j * q.D + d];
            product += u * v, a += u * u, b += v * v;
        }
        return product / std::sqrt(a * b);
    };
    double sum = 0;
    int anchors = 0;
    for (int i = 0; i < p.B(); ++i) {
        double positives = 0, negatives = 0;
        for (int j = 0; j < p.B(); ++j) {
            if (j == i) continue;
            const double s = cosine(p, i, j), s0 = cosine(centre, i, j);
            if (p.y[i] == p.y[j]) {
                positives += std::exp(-gamma * std::max(0.0, 1 + m - s0) * (s - (1 - m)));
            } else {
                negatives += std::exp(gamma * std::max(0.0, s0 + m) * (s - m));
            }
        }
        if (positives == 0 || negatives == 0) continue;
        sum += std::log(1 + positives * negatives);
        ++anchors;
    }
    return sum / anchors;
}

TEST(PairGradient, CircleIsTheDerivativeWithFrozenWeights) {
    for (const double gamma : {4.0, 80.0}) {
        const PairProblem centre = random_pairs({0, 0, 0, 1, 1, 2}, 4, 11);
        const auto loss = make_loss("circle-pair", {{"gamma", fmt::format("{}", gamma)}});
        const auto e = evaluate_pairs(*loss, centre);
        EXPECT_NEAR(e.value, frozen_circle(centre, centre, 0.25, gamma), 1e-12 * e.value);
        std::vector<double> frozen;
        for (size_t at = 0; at < centre.x.size(); ++at) {
            PairProblem p = centre;
            const auto slope = [&](double h) {
                p.x[at] = centre.x[at] + h;
                const double above = frozen_circle(p, centre, 0.25, gamma);
                p.x[at] = centre.x[at] - h;
                return (above - frozen_circle(p, centre, 0.25, gamma)) / (2 * h);
            };
            frozen.push_back((4 * slope(5e-5) - slope(1e-4)) / 3);
        }
        EXPECT_LT(worst_error(e.dx, frozen), 1e-8);
        EXPECT_GT(worst_error(e.dx, numeric_gradient(*loss, centre.batch()).dx), 0.1)
            << "the derivative of the value is another";
    }
}

TEST(PairGradient, OfFloatIsThatOfDouble) {
    std::vector<PairProblem> problems = smooth_problems();
    problems.push_back(random_pairs({0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3}, 32, 12));
    for (const PairProblem& p : problems) {
        for (const PairCase& c : all_pair_cases()) {
            if (p.region == "opposite vectors" && c.selects_by_order()) continue;
            const auto loss = make_loss(c.name, c.parameters);
            SCOPED_TRACE(loss->describe() + " on " + p.region);
            const auto e = evaluate_pairs(*loss, p);
            const auto f = evaluate_pairs<float>(*loss, p);
            EXPECT_NEAR(f.value, e.value, 2e-5 * std::abs(e.value));
            EXPECT_LT(worst_error(f.dx, e.dx, 1e-6), 2e-4);
        }
    }
}

}  // namespace
}  // namespace facet::testing
