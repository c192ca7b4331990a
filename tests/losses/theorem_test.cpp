// What is known of the losses by proof.
#include <gtest/gtest.h>

#include "tests/losses/fixtures.h"

namespace facet::testing {
namespace {

double dot(const double* a, const double* b, std::int64_t n) {
    double sum = 0;
    for (std::int64_t d = 0; d < n; ++d) sum += a[d] * b[d];
    return sum;
}

// A loss of cosines does not see lengths: its gradients are orthogonal to the vectors.
TEST(LossTheorem, CosineLossesPullAlongTheSphere) {
    const Problem p = random_problem(6, 9, 7, 21);
    for (const Case& c : all_cases()) {
        if (c.name == "softmax" || c.name == "center") continue;
        const auto loss = make_loss(c.name, c.parameters);
        SCOPED_TRACE(loss->describe());
        const auto e = evaluate(*loss, p);
        for (int i = 0; i < 6 && !reads_lengths(c); ++i)
            EXPECT_NEAR(dot(&p.x[i * 7], &e.dx[i * 7], 7), 0, 1e-13);
        for (int j = 0; j < 9; ++j) EXPECT_NEAR(dot(&p.w[j * 7], &e.dw[j * 7], 7), 0, 1e-13);
    }
}

TEST(LossTheorem, RowsOfNptSumToZero) {
    const Problem p = random_problem(6, 9, 7, 22);
    for (const char* k : {"0", "1", "4"}) {
        const auto e = evaluate(*make_loss("npt", {{"k", k}}), p);
        double largest = 0;
        for (int i = 0; i < 6; ++i) {
            double sum = 0;
            for (int j = 0; j < 9; ++j) {
                sum += e.dcos[i * 9 + j];
                largest = std::max(largest, e.dcos[i * 9 + j]);
            }
            EXPECT_NEAR(sum, 0, 1e-15);
        }
        EXPECT_DOUBLE_EQ(largest, 2.0 / 6);
    }
}

TEST(LossTheorem, SvSoftmaxWithTOneIsTheLossItBuildsOn) {
    const Problem p = random_problem(6, 9, 7, 23);
    const std::vector<std::pair<Case, Case>> pairs = {
        {{"sv-softmax", {{"t", "1"}, {"s", "32"}}}, {"normface", {}}},
        {{"sv-softmax", {{"t", "1"}, {"s", "64"}, {"margin", "am"}}}, {"cosface", {}}},
        {{"sv-softmax", {{"t", "1"}, {"s", "64"}, {"m", "0.5"}, {"margin", "arc"}}},
         {"arcface", {{"beyond", "none"}}}}};
    for (const auto& [sv, base] : pairs) {
        const auto a = evaluate(*make_loss(sv.name, sv.parameters), p);
        const auto b = evaluate(*make_loss(base.name, base.parameters), p);
        EXPECT_NEAR(a.value, b.value, 1e-13);
        EXPECT_LT(relative_error(a.dx, b.dx), 1e-13);
        EXPECT_LT(relative_error(a.dw, b.dw), 1e-13);
    }
}

// 0 <= CosFace(s, m)/s - [max_j c_j - c_y + m]_+ <= log(C)/s, and the hinge is NPT(k = 1) / 2 with
// delta = 2 m.
TEST(LossTheorem, CosFaceOverScaleTendsToTheNptHinge) {
    Problem p = random_problem(1, 12, 4, 0);
    const auto npt = make_loss("npt", {{"delta", "0.7"}});
    for (int seed = 0; seed < 50; ++seed) {
        p = random_problem(1, 12, 4, seed);
        const double hinge = evaluate(*npt, p).value / 2;
        for (const double s : {1.0, 8.0, 64.0, 4096.0}) {
            const auto cosface = make_loss("cosface", {{"s", fmt::format("{}", s)}});
            const double gap = evaluate(*cosface, p).value / s - hinge;
            EXPECT_GE(gap, -1e-15);
            EXPECT_LE(gap, std::log(12.0) / s);
        }
    }
}

// An easy row: 1 - p_y = e^d with d = -120 keeps all its digits.
TEST(LossTheorem, EasyRowsKeepTheirDigits) {
    Problem p{"easy", 1, 2, 2, {1, 0}, {0.8, 0.6, -0.8, 0.6}, {0}};
    const auto e = evaluate(*make_loss("normface", {{"s", "75"}}), p);
    const double expected = std::exp(-120.0);
    EXPECT_NEAR(e.value / expected, 1, 1e-13);
    EXPECT_NEAR(e.dcos[0] / (-75 * expected), 1, 1e-13);
    EXPECT_NEAR(e.dcos[1] / (75 * expected), 1, 1e-13);
}

TEST(LossTheorem, TiesOfTheNearestProxiesGoToTheLowestClass) {
    Problem p{"ties", 1, 5, 2, {1, 0}, {0, 1, 0.8, 0.6, 0.8, 0.6, 0.8, 0.6, -1, 0}, {0}};
    for (std::int64_t tile : {1, 2, 3, 5}) {
        const auto loss = make_loss("npt", {{"k", "2"}});
        const auto e = evaluate(*loss, p, {Head::streamed, tile});
        EXPECT_EQ(e.dcos, (std::vector<double>{-4, 2, 2, 0, 0}));
    }
}

// Strictly greater: a proxy equal to the target's does not beat it.
TEST(LossTheorem, AProxyEqualToTheTargetsIsNoSupportVector) {
    Problem p = random_problem(1, 3, 37, 5);
    std::copy_n(p.proxy(0), 37, p.proxy(2));
    std::copy_n(p.proxy(0), 37, p.feature(0));  // c_1 is smaller
    p.feature(0)[3] += 1;
    const double s = 30;
    const auto e = evaluate(*make_loss("sv-softmax"), p);
    const auto base = evaluate(*make_loss("normface", {{"s", fmt::format("{}", s)}}), p);
    EXPECT_NEAR(e.value, base.value, 1e-13);
}

TEST(LossTheorem, OneClassHasNothingToLearn) {
    // These pull on the target, or on the norm, whatever the others do.
    const std::vector<std::string> always = {"center",  "magface",      "sphereface2",
                                             "uniface", "proxy-anchor", "unpg"};
    for (const Case& c : all_cases()) {
        if (std::find(always.begin(), always.end(), c.name) != always.end()) continue;
        const auto loss = make_loss(c.name, c.parameters);
        SCOPED_TRACE(loss->describe());
        const auto e = evaluate(*loss, random_problem(3, 1, 4, 8));
        EXPECT_EQ(e.value, 0);
        for (const double v : e.dx) EXPECT_EQ(v, 0);
        for (const double v : e.dw) EXPECT_EQ(v, 0);
    }
}

// c_j < 0 for all negatives: the phantom of own=zero is the nearest "negative".
TEST(LossTheorem, OwnZeroAddsAPhantomOfCosineZero) {
    Problem p{"phantom", 1, 3, 2, {1, 0}, {0.28, 0.96, -0.6, 0.8, -1, 0}, {0}};
    const auto zero = evaluate(*make_loss("npt", {{"own", "zero"}}), p);
    EXPECT_NEAR(zero.value, 2 * (0 - 0.28 + 0.5), 1e-15);
    EXPECT_EQ(zero.dcos, (std::vector<double>{-2, 0, 0}));
    const auto paper = evaluate(*make_loss("npt"), p);
    EXPECT_EQ(paper.value, 0);
}

}  // namespace
}  // namespace facet::testing
