// What few classes and few rows make of every loss: with one, two or three classes a value and
// gradients that are finite, and something to learn wherever there are two; or a refusal to train
// that says why.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/random.h"
#include "losses/head/class_sampling.h"
#include "losses/proof/composition.h"
#include "tests/message_of.h"
#include "train/learner.h"

namespace facet::testing {
namespace {

using facet::test::expect_error;

constexpr int64_t kD = 5;

// Random rows and proxies, labels 0, 1, ... in turns.
template <class T>
struct Problem {
    int64_t B, C;
    std::vector<T> x, w, dx, dw;
    std::vector<int64_t> y;

    Problem(int64_t B, int64_t C) : B(B), C(C), dx(B * kD), dw(C * kD) {
        Random random(static_cast<uint64_t>(10 * B + C), Purpose::Test);
        for (int64_t k = 0; k < B * kD; ++k) x.push_back(T(random.normal()));
        for (int64_t k = 0; k < C * kD; ++k) w.push_back(T(random.normal()));
        for (int64_t i = 0; i < B; ++i) y.push_back(i % C);
    }

    HeadBatch<T> batch(const Loss& loss) const {
        const bool proxies = loss.has_proxies();
        return {x.data(), proxies ? w.data() : nullptr, y.data(), B, proxies ? C : 0, kD};
    }
    double call(Loss& loss) {
        HeadDiagnostics diagnostics;
        return loss.forward_backward(batch(loss),
                                     {dx.data(), loss.has_proxies() ? dw.data() : nullptr, nullptr},
                                     diagnostics);
    }
};

template <class T>
void expect_finite(const std::string& name, double value, const Problem<T>& p) {
    EXPECT_TRUE(std::isfinite(value)) << name << ", B = " << p.B << ", C = " << p.C;
    for (const std::vector<T>* gradient : {&p.dx, &p.dw}) {
        for (const T g : *gradient)
            ASSERT_TRUE(std::isfinite(g)) << name << ", B = " << p.B << ", C = " << p.C;
    }
}

template <class T>
bool moves(const Problem<T>& p) {
    return std::any_of(p.dx.begin(), p.dx.end(), [](T g) { return g != 0; });
}

// The least number of classes of the losses that are not defined for all.
int64_t fewest(const std::string& name) { return name == "adacos" ? 3 : 1; }

// What is left to learn where there is nobody to tell apart from: a pull, a length.
const std::set<std::string> kLearnFromOneClass = {
    "sphereface2", "uniface", "center", "proxy-anchor", "contrastive", "npair", "supcon"};

template <class T>
void judge(const std::string& name, int64_t B, int64_t C) {
    const auto loss = make_loss(name);
    Problem<T> p(B, C);
    if (C < fewest(name)) {
        expect_error([&] { make_loss(name)->prepare(C); },
                     {"loss " + name, "expected at least 3", "log(C-1)"});
    }
    const double value = p.call(*loss);
    expect_finite(name, value, p);
    if (B < 4) return;
    const bool learns = C >= std::max<int64_t>(2, fewest(name));
    EXPECT_EQ(moves(p), learns || kLearnFromOneClass.contains(name)) << name << ", C = " << C;
}

}  // namespace

TEST(FewClasses, EveryLossIsFiniteAndLearnsOrIsRefused) {
    for (const LossInfo* info : all_losses()) {
        for (const int64_t C : {1, 2, 3}) {
            for (const int64_t B : {1, 2, 4, 7}) {
                judge<double>(info->name, B, C);
                judge<float>(info->name, B, C);
            }
        }
    }
}

TEST(FewClasses, WhatALossSaysOfItselfIsWhatIsRefused) {
    for (const LossInfo* info : all_losses()) {
        EXPECT_EQ(info->fewest_classes, fewest(info->name)) << info->name;
        EXPECT_EQ(info->too_few.empty(), info->fewest_classes == 1) << info->name;
    }
}

TEST(FewClasses, RefusedBeforeATrainingBegins) {
    LearnerConfig config;
    config.head.loss = "adacos";
    config.network.image = 32;
    config.network.embedding = 8;
    EXPECT_THROW(Learner(reference_device(), config, 2), UsageError);
    config.head.sample_rate = 0.2;  // two of ten
    EXPECT_THROW(Learner(reference_device(), config, 10), UsageError);
}

TEST(FewClasses, MoreNeighboursThanThereAreIsAllOfThem) {
    for (const std::string name : {"npt", "npt-lse"}) {
        Problem<double> all(4, 3), more(4, 3);
        const double value = all.call(*make_loss(name, {{"k", "0"}}));
        EXPECT_EQ(more.call(*make_loss(name, {{"k", "10"}})), value);
        EXPECT_EQ(more.dx, all.dx);
    }
}

TEST(FewClasses, OneRowMovesNoDeviation) {
    const auto loss = make_loss("adaface");
    Problem<double>(1, 3).call(*loss);
    EXPECT_EQ(loss->state().find("std")->value, std::vector<double>{100});
    EXPECT_EQ(loss->state().find("mean")->value, std::vector<double>{20});
}

// One negative pair has quartiles, all of one value, and is no outlier.
TEST(FewClasses, TheOnlyNegativePairIsKept) {
    Problem<double> with(2, 2), without(2, 2);
    const double pair = with.call(*make_loss("unpg"));
    EXPECT_EQ(pair, without.call(*make_loss("unpg", {{"wisk", "0"}})));
    EXPECT_NE(pair, without.call(*make_loss("cosface", {{"m", "0.5"}})));
}

// All others as far away as can be: log(B) = log 2 - s is below 0.
TEST(FewClasses, TheScaleOfAdaCosStaysAboveZero) {
    const auto loss = make_loss("adacos"), composed = make_loss("adacos");
    for (Loss* made : {loss.get(), composed.get()}) made->state().find("s")->value = {40};
    Problem<double> p(1, 3);
    p.x = {1, 0, 0, 0, 0};
    p.w = {1, 0.5, 0, 0, 0, -1, 0, 0, 0, 0, -1, 0.1, 0, 0, 0};
    const double value = p.call(*loss);
    EXPECT_EQ(loss->state().find("s")->value, std::vector<double>{40});
    EXPECT_NEAR(tape_gradient(*composed, p.batch(*composed)).value, value, 1e-12);
    EXPECT_EQ(composed->state().find("s")->value, std::vector<double>{40});
    expect_finite("adacos", value, p);
}

}  // namespace facet::testing
