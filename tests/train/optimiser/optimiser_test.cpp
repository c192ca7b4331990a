// The optimisers against sequences worked out by hand, on the float64 reference device.
#include "train/optimiser/optimiser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace facet {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Parameter parameter(const std::string& name, const std::vector<double>& values, bool decay = true) {
    Device& device = reference_device();
    const Tensor value = Tensor::from(device, {std::ssize(values)}, values);
    return {name, std::make_shared<Variable>(value, true), decay};
}

void give(const Parameter& to, const std::vector<double>& gradient) {
    const Var& var = to.var;
    var->clear_grad();
    var->contribute_whole(Tensor::from(var->value.device(), var->value.shape(), gradient));
}

double value(const Parameter& of, int64_t i = 0) { return of.var->value.to_doubles().at(i); }

OptimiserConfig sgd() {
    OptimiserConfig config;
    config.weight_decay = 0.01;
    return config;
}

OptimiserConfig adamw() {
    OptimiserConfig config = sgd();
    config.kind = "adamw";
    return config;
}

// Gradients 0.5 and -0.25, lr 0.1, momentum 0.9, from w = 1.
TEST(Optimiser, SgdWithNesterovMomentumAndDecay) {
    const Parameter w = parameter("w", {1});
    Optimiser optimiser(sgd(), {w}, {});
    give(w, {0.5});
    optimiser.step(0.1);  // d = 0.51, v = 0.51, w -= 0.1 (0.51 + 0.9 0.51)
    EXPECT_NEAR(value(w), 0.9031, 1e-14);
    give(w, {-0.25});
    optimiser.step(0.1);  // d = -0.240969, v = 0.218031, w -= 0.1 (d + 0.9 v)
    EXPECT_NEAR(value(w), 0.90757411, 1e-14);
}

TEST(Optimiser, DecaysOnlyParametersThatAskForIt) {
    const Parameter w = parameter("w", {1}, false);
    Optimiser optimiser(sgd(), {w}, {});
    give(w, {0.5});
    optimiser.step(0.1);  // v = 0.5, w -= 0.1 0.95
    EXPECT_NEAR(value(w), 0.905, 1e-14);
    give(w, {-0.25});
    optimiser.step(0.1);  // v = 0.2, w -= 0.1 (-0.25 + 0.18)
    EXPECT_NEAR(value(w), 0.912, 1e-14);
}

TEST(Optimiser, SgdWithPlainMomentum) {
    OptimiserConfig config = sgd();
    config.settings.at("nesterov") = false;
    const Parameter w = parameter("w", {1}, false);
    Optimiser optimiser(config, {w}, {});
    give(w, {0.5});
    optimiser.step(0.1);
    EXPECT_NEAR(value(w), 0.95, 1e-14);
    give(w, {-0.25});
    optimiser.step(0.1);  // v = 0.2
    EXPECT_NEAR(value(w), 0.93, 1e-14);
}

// Bias correction makes the first step lr times the sign of the gradient; the decay stays outside.
TEST(Optimiser, AdamWCorrectsItsBiasAndDecouplesTheDecay) {
    const Parameter w = parameter("w", {1}), b = parameter("b", {1}, false);
    Optimiser optimiser(adamw(), {w, b}, {});
    give(w, {0.5});
    give(b, {0.5});
    optimiser.step(0.1);
    const double first = 0.1 * 0.5 / (0.5 + 1e-8);
    EXPECT_NEAR(value(w), 1 - 0.001 - first, 1e-13);
    EXPECT_NEAR(value(b), 1 - first, 1e-13);
    give(w, {-0.25});
    give(b, {-0.25});
    optimiser.step(0.1);
    // m = 0.9 0.05 - 0.025 = 0.02, v = 0.999 0.00025 + 0.0000625 = 0.00031225
    const double second = 0.1 * (0.02 / 0.19) / (std::sqrt(0.00031225 / 0.001999) + 1e-8);
    EXPECT_NEAR(value(w), (1 - 0.001 - first) * (1 - 0.001) - second, 1e-13);
    EXPECT_NEAR(value(b), 1 - first - second, 1e-13);
    EXPECT_EQ(optimiser.steps(), 2);
}

