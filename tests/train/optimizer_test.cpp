// The optimisers against sequences worked out by hand, on the float64 reference device.
#include "train/optimizer.h"

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

OptimizerConfig sgd() {
    OptimizerConfig config;
    config.weight_decay = 0.01;
    return config;
}

OptimizerConfig adamw() {
    OptimizerConfig config = sgd();
    config.kind = "adamw";
    return config;
}

// Gradients 0.5 and -0.25, lr 0.1, momentum 0.9, from w = 1.
TEST(Optimizer, SgdWithNesterovMomentumAndDecay) {
    const Parameter w = parameter("w", {1});
    Optimizer optimizer(sgd(), {w}, {});
    give(w, {0.5});
    optimizer.step(0.1);  // d = 0.51, v = 0.51, w -= 0.1 (0.51 + 0.9 0.51)
    EXPECT_NEAR(value(w), 0.9031, 1e-14);
    give(w, {-0.25});
    optimizer.step(0.1);  // d = -0.240969, v = 0.218031, w -= 0.1 (d + 0.9 v)
    EXPECT_NEAR(value(w), 0.90757411, 1e-14);
}

TEST(Optimizer, DecaysOnlyParametersThatAskForIt) {
    const Parameter w = parameter("w", {1}, false);
    Optimizer optimizer(sgd(), {w}, {});
    give(w, {0.5});
    optimizer.step(0.1);  // v = 0.5, w -= 0.1 0.95
    EXPECT_NEAR(value(w), 0.905, 1e-14);
    give(w, {-0.25});
    optimizer.step(0.1);  // v = 0.2, w -= 0.1 (-0.25 + 0.18)
    EXPECT_NEAR(value(w), 0.912, 1e-14);
}

TEST(Optimizer, SgdWithPlainMomentum) {
    OptimizerConfig config = sgd();
    config.nesterov = false;
    const Parameter w = parameter("w", {1}, false);
    Optimizer optimizer(config, {w}, {});
    give(w, {0.5});
    optimizer.step(0.1);
    EXPECT_NEAR(value(w), 0.95, 1e-14);
    give(w, {-0.25});
    optimizer.step(0.1);  // v = 0.2
    EXPECT_NEAR(value(w), 0.93, 1e-14);
}

// Bias correction makes the first step lr times the sign of the gradient; the decay stays outside.
TEST(Optimizer, AdamWCorrectsItsBiasAndDecouplesTheDecay) {
    const Parameter w = parameter("w", {1}), b = parameter("b", {1}, false);
    Optimizer optimizer(adamw(), {w, b}, {});
    give(w, {0.5});
    give(b, {0.5});
    optimizer.step(0.1);
    const double first = 0.1 * 0.5 / (0.5 + 1e-8);
    EXPECT_NEAR(value(w), 1 - 0.001 - first, 1e-13);
    EXPECT_NEAR(value(b), 1 - first, 1e-13);
    give(w, {-0.25});
    give(b, {-0.25});
    optimizer.step(0.1);
    // m = 0.9 0.05 - 0.025 = 0.02, v = 0.999 0.00025 + 0.0000625 = 0.00031225
    const double second = 0.1 * (0.02 / 0.19) / (std::sqrt(0.00031225 / 0.001999) + 1e-8);
    EXPECT_NEAR(value(w), (1 - 0.001 - first) * (1 - 0.001) - second, 1e-13);
    EXPECT_NEAR(value(b), 1 - first - second, 1e-13);
    EXPECT_EQ(optimizer.steps(), 2);
}

TEST(Optimizer, ClipsTheNetworkByItsCommonNormAndLeavesTheHead) {
    OptimizerConfig config = sgd();
    config.momentum = 0;
    config.weight_decay = 0;
    config.clip = 1;
    const Parameter a = parameter("a", {0, 0}), b = parameter("b", {0}), head = parameter("h", {0});
    Optimizer optimizer(config, {a, b}, {head});
    give(a, {3, 0});
    give(b, {4});
    give(head, {100});
    EXPECT_NEAR(optimizer.step(1), 5, 1e-12);  // the norm before clipping
    EXPECT_NEAR(value(a), -0.6, 1e-12);
    EXPECT_NEAR(value(b), -0.8, 1e-12);
    EXPECT_NEAR(value(head), -100, 1e-12);
    give(a, {0.3, 0});
    give(b, {0.4});
    optimizer.step(1);  // norm 0.5: below the limit, as it is
    EXPECT_NEAR(value(a), -0.9, 1e-12);
    EXPECT_NEAR(value(b), -1.2, 1e-12);
}

