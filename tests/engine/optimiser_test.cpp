#include <gtest/gtest.h>

#include "tests/engine/fixtures.h"

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

const std::vector<SgdStep> kSgdSteps = {{0.1, 0, 0, false, 1},
                                        {0.1, 0.9, 5e-4, false, 1},
                                        {0.5, 0.9, 5e-4, true, 0.25},
                                        {0.1, 0.9, 0, true, 1}};
const std::vector<AdamWStep> kAdamWSteps = {{1e-3, 0.9, 0.999, 1e-8, 0, 1, 1},
                                            {1e-2, 0.9, 0.999, 1e-8, 0.05, 1, 0.5},
                                            {1e-3, 0.8, 0.99, 1e-6, 0.1, 1000, 1}};

// Two steps of lr 0.5, momentum 0.5, decay 0.25, gradient 1 from w = 4:
//   plain     d = 2, v = 2, w = 3;      d = 1.75, v = 2.75, w = 1.625
//   Nesterov  d = 2, v = 2, w = 2.5;    d = 1.625, v = 2.625, w = 2.5 - 0.5 (1.625 + 1.3125)
TEST(Sgd, ComputesAnExampleByHand) {
    for (Device* device : all_devices()) {
        for (const bool nesterov : {false, true}) {
            const Tensor w = Tensor::full(*device, {1}, 4), v = Tensor::full(*device, {1}, 0);
            const Tensor dw = Tensor::full(*device, {1}, 10);
            const SgdStep step{0.5, 0.5, 0.25, nesterov, 0.1};
            const double tolerance = 8 * kUnit;
            device->sgd_step(step, dw, v, w);
            EXPECT_NEAR(w.item(), nesterov ? 2.5 : 3, tolerance);
            device->sgd_step(step, dw, v, w);
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
        device->adamw_step({0.125, 0.9, 0.999, 1e-12, 0.5, 1, 1}, dw, m, v, w);
        EXPECT_LT(relative_error(w.to_doubles(), {2 - 0.125 - 0.125, -1 + 0.125 + 0.0625}),
                  8 * kUnit);
        EXPECT_LT(relative_error(m.to_doubles(), {0.025, -0.8}), 4 * kUnit);
        EXPECT_LT(relative_error(v.to_doubles(), {0.0000625, 0.064}), 4 * kUnit);
    }
}

// Numbers of magnitude at most 2 and about ten roundings an element. In float32 1 - beta2 is taken
// from the exact number, so that it does not lose its digits.
TEST(Optimiser, TestedDeviceMatchesTheReference) {
    for (const int64_t n : {1, 7, 16, 33, 1000}) {
        for (const SgdStep& step : kSgdSteps) {
            const State tested(tested_device(), n), exact(reference_device(), n);
            for (const State& s : {tested, exact}) s.w.device().sgd_step(step, s.dw, s.m, s.w);
            expect_within(tested.numbers(), exact.numbers(), 2, 12 * kUnit);
        }
        for (const AdamWStep& step : kAdamWSteps) {
            const State tested(tested_device(), n), exact(reference_device(), n);
            for (const State& s : {tested, exact})
                s.w.device().adamw_step(step, s.dw, s.m, s.v, s.w);
            expect_within(tested.m.to_doubles(), exact.m.to_doubles(), 1, 12 * kUnit);
            expect_within(tested.v.to_doubles(), exact.v.to_doubles(), exact.v.to_doubles(),
                          12 * kUnit);
            const std::vector<double> m = exact.m.to_doubles(), v = exact.v.to_doubles();
            const double t = static_cast<double>(step.step);
            std::vector<double> magnitude(n);  // |w| + lr |m / (1 - beta1^t)| / sqrt(...)
            for (int64_t i = 0; i < n; ++i) {
                magnitude[i] = 1 + step.lr * std::abs(m[i]) / (1 - std::pow(step.beta1, t)) /
                                       std::sqrt(v[i] / (1 - std::pow(step.beta2, t)));
            }
            expect_within(tested.w.to_doubles(), exact.w.to_doubles(), magnitude, 12 * kUnit);
        }
    }
}

TEST(Optimiser, TheNumberOfThreadsDoesNotChangeABit) {
    expect_same_bits_with_two_threads([] {
        const State s(tested_device(), 1001);
        tested_device().sgd_step(kSgdSteps[2], s.dw, s.m, s.w);
        tested_device().adamw_step(kAdamWSteps[1], s.dw, s.m, s.v, s.w);
        return s.numbers();
    });
}

TEST(Optimiser, WrongShapesAreRefusedByName) {
    for (Device* device : all_devices()) {
        const Tensor a(*device, {3}), b(*device, {4});
        expect_error([&] { device->sgd_step(kSgdSteps[0], b, a, a); },
                     {"sgd_step: dw", "(4)", "(3)"});
        expect_error([&] { device->sgd_step(kSgdSteps[0], a, b, a); },
                     {"sgd_step: v", "(4)", "(3)"});
        expect_error([&] { device->adamw_step(kAdamWSteps[0], a, b, a, a); },
                     {"adamw_step: m", "(4)", "(3)"});
        expect_error([&] { device->adamw_step(kAdamWSteps[0], a, a, b, a); },
                     {"adamw_step: v", "(4)", "(3)"});
    }
}

}  // namespace
}  // namespace facet::test