TEST(Optimiser, ClipsTheNetworkByItsCommonNormAndLeavesTheHead) {
    OptimiserConfig config = sgd();
    config.settings.at("momentum") = 0.0;
    config.weight_decay = 0;
    config.clip = 1;
    const Parameter a = parameter("a", {0, 0}), b = parameter("b", {0}), head = parameter("h", {0});
    Optimiser optimiser(config, {a, b}, {head});
    give(a, {3, 0});
    give(b, {4});
    give(head, {100});
    EXPECT_NEAR(optimiser.step(1), 5, 1e-12);  // the norm before clipping
    EXPECT_NEAR(value(a), -0.6, 1e-12);
    EXPECT_NEAR(value(b), -0.8, 1e-12);
    EXPECT_NEAR(value(head), -100, 1e-12);
    give(a, {0.3, 0});
    give(b, {0.4});
    optimiser.step(1);  // norm 0.5: below the limit, as it is
    EXPECT_NEAR(value(a), -0.9, 1e-12);
    EXPECT_NEAR(value(b), -1.2, 1e-12);
}

TEST(Optimiser, ZeroMeansNoLimitOfTheNorm) {
    OptimiserConfig config = sgd();
    config.settings.at("momentum") = 0.0;
    config.weight_decay = 0;
    config.clip = 0;
    const Parameter w = parameter("w", {0});
    Optimiser optimiser(config, {w}, {});
    give(w, {1000});
    EXPECT_NEAR(optimiser.step(1), 1000, 1e-9);
    EXPECT_NEAR(value(w), -1000, 1e-9);
}

TEST(Optimiser, LeavesParametersWithoutAGradient) {
    const Parameter moved = parameter("moved", {1}), idle = parameter("idle", {1}),
                    fixed = parameter("fixed", {1});
    fixed.var->needs_grad = false;
    Optimiser optimiser(sgd(), {moved, idle, fixed}, {});
    give(moved, {1});
    give(fixed, {1});
    optimiser.step(0.1);
    EXPECT_LT(value(moved), 1);
    EXPECT_EQ(value(idle), 1);
    EXPECT_EQ(value(fixed), 1);
    optimiser.clear_gradients();
    const double before = value(moved);
    optimiser.step(0.1);
    EXPECT_EQ(value(moved), before);
}

void expect_refusal(const OptimiserConfig& config, bool in_head, double bad) {
    const Parameter good = parameter("good", {1, 2}), broken = parameter("broken", {3, 4});
    const std::vector<Parameter> both{good, broken};
    Optimiser optimiser(config, in_head ? std::vector{good} : both,
                        in_head ? std::vector{broken} : std::vector<Parameter>{});
    give(good, {1, 1});
    give(broken, {1, bad});
    try {
        optimiser.step(0.1);
        FAIL() << "a gradient of " << bad << " went through";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("broken"), std::string::npos) << error.what();
    }
    EXPECT_EQ(good.var->value.to_doubles(), (std::vector<double>{1, 2}));
    EXPECT_EQ(broken.var->value.to_doubles(), (std::vector<double>{3, 4}));
    for (const auto& moment : optimiser.moments()) {
        EXPECT_EQ(moment.value.to_doubles(), (std::vector<double>{0, 0})) << moment.name;
    }
    EXPECT_EQ(optimiser.steps(), 0);
}

TEST(Optimiser, RefusesAGradientThatIsNotFiniteBeforeAnythingMoves) {
    for (const OptimiserConfig& config : {sgd(), adamw()}) {
        for (const double bad : {nan, infinity, -infinity}) {
            expect_refusal(config, false, bad);
            expect_refusal(config, true, bad);
        }
    }
}