TEST(Optimizer, ZeroMeansNoLimitOfTheNorm) {
    OptimizerConfig config = sgd();
    config.momentum = 0;
    config.weight_decay = 0;
    config.clip = 0;
    const Parameter w = parameter("w", {0});
    Optimizer optimizer(config, {w}, {});
    give(w, {1000});
    EXPECT_NEAR(optimizer.step(1), 1000, 1e-9);
    EXPECT_NEAR(value(w), -1000, 1e-9);
}

TEST(Optimizer, LeavesParametersWithoutAGradient) {
    const Parameter moved = parameter("moved", {1}), idle = parameter("idle", {1}),
                    fixed = parameter("fixed", {1});
    fixed.var->needs_grad = false;
    Optimizer optimizer(sgd(), {moved, idle, fixed}, {});
    give(moved, {1});
    give(fixed, {1});
    optimizer.step(0.1);
    EXPECT_LT(value(moved), 1);
    EXPECT_EQ(value(idle), 1);
    EXPECT_EQ(value(fixed), 1);
    optimizer.clear_gradients();
    const double before = value(moved);
    optimizer.step(0.1);
    EXPECT_EQ(value(moved), before);
}

void expect_refusal(const OptimizerConfig& config, bool in_head, double bad) {
    const Parameter good = parameter("good", {1, 2}), broken = parameter("broken", {3, 4});
    const std::vector<Parameter> both{good, broken};
    Optimizer optimizer(config, in_head ? std::vector{good} : both,
                        in_head ? std::vector{broken} : std::vector<Parameter>{});
    give(good, {1, 1});
    give(broken, {1, bad});
    try {
        optimizer.step(0.1);
        FAIL() << "a gradient of " << bad << " went through";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("broken"), std::string::npos) << error.what();
    }
    EXPECT_EQ(good.var->value.to_doubles(), (std::vector<double>{1, 2}));
    EXPECT_EQ(broken.var->value.to_doubles(), (std::vector<double>{3, 4}));
    for (const auto& moment : optimizer.moments()) {
        EXPECT_EQ(moment.value.to_doubles(), (std::vector<double>{0, 0})) << moment.name;
    }
    EXPECT_EQ(optimizer.steps(), 0);
}

TEST(Optimizer, RefusesAGradientThatIsNotFiniteBeforeAnythingMoves) {
    for (const OptimizerConfig& config : {sgd(), adamw()}) {
        for (const double bad : {nan, infinity, -infinity}) {
            expect_refusal(config, false, bad);
            expect_refusal(config, true, bad);
        }
    }
}

// One step of `gradients` for w and b.
void step_both(Optimizer& optimizer, const std::vector<Parameter>& parameters, double gradient) {
    for (const Parameter& p : parameters) give(p, {gradient, -2 * gradient});
    optimizer.step(0.1);
}

