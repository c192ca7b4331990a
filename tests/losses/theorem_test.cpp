// What is known of the losses by proof.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/losses/fixtures.h"

namespace facet::testing {
namespace {

double dot(const double* a, const double* b, int64_t n) {
    double sum = 0;
    for (int64_t d = 0; d < n; ++d) sum += a[d] * b[d];
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

void expect_same(const Case& a, const Case& b, const Problem& p, double factor = 1) {
    const auto one = make_loss(a.name, a.parameters), other = make_loss(b.name, b.parameters);
    SCOPED_TRACE(one->describe() + " and " + other->describe());
    const auto x = evaluate(*one, p);
    auto y = evaluate(*other, p);
    for (auto* gradient : {&y.dx, &y.dw}) {
        for (double& v : *gradient) v *= factor;
    }
    EXPECT_NEAR(x.value, factor * y.value, 1e-13 * std::max(1.0, std::abs(x.value)));
    EXPECT_LT(relative_error(x.dx, y.dx), 1e-13);
    EXPECT_LT(relative_error(x.dw, y.dw), 1e-13);
}

TEST(LossTheorem, SpecialCasesAreTheLossesTheyExtend) {
    const Problem p = random_problem(6, 9, 7, 23);
    const Case normface{"normface", {}}, cosface{"cosface", {}};
    const Case arcface{"arcface", {{"beyond", "none"}}};
    expect_same({"sv-softmax", {{"t", "1"}, {"s", "32"}}}, normface, p);
    expect_same({"sv-softmax", {{"t", "1"}, {"s", "64"}, {"margin", "am"}}}, cosface, p);
    expect_same({"sv-softmax", {{"t", "1"}, {"s", "64"}, {"m", "0.5"}, {"margin", "arc"}}}, arcface,
                p);
    expect_same({"mv-softmax", {{"t", "0"}, {"s", "64"}}}, cosface, p);
    expect_same({"mv-softmax", {{"t", "0"}, {"s", "64"}, {"mode", "fixed"}}}, cosface, p);
    expect_same({"combined", {{"m1", "1"}, {"m2", "0"}, {"m3", "0.35"}}}, cosface, p);
    expect_same({"combined", {{"m1", "1"}, {"m2", "0.5"}, {"m3", "0"}}}, arcface, p);
    expect_same({"elasticface", {{"sigma", "0"}}}, arcface, p);
    expect_same({"elasticface", {{"sigma", "0"}, {"kind", "cos"}, {"m", "0.35"}, {"plus", "true"}}},
                cosface, p);
    expect_same(
        {"npcface", {{"t", "1"}, {"alpha", "0"}, {"m0", "0.5"}, {"m1", "0"}, {"easy", "false"}}},
        arcface, p);
    expect_same({"focal", {{"gamma", "0"}}}, normface, p);
    expect_same({"hm-softmax", {{"save_rate", "1"}}}, normface, p);
    for (const char* version : {"v0", "v1", "v2"}) {
        expect_same(
            {"sphereface-r", {{"m", "1"}, {"s", "32"}, {"version", version}, {"grad", "exact"}}},
            normface, p);
    }
    expect_same({"adacos", {{"dynamic", "false"}}},
                {"normface", {{"s", fmt::format("{:.17g}", std::sqrt(2.0) * std::log(8.0))}}}, p);
}

TEST(LossTheorem, SvSoftmaxIsMvSoftmaxWithTMinusOne) {
    for (const char* margin : {"am", "arc"}) {
        for (const char* easy : {"true", "false"}) {
            expect_same(
                {"sv-softmax", {{"s", "32"}, {"t", "1.25"}, {"margin", margin}, {"easy", easy}}},
                {"mv-softmax", {{"t", "0.25"}, {"margin", margin}, {"easy", easy}}},
                random_problem(6, 9, 7, 24));
        }
    }
}

TEST(LossTheorem, ProxyNcaPpIsNormFace) {
    expect_same({"proxy-nca-pp", {{"T", "0.125"}}}, {"normface", {{"s", "16"}}},
                random_problem(6, 9, 7, 25));
}

// All negatives: CosFace(s = tau) / tau, also where the hinge's margin is beaten by none.
TEST(LossTheorem, NptLseOverAllNegativesIsCosFaceOverItsScale) {
    for (const Problem& p : {random_problem(6, 9, 7, 26), aligned_problem("easy", 1.0, 0.2)}) {
        expect_same({"npt-lse", {{"m", "0.35"}}}, {"cosface", {}}, p, 1.0 / 64);
    }
}

TEST(LossTheorem, NptLseTendsToNptAsItSharpens) {
    const Problem p = random_problem(6, 9, 7, 27);
    const double hinge = evaluate(*make_loss("npt"), p).value / 2;  // m = delta / 2 = 0.5
    double last = 1e9;
    for (const char* tau : {"16", "64", "256", "4096"}) {
        const double gap = evaluate(*make_loss("npt-lse", {{"tau", tau}}), p).value - hinge;
        EXPECT_GE(gap, 0);
        EXPECT_LE(gap, std::log(9.0) / std::stod(tau));
        EXPECT_LE(gap, last);
        last = gap;
    }
}

TEST(LossTheorem, UnpgWithoutNegativePairsIsItsBase) {
    Problem one_class = random_problem(5, 9, 7, 28);
    std::fill(one_class.y.begin(), one_class.y.end(), 3);
    for (const Problem& p : {one_class, random_problem(1, 9, 7, 29)}) {
        for (const char* scope : {"batch", "anchor"}) {
            const auto unpg = [&](const char* base) {
                return Case{"unpg", {{"base", base}, {"scope", scope}}};
            };
            expect_same(unpg("cos"), {"cosface", {{"m", "0.5"}}}, p);
            expect_same(unpg("arc"), {"arcface", {{"beyond", "none"}}}, p);
            expect_same(unpg("mag"), {"magface", {}}, p);
            expect_same(unpg("norm"), {"normface", {{"s", "64"}}}, p);
        }
    }
}

// Where every slope is the same number, sum_j dL/dc_ij = 0.
TEST(LossTheorem, RowSumsVanishWhereAllSlopesAreEqual) {
    const Problem p = random_problem(6, 9, 7, 30);
    const std::vector<Case> cases = {{"normface", {}},
                                     {"cosface", {}},
                                     {"adacos", {}},
                                     {"focal", {}},
                                     {"hm-softmax", {}},
                                     {"npt", {{"k", "3"}}},
                                     {"npt-lse", {{"k", "3"}}},
                                     {"proxy-nca", {}},
                                     {"proxy-nca-pp", {}},
                                     {"arcface", {{"grad", "detached"}}},
                                     {"mv-softmax", {{"mode", "fixed"}}},
                                     {"sphereface-r", {}}};
    for (const Case& c : cases) {
        const auto loss = make_loss(c.name, c.parameters);
        const auto e = evaluate(*loss, p);
        for (int i = 0; i < 6; ++i) {
            double sum = 0, size = 0;
            for (int j = 0; j < 9; ++j) {
                sum += e.dcos[i * 9 + j];
                size += std::abs(e.dcos[i * 9 + j]);
            }
            EXPECT_NEAR(sum, 0, 1e-14 * size) << loss->describe();
        }
    }
}

// NPT's property 1: L_i < delta means that x_i is closer to its own proxy than to any other.
// Property 2, minimum separability: let the features of every class have a mean along its proxy, of
// length beta on a sphere of radius r. Then with gamma = beta / r, for all classes i != j,
//   gamma |W_i - W_j|^2 >= delta - E[L_i].
TEST(LossTheorem, NptBoundsTheSeparationOfItsProxies) {
    const int64_t C = 5, D = 4, each = 4;
    double closest = 1e9;
    for (int seed = 0; seed < 40; ++seed) {
        Problem p = random_problem(C * each, C, D, 100 + seed);
        const double phi = 0.1 + 0.02 * seed, r = 1.5, delta = 2;
        for (int64_t j = 0; j < C; ++j) {  // pairs that mirror each other at the proxy
            double* w = p.proxy(j);
            const double norm = std::sqrt(dot(w, w, D));
            for (int64_t d = 0; d < D; ++d) w[d] /= norm;
            for (int64_t pair = 0; pair < each / 2; ++pair) {
                double* plus = p.feature(j * each + 2 * pair);
                double* minus = p.feature(j * each + 2 * pair + 1);
                const double along = dot(plus, w, D);
                for (int64_t d = 0; d < D; ++d) plus[d] -= along * w[d];
                const double length = std::sqrt(dot(plus, plus, D));
                for (int64_t d = 0; d < D; ++d) {
                    const double side = std::sin(phi) * plus[d] / length;
                    plus[d] = std::cos(phi) * w[d] + side;
                    minus[d] = std::cos(phi) * w[d] - side;
                }
            }
        }
        for (int64_t i = 0; i < p.B; ++i) p.y[i] = i / each;
        const auto loss = make_loss("npt", {{"r", "1.5"}, {"delta", "2"}});
        const auto e = evaluate(*loss, p);
        for (int64_t i = 0; i < C; ++i) {
            double mean = 0;
            for (int64_t k = 0; k < each; ++k) {
                mean += e.diagnostics.row_value[i * each + k] / double(each);
            }
            for (int64_t j = 0; j < C; ++j) {
                if (j == i) continue;
                const double apart = 2 * r * r * (1 - dot(p.proxy(i), p.proxy(j), D));
                const double slack = std::cos(phi) * apart - (delta - mean);
                EXPECT_GE(slack, -1e-12);
                closest = std::min(closest, slack);
            }
        }
        for (int64_t i = 0; i < p.B; ++i) {
            if (e.diagnostics.row_value[i] >= delta) continue;
            for (int64_t j = 0; j < C; ++j) {
                if (j == p.y[i]) continue;
                EXPECT_GT(dot(p.feature(i), p.proxy(p.y[i]), D), dot(p.feature(i), p.proxy(j), D));
            }
        }
    }
    EXPECT_LT(closest, 0.5) << "the bound is nearly attained somewhere";
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
    for (int64_t tile : {1, 2, 3, 5}) {
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