// One step of `gradients` for w and b.
void step_both(Optimiser& optimiser, const std::vector<Parameter>& parameters, double gradient) {
    for (const Parameter& p : parameters) give(p, {gradient, -2 * gradient});
    optimiser.step(0.1);
}

TEST(Optimiser, GoesOnFromRestoredMoments) {
    for (const OptimiserConfig& config : {sgd(), adamw()}) {
        const std::vector<Parameter> first{parameter("w", {1, 2}), parameter("b", {3, 4}, false)};
        Optimiser through(config, first, {});
        step_both(through, first, 0.5);
        step_both(through, first, -0.25);

        const std::vector<Parameter> second{
            parameter("w", first[0].var->value.to_doubles()),
            parameter("b", first[1].var->value.to_doubles(), false)};
        Optimiser resumed(config, second, {});
        ASSERT_EQ(resumed.moments().size(), config.kind == "sgd" ? 2u : 4u);
        for (size_t i = 0; i < resumed.moments().size(); ++i) {
            const auto &from = through.moments()[i], &to = resumed.moments()[i];
            EXPECT_EQ(from.name, to.name);
            to.value.device().copy(from.value, to.value);
        }
        resumed.set_steps(through.steps());

        step_both(through, first, 0.125);
        step_both(resumed, second, 0.125);
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(first[i].var->value.to_doubles(), second[i].var->value.to_doubles())
                << config.kind;
        }
    }
}

Parameter matrix(const std::vector<double>& values, int64_t columns) {
    Device& device = reference_device();
    const Shape shape{std::ssize(values) / columns, columns};
    return {"w", std::make_shared<Variable>(Tensor::from(device, shape, values), true), true};
}

RowGradient rows_of(const Parameter& parameter, const std::vector<int64_t>& rows,
                    const std::vector<double>& gradient) {
    Device& device = reference_device();
    const Shape shape{std::ssize(rows), std::ssize(gradient) / std::ssize(rows)};
    return {parameter.var, rows, Tensor::from(device, shape, gradient)};
}

// The moments, row after row of each.
std::vector<double> all_moments(const Optimiser& optimiser) {
    std::vector<double> all;
    for (const auto& moment : optimiser.moments()) {
        const std::vector<double> values = moment.value.to_doubles();
        all.insert(all.end(), values.begin(), values.end());
    }
    return all;
}

// A row that is moved in steps 1 and 3 ends where the same two steps take it without others.
TEST(Optimiser, ARowsValuesFollowFromItsOwnSteps) {
    for (const OptimiserConfig& config : {sgd(), adamw()}) {
        const Parameter w = matrix({1, 2, 3, 4, 5, 6}, 2);
        Optimiser by_rows(config, {}, {}, {w});
        by_rows.step(0.1, {rows_of(w, {0, 2}, {0.5, -1, 0.25, 2})});
        const std::vector<double> after_one = w.var->value.to_doubles();
        by_rows.step(0.2, {rows_of(w, {2}, {-1, 1})});
        const std::vector<double> after_two = w.var->value.to_doubles();
        EXPECT_EQ((std::vector(after_one.begin(), after_one.begin() + 4)),
                  (std::vector(after_two.begin(), after_two.begin() + 4)));
        by_rows.step(0.3, {rows_of(w, {2, 0}, {1, 3, -0.125, 0.75})});  // in any order

        const std::vector<double> end = w.var->value.to_doubles();
        const Parameter first = parameter("w", {1, 2}), third = parameter("w", {5, 6});
        Optimiser alone_first(config, {}, {first}), alone_third(config, {}, {third});
        const auto step = [](Optimiser& optimiser, const Parameter& p, double lr,
                             const std::vector<double>& gradient) {
            give(p, gradient);
            optimiser.step(lr);
        };
        step(alone_first, first, 0.1, {0.5, -1});
        step(alone_first, first, 0.3, {-0.125, 0.75});
        step(alone_third, third, 0.1, {0.25, 2});
        step(alone_third, third, 0.2, {-1, 1});
        step(alone_third, third, 0.3, {1, 3});
        EXPECT_EQ((std::vector(end.begin(), end.begin() + 2)), first.var->value.to_doubles());
        EXPECT_EQ((std::vector(end.begin() + 2, end.begin() + 4)), (std::vector<double>{3, 4}));
        EXPECT_EQ((std::vector(end.begin() + 4, end.end())), third.var->value.to_doubles());
    }
}

