// The heads: tiles, precision, threads, labels, refusals.
#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>

#include "engine/error.h"
#include "tests/losses/fixtures.h"
#include "tests/message_of.h"

namespace facet::testing {
namespace {

TEST(LossHead, StreamedEqualsDense) {
    struct Shape {
        int64_t B, C, D, tile;
    };
    for (const auto& [B, C, D, tile] :
         {Shape{5, 23, 7, 4}, Shape{1, 1, 3, 2}, Shape{3, 2, 4, 1}, Shape{1, 40, 19, 16},
          Shape{4, 1100, 8, 700}, Shape{2, 6, 5, 100}}) {
        const Problem p = random_problem(B, C, D, 31);
        std::vector<Case> cases = all_cases();
        cases.push_back({"npt", {{"k", "9"}}});  // more than a tile holds
        for (const Case& c : cases) {
            const auto loss = make_loss(c.name, c.parameters);
            SCOPED_TRACE(loss->describe() + fmt::format(" B={} C={} tile={}", B, C, tile));
            const auto dense = evaluate(*loss, p);
            const auto streamed = evaluate(*loss, p, {Head::streamed, tile});
            EXPECT_NEAR(streamed.value, dense.value, 1e-13 * std::abs(dense.value));
            EXPECT_LT(relative_error(streamed.dx, dense.dx), 1e-12);
            EXPECT_LT(relative_error(streamed.dw, dense.dw), 1e-12);
            EXPECT_LT(relative_error(streamed.dcos, dense.dcos), 1e-12);
            const auto f = evaluate<float>(*loss, p),
                       g = evaluate<float>(*loss, p, {Head::streamed, tile});
            EXPECT_NEAR(g.value, f.value, 1e-6 * std::abs(f.value));
            EXPECT_LT(relative_error(g.dx, f.dx), 2e-5);
            EXPECT_LT(relative_error(g.dw, f.dw), 2e-5);
        }
    }
}

TEST(LossHead, FloatAgreesWithDouble) {
    std::vector<Problem> problems = {
        random_problem(8, 50, 32, 41), aligned_problem("easy", 1.0, 0.1),
        aligned_problem("hard", 1.0, 0.1, 1), aligned_problem("theta 1e-3", 1.0, 1e-3),
        aligned_problem("theta pi - 1e-3", -1.0, 1e-3)};
    for (Problem& p : problems) {
        for (double& v : p.x) v = float(v);
        for (double& v : p.w) v = float(v);
        for (const Case& c : all_cases()) {
            const auto loss = make_loss(c.name, c.parameters);
            SCOPED_TRACE(loss->describe() + " on " + p.region);
            const auto exact = evaluate(*loss, p);
            const auto single = evaluate<float>(*loss, p);
            EXPECT_NEAR(single.value, exact.value, 1e-5 * std::abs(exact.value) + 1e-12);
            EXPECT_LT(relative_error(single.dx, exact.dx), 2e-4);
            EXPECT_LT(relative_error(single.dw, exact.dw), 2e-4);
        }
    }
}

TEST(LossHead, BitsDoNotDependOnTheNumberOfThreads) {
    const Problem p = random_problem(33, 300, 64, 42);
    const int threads = omp_get_max_threads();
    for (const Case& c : all_cases()) {
        const auto loss = make_loss(c.name, c.parameters);
        for (const HeadOptions options : {HeadOptions{}, HeadOptions{Head::streamed, 128}}) {
            omp_set_num_threads(1);
            const auto one = evaluate<float>(*loss, p, options);
            const auto one_double = evaluate(*loss, p, options);
            omp_set_num_threads(3);
            const auto three = evaluate<float>(*loss, p, options);
            const auto three_double = evaluate(*loss, p, options);
            omp_set_num_threads(threads);
            EXPECT_EQ(one.value, three.value) << loss->describe();
            EXPECT_EQ(one.dx, three.dx) << loss->describe();
            EXPECT_EQ(one.dw, three.dw) << loss->describe();
            EXPECT_EQ(one_double.dx, three_double.dx) << loss->describe();
            EXPECT_EQ(one_double.dw, three_double.dw) << loss->describe();
        }
    }
}

TEST(LossHead, IgnoredRowsDoNotCount) {
    Problem p = random_problem(4, 5, 6, 43);
    Problem rest = random_problem(2, 5, 6, 43);
    std::copy_n(p.feature(0), 6, rest.feature(0));
    std::copy_n(p.feature(3), 6, rest.feature(1));
    rest.w = p.w;
    rest.y = {p.y[0], p.y[3]};
    p.y[1] = p.y[2] = -1;
    for (Case c : all_cases()) {
        // A margin is drawn by the row's place in the batch.
        if (c.name == "elasticface") c.parameters.emplace_back("sigma", "0");
        const auto loss = make_loss(c.name, c.parameters);
        SCOPED_TRACE(loss->describe());
        const auto all = evaluate(*loss, p), some = evaluate(*loss, rest);
        EXPECT_NEAR(all.value, some.value, 1e-14 * std::abs(some.value));
        EXPECT_LT(relative_error(all.dw, some.dw), 1e-14);
        EXPECT_EQ(std::vector(all.dx.begin() + 6, all.dx.begin() + 18),
                  std::vector<double>(12, 0.0));
        EXPECT_EQ(all.diagnostics.row_value[1], 0);
    }
    std::fill(p.y.begin(), p.y.end(), -1);
    const auto none = evaluate(*make_loss("arcface"), p);
    EXPECT_EQ(none.value, 0);
    EXPECT_EQ(none.dx, std::vector<double>(24, 0.0));
    EXPECT_EQ(none.dw, std::vector<double>(30, 0.0));
}

TEST(LossHead, ReportsTheTargetCosine) {
    const Problem p{"", 2, 2, 2, {3, 4, 0, 2}, {1, 0, 0, 5}, {0, 1}};
    const auto e = evaluate(*make_loss("cosface"), p);
    EXPECT_NEAR(e.diagnostics.target_cosine[0], 0.6, 1e-15);
    EXPECT_NEAR(e.diagnostics.target_cosine[1], 1.0, 1e-15);
}

TEST(LossHead, ComputesOnlyTheGradientsAskedFor) {
    const Problem p = random_problem(4, 9, 5, 44);
    const auto loss = make_loss("arcface");
    const auto both = evaluate(*loss, p);
    HeadDiagnostics diagnostics;
    std::vector<double> dx(20), dw(45);
    EXPECT_EQ(loss->forward_backward(p.batch(), {}, diagnostics), both.value);
    EXPECT_EQ(loss->forward_backward(p.batch(), {dx.data()}, diagnostics), both.value);
    EXPECT_EQ(dx, both.dx);
    EXPECT_EQ(loss->forward_backward(p.batch(), {nullptr, dw.data()}, diagnostics), both.value);
    EXPECT_EQ(dw, both.dw);
}

std::string refusal(const Problem& p, const char* name = "cosface") {
    return test::message_of([&] { evaluate(*make_loss(name), p); });
}

TEST(LossHead, RefusesALabelOutOfRangeNamingItsRow) {
    Problem p = random_problem(4, 5, 6, 45);
    p.y[2] = 5;
    EXPECT_EQ(refusal(p), "labels: row 2 has class 5, expected -1 (ignored) or 0 to 4");
    p.y[2] = -2;
    EXPECT_EQ(refusal(p), "labels: row 2 has class -2, expected -1 (ignored) or 0 to 4");
}

TEST(LossHead, RefusesNonFiniteInputNamingRowAndColumn) {
    for (const char* name : {"softmax", "npt"}) {
        Problem p = random_problem(4, 5, 6, 46);
        p.x[3 * 6 + 4] = std::numeric_limits<double>::quiet_NaN();
        EXPECT_EQ(refusal(p, name), "embeddings: row 3, column 4 is nan, expected a finite number");
        p = random_problem(4, 5, 6, 46);
        p.w[2 * 6] = -std::numeric_limits<double>::infinity();
        EXPECT_EQ(refusal(p, name), "proxies: row 2, column 0 is -inf, expected a finite number");
    }
}

// Lengths do not matter: the cosines' gradient by x is that of the unit vector over |x|.
TEST(LossHead, ExtremeNormsOnlyScaleTheGradient) {
    const Problem p = random_problem(4, 5, 6, 47);
    for (const double scale : {std::ldexp(1, 900), std::ldexp(1, -900)}) {
        Problem q = p;
        for (double& v : q.x) v *= scale;
        for (double& v : q.w) v /= scale;
        for (const Case& c : all_cases()) {
            if (reads_lengths(c)) continue;
            const auto loss = make_loss(c.name, c.parameters);
            const auto plain = evaluate(*loss, p);
            auto scaled = evaluate(*loss, q);
            for (double& v : scaled.dx) v *= scale;
            for (double& v : scaled.dw) v /= scale;
            EXPECT_NEAR(scaled.value, plain.value, 1e-14 * std::abs(plain.value));
            EXPECT_LT(relative_error(scaled.dx, plain.dx), 1e-13) << loss->describe();
            EXPECT_LT(relative_error(scaled.dw, plain.dw), 1e-13) << loss->describe();
        }
    }
}

}  // namespace
}  // namespace facet::testing
