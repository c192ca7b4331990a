// Class sampling: which classes a step sees, what a loss makes of them, and how far that is from
// the loss over all of them.
#include "losses/head/class_sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "engine/random.h"
#include "tests/losses/fixtures.h"

namespace facet::testing {
namespace {

using Labels = std::vector<int64_t>;

// The problem over the sampled classes alone.
Problem sampled(const Problem& p, const ClassSample& sample) {
    Problem part{p.region, p.B, std::ssize(sample.classes), p.D, p.x, {}, sample.labels};
    for (const int64_t j : sample.classes) {
        part.w.insert(part.w.end(), p.w.begin() + j * p.D, p.w.begin() + (j + 1) * p.D);
    }
    return part;
}

TEST(ClassSampling, KeepsTheBatchsClassesAndFillsUpToTheRate) {
    const Labels labels{7, 3, -1, 7, 19, 0};
    for (uint64_t step = 0; step < 50; ++step) {
        const ClassSample sample = sample_classes(labels, 20, 0.5, 1, step);
        ASSERT_EQ(sample.classes.size(), 10u);
        EXPECT_EQ(std::set(sample.classes.begin(), sample.classes.end()).size(), 10u);
        EXPECT_TRUE(std::is_sorted(sample.classes.begin(), sample.classes.end()));
        EXPECT_GE(sample.classes.front(), 0);
        EXPECT_LT(sample.classes.back(), 20);
        ASSERT_EQ(sample.labels.size(), labels.size());
        for (size_t i = 0; i < labels.size(); ++i) {
            if (labels[i] < 0) {
                EXPECT_EQ(sample.labels[i], -1);
            } else {
                EXPECT_EQ(sample.classes.at(sample.labels[i]), labels[i]);
            }
        }
    }
}

TEST(ClassSampling, IsTheBatchAloneWhereTheBatchHoldsMoreThanTheRate) {
    const ClassSample sample = sample_classes(Labels{9, 4, 2, 4, -1}, 10, 0.2, 1, 0);
    EXPECT_EQ(sample.classes, (Labels{2, 4, 9}));
    EXPECT_EQ(sample.labels, (Labels{2, 1, 0, 1, -1}));
}

TEST(ClassSampling, RateOneIsEveryClass) {
    const Labels labels{3, -1, 0};
    const ClassSample sample = sample_classes(labels, 5, 1, 1, 0);
    EXPECT_EQ(sample.classes, (Labels{0, 1, 2, 3, 4}));
    EXPECT_EQ(sample.labels, labels);
}

TEST(ClassSampling, FollowsFromSeedAndStep) {
    const auto draw = [](uint64_t seed, uint64_t step) {
        return sample_classes(Labels{5}, 1000, 0.1, seed, step).classes;
    };
    EXPECT_EQ(draw(1, 2), draw(1, 2));
    EXPECT_NE(draw(1, 2), draw(1, 3));
    EXPECT_NE(draw(1, 2), draw(2, 2));
}

// 4 of the 9 negatives a step: each with probability 4/9, each pair with 4 3 / (9 8) = 1/6. The
// bounds are 5 standard deviations.
TEST(ClassSampling, DrawsUniformlyWithoutReplacement) {
    constexpr int steps = 20000;
    std::vector<int> once(10, 0), pair(100, 0);
    for (int step = 0; step < steps; ++step) {
        const Labels classes = sample_classes(Labels{4}, 10, 0.5, 3, step).classes;
        for (const int64_t a : classes) {
            ++once[a];
            for (const int64_t b : classes) ++pair[10 * a + b];
        }
    }
    const auto near = [](int count, double p) {
        EXPECT_NEAR(count, p * steps, 5 * std::sqrt(p * (1 - p) * steps));
    };
    EXPECT_EQ(once[4], steps);
    for (int a = 0; a < 10; ++a) {
        if (a != 4) near(once[a], 4.0 / 9);
        for (int b = 0; b < a; ++b) {
            if (a != 4 && b != 4) near(pair[10 * a + b], 1.0 / 6);
        }
    }
}

TEST(ClassSampling, RefusesWhatCannotBe) {
    for (const double rate : {0.0, -0.5, 1.5, std::nan("")}) {
        EXPECT_THROW(sample_classes(Labels{0}, 10, rate, 1, 0), UsageError) << rate;
    }
    EXPECT_THROW(sample_classes(Labels{0, 10}, 10, 0.5, 1, 0), Error);
    EXPECT_THROW(sample_classes(Labels{-2}, 10, 0.5, 1, 0), Error);
    EXPECT_EQ(sampled_classes(10, 0.01), 1);
    EXPECT_EQ(sampled_classes(10, 0.59), 5);
}

TEST(ClassSampling, ABiasOfEveryClassIsThatOfTheSampledOnes) {
    const auto loss = make_loss("softmax");
    const Problem whole = random_problem(4, 9, 5, 2);
    prepare_sampled(*loss, whole.C, 5);
    StateArray& b = *loss->state().find("b");
    ASSERT_EQ(b.value.size(), 9u);
    for (size_t j = 0; j < 9; ++j) b.value[j] = 0.3 * double(j) - 1;
    const std::vector<double> before = b.value;

    const ClassSample sample = sample_classes(whole.y, whole.C, 0.6, 1, 0);
    Evaluation<double> e;
    {
        const SampledState state_of_the_sample(loss->state(), sample.classes);
        e = evaluate(*loss, sampled(whole, sample));
    }
    EXPECT_EQ(b.value, before);
    ASSERT_EQ(b.gradient.size(), sample.classes.size());

    double expected = 0;
    std::vector<double> db(sample.classes.size(), 0);
    for (int64_t i = 0; i < whole.B; ++i) {
        std::vector<double> z;
        double sum = 0;
        for (const int64_t j : sample.classes) {
            z.push_back(before[j]);
            for (int64_t d = 0; d < whole.D; ++d) {
                z.back() += whole.x[i * whole.D + d] * whole.w[j * whole.D + d];
            }
            sum += std::exp(z.back());
        }
        expected += (std::log(sum) - z[sample.labels[i]]) / double(whole.B);
        for (size_t k = 0; k < z.size(); ++k) {
            db[k] += std::exp(z[k]) / sum / double(whole.B);
        }
        db[sample.labels[i]] -= 1 / double(whole.B);
    }
    EXPECT_NEAR(e.value, expected, 1e-12);
    EXPECT_LT(relative_error(b.gradient, db), 1e-12);
}

TEST(ClassSampling, AClassWithoutAStateIsRefusedAndNothingChanges) {
    const auto loss = make_loss("softmax");
    loss->prepare(3);
    EXPECT_THROW(SampledState(loss->state(), Labels{0, 3}), Error);
    EXPECT_EQ(loss->state().find("b")->value.size(), 3u);
}

TEST(ClassSampling, StartsScalarsFromTheNumberOfSampledClasses) {
    const auto loss = make_loss("uniface");
    prepare_sampled(*loss, 1000, 100);
    EXPECT_NEAR(loss->state().find("b")->value.at(0), std::log(10.0 * 100), 1e-12);
}

TEST(ClassSampling, AnyClassLossRunsOverASample) {
    const Problem whole = random_problem(6, 40, 8, 5);
    for (const LossInfo* info : all_losses()) {
        const auto loss = make_loss(info->name);
        if (!loss->has_proxies()) continue;
        prepare_sampled(*loss, whole.C, 20);
        std::vector<double> lengths, after;
        for (const auto& a : loss->state().arrays()) {
            if (a->per_class()) lengths.push_back(double(a->value.size()));
        }
        for (uint64_t step = 0; step < 2; ++step) {
            const ClassSample sample = sample_classes(whole.y, whole.C, 0.5, 1, step);
            const SampledState state_of_the_sample(loss->state(), sample.classes);
            HeadDiagnostics diagnostics;
            const Problem part = sampled(whole, sample);
            std::vector<double> dx(part.x.size(), NAN), dw(part.w.size(), NAN);
            const double value =
                loss->forward_backward(part.batch(), {dx.data(), dw.data()}, diagnostics);
            EXPECT_TRUE(std::isfinite(value)) << info->name;
            double squares = 0;
            for (const double g : dx) squares += g * g;
            for (const double g : dw) squares += g * g;
            EXPECT_GT(squares, 0) << info->name;  // false for NaN, too
        }
        for (const auto& a : loss->state().arrays()) {
            if (a->per_class()) after.push_back(double(a->value.size()));
        }
        EXPECT_EQ(after, lengths) << info->name;
    }
}

// --- How much of the full loss a sample keeps: the table of docs/class-sampling.md ---

// B unit embeddings and C unit proxies in D dimensions. Trained: the embedding of row i is its
// proxy plus noise, target cosines about 0.65, of which the nearest negatives reach 0.5.
Problem embeddings(bool trained) {
    Problem p = random_problem(64, 1000, 64, 17);
    const auto normalise = [&](double* v, double length) {
        double squares = 0;
        for (int64_t d = 0; d < p.D; ++d) squares += v[d] * v[d];
        for (int64_t d = 0; d < p.D; ++d) v[d] *= length / std::sqrt(squares);
    };
    for (int64_t j = 0; j < p.C; ++j) normalise(p.proxy(j), 1);
    for (int64_t i = 0; i < p.B; ++i) {
        normalise(p.feature(i), trained ? 1.17 : 1);  // cos = 1 / sqrt(1 + 1.17^2) = 0.65
        for (int64_t d = 0; d < p.D && trained; ++d) p.feature(i)[d] += p.proxy(p.y[i])[d];
        normalise(p.feature(i), 1);
    }
    return p;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}
double length(const std::vector<double>& a) { return std::sqrt(dot(a, a)); }
double cosine(const std::vector<double>& a, const std::vector<double>& b) {
    return dot(a, b) / (length(a) * length(b));
}

struct Kept {
    double value = 0;      // mean over the draws, full loss = 1
    double one_step = 0;   // mean cosine of a draw's dx and the full dx
    double mean_step = 0;  // cosine of the mean dx and the full dx
    double length = 0;     // |mean dx| / |full dx|
};

Kept kept(Loss& loss, const Problem& p, double rate) {
    constexpr int draws = 20;
    const Evaluation<double> full = evaluate(loss, p);
    std::vector<double> mean(p.x.size(), 0);
    Kept k;
    for (int draw = 0; draw < draws; ++draw) {
        const auto e = evaluate(loss, sampled(p, sample_classes(p.y, p.C, rate, 1, draw)));
        k.value += e.value / full.value / draws;
        k.one_step += cosine(e.dx, full.dx) / draws;
        for (size_t i = 0; i < mean.size(); ++i) mean[i] += e.dx[i] / draws;
    }
    k.mean_step = cosine(mean, full.dx);
    k.length = length(mean) / length(full.dx);
    return k;
}

TEST(ClassSampling, WhatASampleKeepsOfTheLoss) {
    std::map<std::string, Kept> table;
    for (const bool trained : {false, true}) {
        const Problem p = embeddings(trained);
        for (const char* name : {"cosface", "npt", "sv-softmax"}) {
            const auto loss = make_loss(name);
            for (const double rate : {1.0, 0.5, 0.1}) {
                const std::string row =
                    fmt::format("{} {:<10} {:.1f}", trained ? "trained" : "random ", name, rate);
                const Kept k = table[row] = kept(*loss, p, rate);
                fmt::print("{}  value {:.3f}  dx {:.3f}  mean dx {:.3f}  |mean dx| {:.3f}\n", row,
                           k.value, k.one_step, k.mean_step, k.length);
            }
            const std::string setting =
                fmt::format("{} {:<10} ", trained ? "trained" : "random ", name);
            EXPECT_NEAR(table[setting + "1.0"].one_step, 1, 1e-12);
            EXPECT_NEAR(table[setting + "1.0"].value, 1, 1e-12);
            for (const char* quantity : {"value", "one_step"}) {
                const auto of = [&](const char* rate) {
                    const Kept& k = table[setting + rate];
                    return quantity == std::string("value") ? k.value : k.one_step;
                };
                EXPECT_GT(of("1.0"), of("0.5")) << setting << quantity;
                EXPECT_GT(of("0.5"), of("0.1")) << setting << quantity;
            }
        }
        // Only the nearest proxy is left of a sum, and most samples lack it.
        const std::string which = trained ? "trained " : "random  ";
        EXPECT_LT(table[which + "npt        0.1"].one_step,
                  table[which + "cosface    0.1"].one_step);
    }
}

}  // namespace
}  // namespace facet::testing