TEST(Optimiser, RowsLeftOutKeepTheirMoments) {
    for (const OptimiserConfig& config : {sgd(), adamw()}) {
        const Parameter w = matrix({1, 2, 3, 4}, 2);
        Optimiser optimiser(config, {}, {}, {w});
        optimiser.step(0.1, {rows_of(w, {0}, {0.5, -1})});
        const std::vector<double> before = all_moments(optimiser);
        optimiser.step(0.1, {rows_of(w, {1}, {2, 2})});
        const std::vector<double> after = all_moments(optimiser);
        // Each moment is (2, 2); that of the steps (2), one a row.
        for (const size_t i : {0, 1}) EXPECT_EQ(after[i], before[i]);
        for (const size_t i : {2, 3}) EXPECT_NE(after[i], before[i]);
        if (config.kind == "adamw") {
            ASSERT_EQ(after.size(), 10u);
            EXPECT_EQ(optimiser.moments().back().name, "w.steps");
            EXPECT_EQ((std::vector(after.begin() + 8, after.end())), (std::vector<double>{1, 1}));
        }
    }
}

TEST(Optimiser, RefusesRowsThatDoNotFitBeforeAnythingMoves) {
    const Parameter w = matrix({1, 2, 3, 4}, 2), other = parameter("other", {7});
    Optimiser optimiser(sgd(), {other}, {}, {w});
    const auto refused = [&](const RowGradient& gradient) {
        give(other, {1});
        EXPECT_THROW(optimiser.step(0.1, {gradient}), Error);
        EXPECT_EQ(w.var->value.to_doubles(), (std::vector<double>{1, 2, 3, 4}));
        EXPECT_EQ(value(other), 7);
    };
    refused(rows_of(w, {0}, {1, nan}));
    refused(rows_of(w, {2}, {1, 1}));
    refused(rows_of(w, {0}, {1}));
    refused(rows_of(other, {0}, {1}));
}

TEST(Optimiser, NamesMomentsAfterTheirParameters) {
    const Parameter w = parameter("conv1.weight", {1});
    EXPECT_EQ(Optimiser(sgd(), {w}, {}).moments().at(0).name, "conv1.weight.momentum");
    const Optimiser second(adamw(), {w}, {});
    EXPECT_EQ(second.moments().at(0).name, "conv1.weight.mean");
    EXPECT_EQ(second.moments().at(1).name, "conv1.weight.square");
}

TEST(Optimiser, RefusesSettingsOutOfRange) {
    const auto refused = [](auto change) {
        OptimiserConfig config;
        change(config);
        EXPECT_THROW(Optimiser(config, {}, {}), UsageError);
    };
    EXPECT_NO_THROW(Optimiser(OptimiserConfig(), {}, {}));
    refused([](OptimiserConfig& c) { c.kind = "lamb"; });
    refused([](OptimiserConfig& c) { c.settings.at("momentum") = 1.0; });
    refused([](OptimiserConfig& c) { c.settings.at("momentum") = -0.1; });
    refused([](OptimiserConfig& c) { c.settings.at("beta1") = 1.0; });
    refused([](OptimiserConfig& c) { c.settings.at("beta2") = nan; });
    refused([](OptimiserConfig& c) { c.weight_decay = -1e-9; });
    refused([](OptimiserConfig& c) { c.weight_decay = infinity; });
    refused([](OptimiserConfig& c) { c.clip = -1; });
    refused([](OptimiserConfig& c) { c.clip = nan; });
    refused([](OptimiserConfig& c) { c.settings.at("eps") = 0.0; });
}

}  // namespace
}  // namespace facet
