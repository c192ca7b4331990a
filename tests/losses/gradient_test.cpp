// Hand-written gradients against central differences of the value, in float64.
#include <gtest/gtest.h>

#include <algorithm>
#include <numbers>

#include "losses/proof/numeric.h"
#include "tests/losses/fixtures.h"

namespace facet::testing {
namespace {

constexpr double kPi = std::numbers::pi;

// Losses of one row at a time. Those that rank or pair the rows of a batch have kinks where rows
// are equal, and a regulariser drowns differences: the verifier (losses/proof/verify.h) places
// those regions.
std::vector<Case> row_cases() {
    std::vector<Case> cases = exact_cases();
    std::erase_if(cases, [](const Case& c) {
        const std::vector<std::string> others = {"magface", "unpg", "elasticface", "hm-softmax",
                                                 "proxy-anchor"};
        return std::find(others.begin(), others.end(), c.name) != others.end();
    });
    return cases;
}

void expect_matches_differences(const Case& c, const Problem& p, double step, double bound) {
    const auto loss = make_loss(c.name, c.parameters);
    SCOPED_TRACE(loss->describe() + " on " + p.region);
    const auto exact = evaluate(*loss, p);
    const NumericGradient numeric = numeric_gradient(*loss, p.batch(), step);
    EXPECT_NEAR(exact.value, numeric.value, 1e-13 * std::abs(numeric.value));
    // What the rounding of the values leaves of their difference over the step, extrapolated.
    const double noise = 1e-15 * std::abs(exact.value) / step;
    for (const auto& [found, expected] :
         {std::pair(&exact.dx, &numeric.dx), {&exact.dw, &numeric.dw}}) {
        double size = 1e-4;
        for (const double v : *expected) size = std::max(size, std::abs(v));
        EXPECT_LT(relative_error(*found, *expected, 1e-4), bound + noise / size);
    }
}

std::vector<Problem> smooth_problems() {
    Problem norms = random_problem(3, 4, 5, 2);
    norms.region = "huge and tiny norms";
    for (double& v : norms.x) v *= 1e8;
    for (double& v : norms.w) v *= 1e-8;
    Problem duplicates = random_problem(4, 6, 5, 3);
    duplicates.region = "equal features";
    std::copy_n(duplicates.feature(0), 5, duplicates.feature(2));
    Problem ignored = random_problem(5, 6, 5, 4);
    ignored.region = "ignored rows";
    ignored.y[1] = ignored.y[3] = -1;
    return {random_problem(5, 7, 6, 1),
            random_problem(1, 2, 3, 5),
            norms,
            duplicates,
            ignored,
            aligned_problem("all easy", 1.0, 0.2),
            aligned_problem("all hard", 1.0, 0.2, 1),
            aligned_problem("past pi - m", -1.0, 0.2)};
}

TEST(LossGradient, ExactModesMatchCentralDifferences) {
    for (const Problem& p : smooth_problems()) {
        for (const Case& c : row_cases()) {
            if (reads_lengths(c) && p.region == "huge and tiny norms") continue;
            expect_matches_differences(c, p, 1e-4, 1e-8);
        }
    }
}

// The difference's step must stay inside the angle.
TEST(LossGradient, MatchesCentralDifferencesNearTheConePoints) {
    for (const Case& c : row_cases()) {
        expect_matches_differences(c, aligned_problem("theta near 0", 1.0, 1e-3), 5e-6, 1e-6);
        expect_matches_differences(c, aligned_problem("theta near pi", -1.0, 1e-3), 5e-6, 1e-6);
    }
}

// Masks, hinges and fallbacks switch at these angles; beside them the gradient is that side's.
TEST(LossGradient, MatchesCentralDifferencesOnBothSidesOfEverySwitch) {
    const double e = 1e-3;
    for (const double side : {-e, e}) {
        for (const Problem& p : switch_problems(side)) {
            for (const Case& c : row_cases()) expect_matches_differences(c, p, 5e-5, 1e-8);
        }
    }
}

// grad=detached: the derivative of s (T(c0) + c - c0), that is CosFace's with the margin
// c0 - T(c0) of the row. With one row the margin is one number, and CosFace can be asked.
TEST(LossGradient, DetachedArcFaceIsTheGradientOfAFrozenMargin) {
    for (const double angle : {0.3, 1.0, 2.0}) {
        const Problem p = planar_problem("frozen margin", angle, {0.7, -1.1, 2.5});
        const double frozen = std::cos(angle) - std::cos(angle + 0.5);
        const auto arc = make_loss("arcface", {{"grad", "detached"}});
        const auto cos = make_loss("cosface", {{"m", fmt::format("{:.17g}", frozen)}});
        const auto a = evaluate(*arc, p), b = evaluate(*cos, p);
        EXPECT_NEAR(a.value, b.value, 1e-12);
        EXPECT_LT(relative_error(a.dx, b.dx), 1e-12);
        EXPECT_LT(relative_error(a.dw, b.dw), 1e-12);
        const auto exact = make_loss("arcface");
        EXPECT_GT(relative_error(evaluate(*exact, p).dx, a.dx), 0.1) << "the modes differ";
    }
}

TEST(LossGradient, SoftmaxBiasMatchesCentralDifferences) {
    const Problem p = random_problem(5, 4, 3, 9);
    const auto loss = make_loss("softmax");
    StateArray& b = *loss->state().find("b");
    b.value = {0.3, -0.2, 0.1, 0.7};
    evaluate(*loss, p);
    const std::vector<double> gradient = b.gradient;
    ASSERT_EQ(gradient.size(), 4u);
    for (int j = 0; j < 4; ++j) {
        const double centre = b.value[j], h = 1e-5;
        b.value[j] = centre + h;
        const double above = evaluate(*loss, p).value;
        b.value[j] = centre - h;
        EXPECT_NEAR(gradient[j], (above - evaluate(*loss, p).value) / (2 * h), 1e-9);
        b.value[j] = centre;
    }
}

// Exactly at the cone points, and for vectors that are zero, everything stays finite and what has
// no derivative is 0.
TEST(LossGradient, IsFiniteAtTheConePoints) {
    std::vector<Problem> problems = {
        aligned_problem("cos = 1", 2.0, 0), aligned_problem("cos = -1", -0.5, 0),
        aligned_problem("negative at 1", 2.0, 0, 1), aligned_problem("negative at -1", -1.0, 0, 1),
        aligned_problem("theta 1e-12", 1.0, 1e-12)};
    for (const Problem& p : problems) {
        for (const Case& c : all_cases()) {
            const auto loss = make_loss(c.name, c.parameters);
            SCOPED_TRACE(loss->describe() + " on " + p.region);
            const auto e = evaluate(*loss, p);
            const auto f = evaluate<float>(*loss, p);
            const auto finite = [](auto v) { return std::isfinite(v); };
            EXPECT_TRUE(std::isfinite(e.value) && std::isfinite(f.value));
            EXPECT_TRUE(std::all_of(e.dx.begin(), e.dx.end(), finite));
            EXPECT_TRUE(std::all_of(e.dw.begin(), e.dw.end(), finite));
            EXPECT_TRUE(std::all_of(e.dcos.begin(), e.dcos.end(), finite));
            EXPECT_TRUE(std::all_of(f.dx.begin(), f.dx.end(), finite));
            EXPECT_TRUE(std::all_of(f.dw.begin(), f.dw.end(), finite));
            EXPECT_TRUE(std::all_of(f.dcos.begin(), f.dcos.end(), finite));
        }
    }
}

TEST(LossGradient, TheTargetPullsNothingAtAConePoint) {
    const Problem p = planar_problem("cone", 0.0, {});
    const auto e = evaluate(*make_loss("npt", {{"own", "zero"}, {"delta", "4"}}), p);
    EXPECT_EQ(e.dx, (std::vector<double>{0, 0}));
    Problem two = planar_problem("cone", 0.0, {kPi});
    two.w[2] = -0.7, two.w[3] = 0;
    for (const char* m : {"0.5", "3.1"}) {
        const auto loss = make_loss("arcface", {{"m", m}, {"beyond", "none"}});
        for (const double v : evaluate(*loss, two).dx) EXPECT_NEAR(v, 0, 1e-15);
    }
}

TEST(LossGradient, ZeroVectorsHaveZeroGradients) {
    Problem p = random_problem(4, 5, 3, 6);
    std::fill_n(p.feature(1), 3, 0.0);
    std::fill_n(p.proxy(2), 3, 0.0);
    for (const Case& c : all_cases()) {
        if (c.name == "softmax" || c.name == "center") continue;
        const auto loss = make_loss(c.name, c.parameters);
        SCOPED_TRACE(loss->describe());
        const auto e = evaluate(*loss, p);
        for (int d = 0; d < 3; ++d) {
            EXPECT_EQ(e.dx[3 + d], 0);
            EXPECT_EQ(e.dw[6 + d], 0);
        }
        EXPECT_TRUE(std::isfinite(e.value));
    }
}

}  // namespace
}  // namespace facet::testing
