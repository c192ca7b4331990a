// The update rules on every device against numbers worked out by hand and against each other.
#include "train/optimiser/update_rule.h"

#include <gtest/gtest.h>

#include "tests/engine/fixtures.h"
#include "tests/train/optimiser/move.h"

namespace facet::test {
namespace {

// w, dw and two moments of n elements; the same numbers on every device.
struct State {
    State(Device& device, int64_t n)
        : w(random_tensor(device, {n}, 1)),
          dw(random_tensor(device, {n}, 2)),
          m(random_tensor(device, {n}, 3)),
          v(random_tensor(device, {n}, 4, Layout::Plain, 0, 1)) {}

    std::vector<double> numbers() const {
        std::vector<double> all = w.to_doubles();
        append(all, m.to_doubles());
        append(all, v.to_doubles());
        return all;
    }

    Tensor w, dw, m, v;
};

struct SgdStep {
    double momentum;
    bool nesterov;
    UpdateStep step;

    void move(const State& s) const {
        test::move(*sgd_rule(momentum, nesterov), step, s.dw, {s.m}, s.w);
    }
};
struct AdamWStep {
    double beta1, beta2, eps;
    UpdateStep step;

    void move(const State& s) const {
        test::move(*adamw_rule(beta1, beta2, eps), step, s.dw, {s.m, s.v}, s.w);
    }
};

const std::vector<SgdStep> kSgdSteps = {{0, false, {0.1, 0, 1, 1}},
                                        {0.9, false, {0.1, 5e-4, 1, 1}},
                                        {0.9, true, {0.5, 5e-4, 0.25, 1}},
                                        {0.9, true, {0.1, 0, 1, 1}}};
const std::vector<AdamWStep> kAdamWSteps = {{0.9, 0.999, 1e-8, {1e-3, 0, 1, 1}},
                                            {0.9, 0.999, 1e-8, {1e-2, 0.05, 0.5, 1}},
                                            {0.8, 0.99, 1e-6, {1e-3, 0.1, 1, 1000}}};

// Two steps of lr 0.5, momentum 0.5, decay 0.25, gradient 1 from w = 4:
//   plain     d = 2, v = 2, w = 3;      d = 1.75, v = 2.75, w = 1.625
//   Nesterov  d = 2, v = 2, w = 2.5;    d = 1.625, v = 2.625, w = 2.5 - 0.5 (1.625 + 1.3125)
TEST(Sgd, ComputesAnExampleByHand) {
    for (Device* device : all_devices()) {
        for (const bool nesterov : {false, true}) {
            const Tensor w = Tensor::full(*device, {1}, 4), v = Tensor::full(*device, {1}, 0);
            const Tensor dw = Tensor::full(*device, {1}, 10);
            const auto rule = sgd_rule(0.5, nesterov);
            const UpdateStep step{0.5, 0.25, 0.1, 1};
            const double tolerance = 8 * kUnit;
            move(*rule, step, dw, {v}, w);
            EXPECT_NEAR(w.item(), nesterov ? 2.5 : 3, tolerance);
            move(*rule, step, dw, {v}, w);
            EXPECT_NEAR(v.item(), nesterov ? 2.625 : 2.75, tolerance);
            EXPECT_NEAR(w.item(), nesterov ? 1.03125 : 1.625, tolerance);
        }
    }
}

// On the first step from zero moments the corrected moments are d and d^2, so w moves by
// lr d / (|d| + eps), and by lr decay w.
TEST(AdamW, TheFirstStepIsTheSignOfTheGradientAndADecay) {
    for (Device* device : all_devices()) {
        const Tensor w = Tensor::from(*device, {2}, {2, -1});
        const Tensor dw = Tensor::from(*device, {2}, {0.25, -8});
        const Tensor m = Tensor::full(*device, {2}, 0), v = m.clone();
        move(*adamw_rule(0.9, 0.999, 1e-12), {0.125, 0.5, 1, 1}, dw, {m, v}, w);
        EXPECT_LT(relative_error(w.to_doubles(), {2 - 0.125 - 0.125, -1 + 0.125 + 0.0625}),
                  8 * kUnit);
        EXPECT_LT(relative_error(m.to_doubles(), {0.025, -0.8}), 4 * kUnit);
        EXPECT_LT(relative_error(v.to_doubles(), {0.0000625, 0.064}), 4 * kUnit);
    }
}

// Numbers of magnitude at most 2 and about ten roundings an element. In float32 1 - beta2 is taken
// from the exact number, so that it does not lose its digits.
TEST(UpdateRule, TestedDeviceMatchesTheReference) {
    for (const int64_t n : {1, 7, 16, 33, 1000}) {
        for (const SgdStep& step : kSgdSteps) {
            const State tested(tested_device(), n), exact(reference_device(), n);
            for (const State& s : {tested, exact}) step.move(s);
            expect_within(tested.numbers(), exact.numbers(), 2, 12 * kUnit);
        }
        for (const AdamWStep& step : kAdamWSteps) {
            const State tested(tested_device(), n), exact(reference_device(), n);
            for (const State& s : {tested, exact}) step.move(s);
            expect_within(tested.m.to_doubles(), exact.m.to_doubles(), 1, 12 * kUnit);
            expect_within(tested.v.to_doubles(), exact.v.to_doubles(), exact.v.to_doubles(),
                          12 * kUnit);
            const std::vector<double> m = exact.m.to_doubles(), v = exact.v.to_doubles();
            const double t = static_cast<double>(step.step.step);
            std::vector<double> magnitude(n);  // |w| + lr |m / (1 - beta1^t)| / sqrt(...)
            for (int64_t i = 0; i < n; ++i) {
                magnitude[i] = 1 + step.step.lr * std::abs(m[i]) / (1 - std::pow(step.beta1, t)) /
                                       std::sqrt(v[i] / (1 - std::pow(step.beta2, t)));
            }
            expect_within(tested.w.to_doubles(), exact.w.to_doubles(), magnitude, 12 * kUnit);
        }
    }
}

TEST(UpdateRule, TheNumberOfThreadsDoesNotChangeABit) {
    expect_same_bits_with_two_threads([] {
        const State s(tested_device(), 1001);
        kSgdSteps[2].move(s);
        kAdamWSteps[1].move(s);
        return s.numbers();
    });
}

TEST(UpdateRule, WrongShapesAreRefusedByName) {
    for (Device* device : all_devices()) {
        const auto sgd = make_update_rule("sgd"), adamw = make_update_rule("adamw");
        const Tensor a(*device, {3}), b(*device, {4});
        const UpdateStep step{0.1, 0, 1, 1};
        expect_error([&] { move(*sgd, step, b, {a}, a); }, {"sgd_step: dw", "(4)", "(3)"});
        expect_error([&] { move(*sgd, step, a, {b}, a); }, {"sgd_step: momentum", "(4)", "(3)"});
        expect_error([&] { move(*adamw, step, a, {b, a}, a); }, {"adamw_step: mean", "(4)", "(3)"});
        expect_error(
            [&] {
                move(*adamw, step, a, {a, b}, a);
            },
            {"adamw_step: square", "(4)", "(3)"});
        expect_error([&] { move(*adamw, step, a, {a}, a); }, {"adamw_step: 1 moments, expected 2"});
    }
}

TEST(UpdateRule, TheUsualOptimiserComesFirstAndAnUnknownOneIsToldTheNames) {
    EXPECT_EQ(either_of(optimiser_names()), "sgd or adamw");
    expect_error([] { make_update_rule("lamb"); },
                 {"unknown optimizer 'lamb', expected sgd or adamw"});
}

}  // namespace
}  // namespace facet::test
