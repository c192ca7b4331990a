// Where floating-point arithmetic would betray a formula: each test also computes the naive form
// and sees it fail.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/losses/fixtures.h"

namespace facet::testing {
namespace {

bool all_finite(const auto& e) {
    const auto finite = [](auto v) { return std::isfinite(v); };
    return std::isfinite(e.value) && std::all_of(e.dx.begin(), e.dx.end(), finite) &&
           std::all_of(e.dw.begin(), e.dw.end(), finite) &&
           std::all_of(e.dcos.begin(), e.dcos.end(), finite);
}

// d cos(theta + m)/dc as automatic differentiation forms it from c: through acos.
double naive_angular_slope(double c, double m) {
    return std::sin(std::acos(c) + m) / std::sqrt(1 - c * c);
}

// A target at cos = +-1, and another class at cos = 1: the naive gradient is inf * 0.
TEST(LossNumerics, ConePointsAreFiniteForEveryLossAndMode) {
    const double through_x = naive_angular_slope(1.0, 0.5) * 0.0;  // times w - c x = 0
    EXPECT_TRUE(std::isnan(through_x));
    std::vector<Problem> problems = {planar_problem("target at 1", 0, {0.9, -2.0}),
                                     planar_problem("target at -1", 0, {0.9, -2.0}),
                                     planar_problem("other at 1", 0.7, {0.0, -2.0}),
                                     planar_problem("other at -1", 0.7, {0.0, -2.0})};
    problems[1].w[0] = -1.5, problems[1].w[1] = 0;
    problems[3].w[2] = -0.7, problems[3].w[3] = 0;
    for (const Problem& p : problems) {
        for (const Case& c : all_cases()) {
            const auto loss = make_loss(c.name, c.parameters);
            SCOPED_TRACE(loss->describe() + " on " + p.region);
            EXPECT_TRUE(all_finite(evaluate(*loss, p)));
            EXPECT_TRUE(all_finite(evaluate<float>(*loss, p)));
        }
    }
}

// Unit vectors in float32 have squares that round past 1; acos of that is NaN.
TEST(LossNumerics, CosinesThatRoundPastOneAreClipped) {
    Problem p = random_problem(64, 64, 48, 71);
    p.w = p.x;
    for (int64_t i = 0; i < 64; ++i) p.y[i] = i;
    int past = 0;
    for (int64_t i = 0; i < 64; ++i) {
        float unit[48], norm = 0, square = 0;
        for (int d = 0; d < 48; ++d) norm += float(p.feature(i)[d]) * float(p.feature(i)[d]);
        for (int d = 0; d < 48; ++d) unit[d] = float(p.feature(i)[d]) / std::sqrt(norm);
        for (const float u : unit) square += u * u;
        past += std::isnan(std::acos(square));
    }
    EXPECT_GT(past, 0) << "the naive form survives on this data: it tests nothing";
    for (const Case& c : all_cases()) {
        const auto loss = make_loss(c.name, c.parameters);
        EXPECT_TRUE(all_finite(evaluate<float>(*loss, p))) << loss->describe();
    }
}

// 1 - p_y of an easy row in float32: by subtraction nothing is left of it.
TEST(LossNumerics, EasyRowsKeepTheirGradientInFloat32) {
    const double angle = 1.2;  // s (cos(angle) - 1) = -40.8
    const Problem p = planar_problem("easy", 0, {angle});
    const double missing = 1 / (1 + std::exp(64 * (1 - std::cos(angle))));
    const float p_y = float(std::exp(0.0) / (1 + std::exp(64 * (std::cos(angle) - 1))));
    EXPECT_EQ(1 - p_y, 0.0f);
    const auto e = evaluate<float>(*make_loss("cosface", {{"m", "0"}}), p);
    EXPECT_NEAR(e.dcos[1] / (64 * missing), 1, 2e-5);
    EXPECT_NEAR(e.value / std::log1p(std::exp(64 * (std::cos(angle) - 1))), 1, 2e-5);
}

// The focal loss squares 1 - p_y: by subtraction it is wrong in its first digit in float64, too.
TEST(LossNumerics, FocalKeepsItsDigitsOnEasyRows) {
    const double angle = 1.9, d = 32 * (std::cos(angle) - 1);  // -42.3
    const double l = std::log1p(std::exp(d)), missing = std::exp(d) / (1 + std::exp(d));
    const double factor = missing * missing + 2 * missing * std::exp(-l) * l;
    const double exact = factor * 32 * missing;  // dL/dc_j
    const double p_y = 1 / (1 + std::exp(d));
    const double naive = std::pow(1 - p_y, 2) - 2 * (1 - p_y) * p_y * std::log(p_y);
    EXPECT_GT(std::abs(naive * 32 * (1 - p_y) / exact - 1), 0.1);
    const auto e = evaluate(*make_loss("focal"), planar_problem("easy", 0, {angle}));
    EXPECT_NEAR(e.dcos[1] / exact, 1, 1e-12);
    EXPECT_NEAR(e.dcos[0] / -exact, 1, 1e-12);
}

// Logits far above and far below what exp can take.
TEST(LossNumerics, ScalesOfAThousandNeitherOverflowNorVanish) {
    EXPECT_TRUE(std::isinf(std::exp(5000.0 * 0.9)));
    const Problem p = random_problem(6, 9, 7, 72);
    for (const char* name : {"normface", "cosface", "arcface", "sv-softmax", "npcface", "unpg"}) {
        const auto loss = make_loss(name, {{"s", "5000"}});
        EXPECT_TRUE(all_finite(evaluate(*loss, p))) << name;
        EXPECT_TRUE(all_finite(evaluate<float>(*loss, p))) << name;
    }
}

// SphereFace2's bias starts at a root of dL/db; its closed form cancels for few classes.
TEST(LossNumerics, SphereFace2StartsWhereTheBiasHasNoGradient) {
    for (const int64_t C : {2, 3, 4, 50, 5000}) {
        for (const char* kind : {"C", "A", "M"}) {
            Problem p = random_problem(1, C, 2 * C > 8 ? 8 : 4, 73);
            std::fill(p.x.begin(), p.x.end(), 0.0);  // every cosine is 0
            p.x[0] = 1;
            for (int64_t j = 0; j < C; ++j) p.proxy(j)[0] = 0;
            const auto loss = make_loss("sphereface2", {{"kind", kind}});
            const auto e = evaluate(*loss, p);
            const double size = 0.7 / 40;
            EXPECT_NEAR(loss->state().find("b")->gradient[0] / size, 0, 1e-9)
                << "C=" << C << " kind=" << kind;
            EXPECT_TRUE(all_finite(e));
        }
    }
}

}  // namespace
}  // namespace facet::testing