TEST(Optimizer, GoesOnFromRestoredMoments) {
    for (const OptimizerConfig& config : {sgd(), adamw()}) {
        const std::vector<Parameter> first{parameter("w", {1, 2}), parameter("b", {3, 4}, false)};
        Optimizer through(config, first, {});
        step_both(through, first, 0.5);
        step_both(through, first, -0.25);

        const std::vector<Parameter> second{
            parameter("w", first[0].var->value.to_doubles()),
            parameter("b", first[1].var->value.to_doubles(), false)};
        Optimizer resumed(config, second, {});
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
std::vector<double> all_moments(const Optimizer& optimizer) {
    std::vector<double> all;
    for (const auto& moment : optimizer.moments()) {
        const std::vector<double> values = moment.value.to_doubles();
        all.insert(all.end(), values.begin(), values.end());
    }
    return all;
}

// A row that is moved in steps 1 and 3 ends where the same two steps take it without others.
TEST(Optimizer, ARowsValuesFollowFromItsOwnSteps) {
    for (const OptimizerConfig& config : {sgd(), adamw()}) {
        const Parameter w = matrix({1, 2, 3, 4, 5, 6}, 2);
        Optimizer by_rows(config, {}, {}, {w});
        by_rows.step(0.1, {rows_of(w, {0, 2}, {0.5, -1, 0.25, 2})});
        const std::vector<double> after_one = w.var->value.to_doubles();
        by_rows.step(0.2, {rows_of(w, {2}, {-1, 1})});
        const std::vector<double> after_two = w.var->value.to_doubles();
        EXPECT_EQ((std::vector(after_one.begin(), after_one.begin() + 4)),
                  (std::vector(after_two.begin(), after_two.begin() + 4)));
        by_rows.step(0.3, {rows_of(w, {2, 0}, {1, 3, -0.125, 0.75})});  // in any order

        const std::vector<double> end = w.var->value.to_doubles();
        const Parameter first = parameter("w", {1, 2}), third = parameter("w", {5, 6});
        Optimizer alone_first(config, {}, {first}), alone_third(config, {}, {third});
        const auto step = [](Optimizer& optimizer, const Parameter& p, double lr,
                             const std::vector<double>& gradient) {
            give(p, gradient);
            optimizer.step(lr);
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

TEST(Optimizer, RowsLeftOutKeepTheirMoments) {
    for (const OptimizerConfig& config : {sgd(), adamw()}) {
        const Parameter w = matrix({1, 2, 3, 4}, 2);
        Optimizer optimizer(config, {}, {}, {w});
        optimizer.step(0.1, {rows_of(w, {0}, {0.5, -1})});
        const std::vector<double> before = all_moments(optimizer);
        optimizer.step(0.1, {rows_of(w, {1}, {2, 2})});
        const std::vector<double> after = all_moments(optimizer);
        // Each moment is (2, 2); that of the steps (2), one a row.
        for (const size_t i : {0, 1}) EXPECT_EQ(after[i], before[i]);
        for (const size_t i : {2, 3}) EXPECT_NE(after[i], before[i]);
        if (config.kind == "adamw") {
            ASSERT_EQ(after.size(), 10u);
            EXPECT_EQ(optimizer.moments().back().name, "w.steps");
            EXPECT_EQ((std::vector(after.begin() + 8, after.end())), (std::vector<double>{1, 1}));
        }
    }
}

TEST(Optimizer, RefusesRowsThatDoNotFitBeforeAnythingMoves) {
    const Parameter w = matrix({1, 2, 3, 4}, 2), other = parameter("other", {7});
    Optimizer optimizer(sgd(), {other}, {}, {w});
    const auto refused = [&](const RowGradient& gradient) {
        give(other, {1});
        EXPECT_THROW(optimizer.step(0.1, {gradient}), Error);
        EXPECT_EQ(w.var->value.to_doubles(), (std::vector<double>{1, 2, 3, 4}));
        EXPECT_EQ(value(other), 7);
    };
    refused(rows_of(w, {0}, {1, nan}));
    refused(rows_of(w, {2}, {1, 1}));
    refused(rows_of(w, {0}, {1}));
    refused(rows_of(other, {0}, {1}));
}

TEST(Optimizer, NamesMomentsAfterTheirParameters) {
    const Parameter w = parameter("conv1.weight", {1});
    EXPECT_EQ(Optimizer(sgd(), {w}, {}).moments().at(0).name, "conv1.weight.momentum");
    const Optimizer second(adamw(), {w}, {});
    EXPECT_EQ(second.moments().at(0).name, "conv1.weight.mean");
    EXPECT_EQ(second.moments().at(1).name, "conv1.weight.square");
}

TEST(Optimizer, RefusesSettingsOutOfRange) {
    const auto refused = [](auto change) {
        OptimizerConfig config;
        change(config);
        EXPECT_THROW(Optimizer(config, {}, {}), UsageError);
    };
    EXPECT_NO_THROW(Optimizer(OptimizerConfig(), {}, {}));
    refused([](OptimizerConfig& c) { c.kind = "lamb"; });
    refused([](OptimizerConfig& c) { c.momentum = 1; });
    refused([](OptimizerConfig& c) { c.momentum = -0.1; });
    refused([](OptimizerConfig& c) { c.beta1 = 1; });
    refused([](OptimizerConfig& c) { c.beta2 = nan; });
    refused([](OptimizerConfig& c) { c.weight_decay = -1e-9; });
    refused([](OptimizerConfig& c) { c.weight_decay = infinity; });
    refused([](OptimizerConfig& c) { c.clip = -1; });
    refused([](OptimizerConfig& c) { c.clip = nan; });
    refused([](OptimizerConfig& c) { c.eps = 0; });
}

}  // namespace
}  // namespace facet
