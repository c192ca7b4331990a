// compat=...: what public implementations compute where they differ.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/losses/fixtures.h"

namespace facet::testing {
namespace {

void expect_same(const Case& a, const Case& b, const Problem& p) {
    const auto x = evaluate(*make_loss(a.name, a.parameters), p);
    const auto y = evaluate(*make_loss(b.name, b.parameters), p);
    EXPECT_NEAR(x.value, y.value, 1e-13 * std::max(1.0, std::abs(y.value))) << a.name;
    EXPECT_LT(relative_error(x.dx, y.dx), 1e-13) << a.name;
    EXPECT_LT(relative_error(x.dw, y.dw), 1e-13) << a.name;
}

TEST(LossCompat, InsightfacesCombinedMarginIsOneOfTheThree) {
    const Problem p = random_problem(6, 9, 7, 81);
    expect_same({"combined", {{"compat", "insightface"}, {"m3", "0.4"}}},
                {"cosface", {{"m", "0.4"}}}, p);
    expect_same({"combined", {{"compat", "insightface"}, {"m2", "0.5"}, {"m3", "0"}}},
                {"arcface", {{"grad", "detached"}, {"beyond", "none"}}}, p);
    EXPECT_THROW(make_loss("combined", {{"compat", "insightface"}, {"m1", "0.9"}, {"m3", "0"}}),
                 UsageError);
}

TEST(LossCompat, CavafaceFallsBackWithoutTheThirdMargin) {
    const Problem p = planar_problem("past pi - m2", 3.0, {1.0, -2.0});
    const double m2 = 0.3, m = m2 * std::sin(m2);
    expect_same({"combined", {{"compat", "cavaface"}}},
                {"cosface", {{"m", fmt::format("{:.17g}", m)}}}, p);
    const Problem inside = planar_problem("inside", 1.0, {1.0, -2.0});
    expect_same({"combined", {{"compat", "cavaface"}}}, {"combined", {}}, inside);
}

// The reported value stops at -log 1e-30, the gradient does not.
TEST(LossCompat, InsightfacesArcFaceSaturatesInTheValueOnly) {
    Problem p = planar_problem("hopeless", 2.6, {0.05});
    const Case compat{"arcface", {{"compat", "insightface"}}};
    const Case plain{"arcface", {{"grad", "detached"}, {"beyond", "none"}}};
    const auto a = evaluate(*make_loss(compat.name, compat.parameters), p);
    const auto b = evaluate(*make_loss(plain.name, plain.parameters), p);
    EXPECT_GT(b.value, 100);
    EXPECT_NEAR(a.value, 69.0775527898, 1e-9);
    EXPECT_EQ(a.dx, b.dx);
    expect_same(compat, plain, aligned_problem("easy", 1.0, 0.5));
}

// Past pi - m the bare cosine: CosFace without a margin there.
TEST(LossCompat, FacexzoosFallbacksAreTheBareCosine) {
    const Problem p = planar_problem("past pi - m", 2.9, {1.0, -2.0});
    const Case bare{"cosface", {{"m", "0"}}};
    expect_same({"arcface", {{"compat", "facexzoo"}}}, bare, p);
    const auto mag = evaluate(*make_loss("magface", {{"compat", "facexzoo"}, {"lg", "0"}}), p);
    EXPECT_NEAR(mag.value, evaluate(*make_loss("cosface", {{"m", "0"}}), p).value, 1e-12);
    const Problem inside = planar_problem("easy would act", 1.8, {1.0, -2.0});
    expect_same({"magface", {{"compat", "facexzoo"}}}, {"magface", {{"easy", "false"}}}, inside);
}

TEST(LossCompat, FacexzoosEasyMarginBeginsAtTheMargin) {
    const double between = std::acos(0.2);  // 0 < c_y < m
    const Problem p = planar_problem("between", between, {1.0, -2.0});
    for (const char* name : {"sv-softmax", "mv-softmax"}) {
        const KeyValues am = {{"margin", "am"}, {"easy", "true"}};
        KeyValues compat = am;
        compat.emplace_back("compat", "facexzoo");
        const auto a = evaluate(*make_loss(name, compat), p);
        const auto b = evaluate(*make_loss(name, am), p);
        EXPECT_LT(a.value, b.value - 5) << name << ": the margin is off, worth s m = 10";
        expect_same({name, compat}, {name, am}, planar_problem("above", 0.9, {1.0, -2.0}));
    }
}

TEST(LossCompat, ReleasedUniFaceDropsItsHardestPositives) {
    const Problem p = planar_problem("hardest", 3.0, {2.5, -2.5});
    const auto compat = make_loss("uniface", {{"compat", "released"}});
    const auto plain = make_loss("uniface");
    EXPECT_EQ(evaluate(*compat, p).dcos[0], 0);
    EXPECT_LT(evaluate(*plain, p).dcos[0], -60);
    EXPECT_NEAR(evaluate(*compat, p).value, 64, 1e-3);
    EXPECT_NEAR(compat->state().find("b")->gradient[0] - plain->state().find("b")->gradient[0], -1,
                1e-12);
}

TEST(LossCompat, OpensphereDividesSphereFaceRByItsScale) {
    const Problem p = random_problem(6, 9, 7, 83);
    expect_same({"sphereface-r", {{"compat", "opensphere"}, {"lw", "60"}, {"s", "30"}}},
                {"sphereface-r", {{"lw", "2"}, {"s", "30"}}}, p);
}

// Rows with c_y in the order 2 > 0 > 1 (a cycle, its own inverse is another one).
TEST(LossCompat, ReleasedElasticFacePlusPermutesInversely) {
    Problem p = random_problem(3, 4, 6, 84);
    const double angle[] = {0.8, 1.2, 0.3};
    for (int i = 0; i < 3; ++i) {
        std::fill_n(p.feature(i), 6, 0.0);
        std::fill_n(p.proxy(p.y[i]), 6, 0.0);
        p.feature(i)[i] = 1;
        p.proxy(p.y[i])[i] = std::cos(angle[i]);
        p.proxy(p.y[i])[5] = std::sin(angle[i]);
    }
    const auto margins = [&](const char* compat) {
        const auto loss = make_loss("elasticface", {{"plus", "true"}, {"compat", compat}});
        HeadDiagnostics diagnostics;
        loss->forward_backward(p.batch(), {}, diagnostics);
        return loss->state().find("E")->value;
    };
    const std::vector<double> right = margins("none"), released = margins("released");
    EXPECT_LT(right[2], right[0]);
    EXPECT_LT(right[0], right[1]);
    // sorted[argsort(-c)] with argsort = (2, 0, 1)
    EXPECT_EQ(released, (std::vector<double>{right[1], right[2], right[0]}));
}

TEST(LossCompat, ReleasedNptTakesTheMarginOnTheCosine) {
    const Problem p = random_problem(6, 9, 7, 85);
    expect_same({"npt", {{"compat", "released"}, {"delta", "0.5"}}}, {"npt", {{"own", "zero"}}}, p);
    const auto twice =
        evaluate(*make_loss("npt", {{"compat", "released"}, {"delta", "0.5"}, {"r", "2"}}), p);
    const auto once = evaluate(*make_loss("npt", {{"compat", "released"}, {"delta", "0.5"}}), p);
    EXPECT_NEAR(twice.value, 2 * once.value, 1e-13);
}

}  // namespace
}  // namespace facet::testing
