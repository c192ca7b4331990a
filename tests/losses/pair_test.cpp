// What all pair losses share: rows that take part, counters, threads, refusals, the tape.
#include <gtest/gtest.h>
#include <omp.h>

#include "engine/device.h"
#include "engine/error.h"
#include "losses/head/run_loss.h"
#include "losses/head/state_json.h"
#include "tests/losses/pair_fixtures.h"
#include "tests/message_of.h"

namespace facet::testing {
namespace {

TEST(PairLoss, IgnoredRowsTakeNoPart) {
    const PairProblem p = random_pairs({0, -1, 0, 1, -1, 1}, 4, 21);
    PairProblem rest{"rest", 4, {}, {0, 0, 1, 1}};
    for (const int i : {0, 2, 3, 5}) {
        rest.x.insert(rest.x.end(), p.x.begin() + i * 4, p.x.begin() + (i + 1) * 4);
    }
    for (const PairCase& c : all_pair_cases()) {
        const auto loss = make_loss(c.name, c.parameters);
        SCOPED_TRACE(loss->describe());
        const auto all = evaluate_pairs(*loss, p), some = evaluate_pairs(*loss, rest);
        EXPECT_EQ(all.value, some.value);
        int from = 0;
        for (int i = 0; i < 6; ++i) {
            for (int d = 0; d < 4; ++d) {
                EXPECT_EQ(all.dx[i * 4 + d], p.y[i] < 0 ? 0 : some.dx[from * 4 + d]);
            }
            from += p.y[i] >= 0;
        }
    }
}

TEST(PairLoss, TheMeanOfTheRowsIsTheValue) {
    const PairProblem p = random_pairs({0, 0, -1, 1, 1, 2}, 4, 22);
    for (const PairCase& c : all_pair_cases()) {
        const auto loss = make_loss(c.name, c.parameters);
        const auto e = evaluate_pairs(*loss, p);
        double sum = 0;
        for (const double share : e.diagnostics.row_value) sum += share;
        EXPECT_NEAR(sum / 5, e.value, 1e-14 * std::abs(e.value)) << loss->describe();
        EXPECT_EQ(e.diagnostics.row_value[2], 0);
        EXPECT_TRUE(e.diagnostics.target_cosine.empty());
    }
}

TEST(PairLoss, SameBitsWithAnyNumberOfThreads) {
    std::vector<int64_t> y;
    for (int i = 0; i < 150; ++i) y.push_back(i % 13);
    const PairProblem p = random_pairs(y, 20, 23);
    const int threads = omp_get_max_threads();
    for (const PairCase& c : all_pair_cases()) {
        const auto loss = make_loss(c.name, c.parameters);
        omp_set_num_threads(1);
        const auto one = evaluate_pairs(*loss, p);
        omp_set_num_threads(3);
        const auto three = evaluate_pairs(*loss, p);
        omp_set_num_threads(threads);
        EXPECT_GT(one.value, 0);
        EXPECT_EQ(one.value, three.value) << loss->describe();
        EXPECT_EQ(one.dx, three.dx) << loss->describe();
    }
}

// Which batches hold nothing to learn from. Hinges and miners that are satisfied do not count.
TEST(PairLoss, CountsTheCallsWithoutAUsablePair) {
    const std::vector<std::vector<int64_t>> batches = {
        {}, {-1, -1}, {0}, {0, 0}, {0, 1}, {0, 1, 2, 3}, {4, 4, 4, 4}, {0, 0, 1, -1}};
    const auto expected = [](const PairCase& c) -> std::vector<bool> {
        const bool both = c.name == "triplet" || c.name == "infonce" || c.name == "circle-pair" ||
                          (c.name == "multi-similarity" && c.get("mine") != "false");
        if (both) return {1, 1, 1, 1, 1, 1, 1, 0};
        const bool positives = c.name == "npair" || c.name == "supcon";
        if (positives) return {1, 1, 1, 0, 1, 1, 0, 0};
        return {1, 1, 1, 0, 0, 0, 0, 0};
    };
    for (const PairCase& c : all_pair_cases()) {
        for (size_t k = 0; k < batches.size(); ++k) {
            const auto loss = make_loss(c.name, c.parameters);
            SCOPED_TRACE(fmt::format("{} on batch {}", loss->describe(), k));
            const PairProblem p = random_pairs(batches[k], 3, 24);
            const auto e = evaluate_pairs(*loss, p);
            EXPECT_EQ(loss->state().find("no_pairs")->value[0], expected(c)[k]);
            EXPECT_TRUE(std::isfinite(e.value));
            for (const double v : e.dx) EXPECT_TRUE(std::isfinite(v));
            if (!expected(c)[k]) continue;
            EXPECT_EQ(e.value, 0);
            EXPECT_EQ(e.dx, std::vector<double>(p.x.size(), 0.0));
        }
    }
}

TEST(PairLoss, TheCounterIsKeptAndContinues) {
    const auto loss = make_loss("supcon");
    EXPECT_EQ(state_to_json(loss->state()), "{\"no_pairs\":0.0}\n");
    StateArray& counter = *loss->state().find("no_pairs");
    counter.value = {5};
    counter.given = true;
    evaluate_pairs(*loss, random_pairs({0, 1}, 3, 25));
    EXPECT_EQ(counter.value, std::vector<double>{6});
    EXPECT_FALSE(counter.given);
    evaluate_pairs(*loss, random_pairs({0, 0}, 3, 25));
    EXPECT_EQ(counter.value, std::vector<double>{6});
}

std::string refusal(const PairProblem& p, const std::string& name) {
    return test::message_of([&] { evaluate_pairs(*make_loss(name), p); });
}

TEST(PairLoss, RefusesWhatItCannotUse) {
    PairProblem p = random_pairs({0, 0, 1}, 4, 26);
    p.y[2] = -2;
    EXPECT_EQ(refusal(p, "triplet"),
              "labels: row 2 has class -2, expected -1 (ignored) or 0 and above");
    p.y[2] = -1;
    p.x[9] = NAN;
    EXPECT_EQ(refusal(p, "triplet"),
              "embeddings: row 2, column 1 is nan, expected a finite number");
    p.x[9] = 1;
    p.row(0)[0] = p.row(1)[0] = 1e200;
    EXPECT_EQ(refusal(p, "npair"), "embeddings: rows 0 and 0: their product overflows");
    EXPECT_NO_THROW(evaluate_pairs(*make_loss("triplet"), p)) << "unit vectors";

    std::vector<double> dx(12), dcos(12);
    HeadDiagnostics diagnostics;
    EXPECT_THROW(make_loss("supcon")->forward_backward(p.batch(), {dx.data(), nullptr, dcos.data()},
                                                       diagnostics),
                 Error);
}

TEST(PairLoss, ProxiesAreNotReadAndGetNoGradient) {
    const PairProblem p = random_pairs({0, 0, 1}, 2, 27);
    const std::vector<double> w(8, NAN);
    std::vector<double> dx(6), dw(8, 1.0);
    HeadDiagnostics diagnostics;
    const auto loss = make_loss("infonce");
    const double value = loss->forward_backward({p.x.data(), w.data(), p.y.data(), 3, 4, 2},
                                                {dx.data(), dw.data()}, diagnostics);
    const auto alone = evaluate_pairs(*loss, p);
    EXPECT_EQ(value, alone.value);
    EXPECT_EQ(dx, alone.dx);
    EXPECT_EQ(dw, std::vector<double>(8, 0.0));
    EXPECT_EQ(loss->forward_backward(p.batch(), {}, diagnostics), value) << "the value alone";
}

TEST(PairLoss, OfTensorsIsThatOfTheirNumbers) {
    const PairProblem p = random_pairs({0, 0, 1, 1}, 3, 28);
    const auto loss = make_loss("multi-similarity");
    Device& device = reference_device();
    const Tensor x = Tensor::from(device, {4, 3}, p.x), dx = x.like();
    HeadDiagnostics diagnostics;
    const double value = run_loss(*loss, {x, {}, p.y, dx, {}}, diagnostics);
    const auto e = evaluate_pairs(*loss, p);
    EXPECT_EQ(value, e.value);
    EXPECT_EQ(dx.to_doubles(), e.dx);
}

}  // namespace
}  // namespace facet::testing
