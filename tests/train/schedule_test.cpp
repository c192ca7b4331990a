#include "train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/error.h"

namespace facet {
namespace {

// 100 steps of warm-up, then 800 steps.
constexpr int64_t total = 900;

ScheduleConfig of_kind(const std::string& kind) {
    ScheduleConfig config;
    config.kind = kind;
    return config;
}

TEST(Schedule, WarmsUpLinearlyToThePeak) {
    for (const char* kind : {"cosine", "poly", "step", "constant"}) {
        const ScheduleConfig config = of_kind(kind);
        EXPECT_NEAR(learning_rate(config, 0, total), 0.001, 1e-15) << kind;
        EXPECT_NEAR(learning_rate(config, 49, total), 0.05, 1e-15) << kind;
        EXPECT_NEAR(learning_rate(config, 99, total), 0.1, 1e-15) << kind;
        EXPECT_NEAR(learning_rate(config, 100, total), 0.1, 1e-15) << kind;
    }
}

TEST(Schedule, StartsAtThePeakWithoutWarmUp) {
    ScheduleConfig config;
    config.warmup = 0;
    EXPECT_EQ(learning_rate(config, 0, total), 0.1);
}

TEST(Schedule, CosineFallsToTheFinalRate) {
    ScheduleConfig config = of_kind("cosine");
    config.final_lr = 0.02;
    EXPECT_NEAR(learning_rate(config, 500, total), 0.06, 1e-15);  // halfway: the mean
    const double quarter = 0.02 + 0.08 * (1 + std::sqrt(0.5)) / 2;
    EXPECT_NEAR(learning_rate(config, 300, total), quarter, 1e-15);
    EXPECT_NEAR(learning_rate(config, 900, total), 0.02, 1e-15);
    EXPECT_NEAR(learning_rate(config, 5000, total), 0.02, 1e-15);
}

TEST(Schedule, PolyFallsByItsPower) {
    ScheduleConfig config = of_kind("poly");
    EXPECT_NEAR(learning_rate(config, 500, total), 0.025, 1e-15);  // (1 / 2)^2
    config.power = 1;
    config.final_lr = 0.01;
    EXPECT_NEAR(learning_rate(config, 300, total), 0.01 + 0.09 * 0.75, 1e-15);
    EXPECT_NEAR(learning_rate(config, 900, total), 0.01, 1e-15);
}

TEST(Schedule, StepFallsAtFractionsOfTheWholeRun) {
    ScheduleConfig config = of_kind("step");  // 0.5, 0.75, 0.9
    EXPECT_NEAR(learning_rate(config, 449, total), 0.1, 1e-15);
    EXPECT_NEAR(learning_rate(config, 450, total), 0.01, 1e-15);
    EXPECT_NEAR(learning_rate(config, 674, total), 0.01, 1e-15);
    EXPECT_NEAR(learning_rate(config, 675, total), 0.001, 1e-15);
    EXPECT_NEAR(learning_rate(config, 810, total), 0.0001, 1e-15);
    EXPECT_NEAR(learning_rate(config, 899, total), 0.0001, 1e-15);
    config.factor = 0.5;
    EXPECT_NEAR(learning_rate(config, 449, total), 0.1, 1e-15);
    EXPECT_NEAR(learning_rate(config, 450, total), 0.05, 1e-15);
    EXPECT_NEAR(learning_rate(config, 810, total), 0.0125, 1e-15);
}

TEST(Schedule, ConstantStays) { EXPECT_EQ(learning_rate(of_kind("constant"), 899, total), 0.1); }

TEST(Schedule, NeverRisesAfterTheWarmUpNorLeavesItsRange) {
    for (const char* kind : {"cosine", "poly", "step", "constant"}) {
        const ScheduleConfig config = of_kind(kind);
        for (int64_t step = 101; step < total; ++step) {
            const double rate = learning_rate(config, step, total);
            ASSERT_LE(rate, learning_rate(config, step - 1, total)) << kind << " " << step;
            ASSERT_GT(rate, 0) << kind << " " << step;
        }
    }
}

TEST(Schedule, TakesARunShorterThanItsWarmUp) {
    const ScheduleConfig config;
    EXPECT_NEAR(learning_rate(config, 9, 10), 0.01, 1e-15);
    EXPECT_NEAR(learning_rate(config, 100, 100), 0.1, 1e-15);
}

TEST(Schedule, RefusesSettingsOutOfRange) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    const auto refused = [](auto change) {
        ScheduleConfig config;
        change(config);
        EXPECT_THROW(check_schedule(config), UsageError);
    };
    EXPECT_NO_THROW(check_schedule(ScheduleConfig()));
    refused([](ScheduleConfig& c) { c.kind = "linear"; });
    refused([](ScheduleConfig& c) { c.lr = 0; });
    refused([=](ScheduleConfig& c) { c.lr = nan; });
    refused([](ScheduleConfig& c) { c.warmup = -1; });
    refused([](ScheduleConfig& c) { c.final_lr = -1; });
    refused([](ScheduleConfig& c) { c.final_lr = 0.2; });
    refused([](ScheduleConfig& c) { c.power = 0; });
    refused([](ScheduleConfig& c) { c.factor = 0; });
    refused([](ScheduleConfig& c) { c.factor = 1.5; });
    refused([](ScheduleConfig& c) { c.milestones = {0.5, 1}; });
    refused([](ScheduleConfig& c) { c.milestones = {0}; });
}

}  // namespace
}  // namespace facet
