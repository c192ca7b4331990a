#include <gtest/gtest.h>

#include "tests/engine/fixtures.h"

namespace facet::test {
namespace {

Layout layout_of(const Shape& shape) { return shape.size() == 4 ? Layout::Map : Layout::Plain; }

struct Gradients {
    std::vector<double> dx, dslope;
};

std::vector<double> forward(const Tensor& x, const Tensor& slope) {
    const Tensor y = poisoned(x.device(), x.shape(), x.layout());
    x.device().prelu_forward(x, slope, y);
    return result(y);
}

Gradients backward(const Tensor& x, const Tensor& slope, const Tensor& dy, Grad slope_mode,
                   Grad dx_mode) {
    const Tensor dx = gradient_target(x.device(), x.shape(), dx_mode, x.layout());
    const Tensor dslope = gradient_target(x.device(), slope.shape(), slope_mode);
    x.device().prelu_backward(x, slope, dy, dslope, slope_mode, dx, dx_mode);
    return {result(dx), dslope.to_doubles()};
}

TEST(PRelu, ScalesNegativesByTheSlopeOfTheirChannel) {
    for (Device* device : all_devices()) {
        const Tensor x = tensor_of(*device, {1, 2, 1, 3}, {-2, 0, 2, -4, 4, -8}, Layout::Map);
        const Tensor slope = Tensor::from(*device, {2}, {0.5, -0.25});
        EXPECT_EQ(forward(x, slope), (std::vector<double>{-1, 0, 2, 1, 4, 2}));
    }
}

TEST(PRelu, TheSlopeSideIsTakenAtZero) {
    for (Device* device : all_devices()) {
        const Tensor x = Tensor::from(*device, {3, 1}, {-2, 0, 2});
        const Tensor slope = Tensor::full(*device, {1}, 0.5);
        const Tensor dy = Tensor::from(*device, {3, 1}, {1, 10, 100});
        const auto found = backward(x, slope, dy, Grad::Overwrite, Grad::Overwrite);
        EXPECT_EQ(found.dx, (std::vector<double>{0.5, 5, 100}));
        EXPECT_EQ(found.dslope, (std::vector<double>{-2}));
    }
}

TEST(PRelu, WithoutASlopeGradientItIsAReluOfConstantSlope) {
    for (Device* device : all_devices()) {
        const Tensor x = Tensor::from(*device, {3, 1}, {-2, 1, 3});
        const Tensor dy = Tensor::from(*device, {3, 1}, {1, 10, 100});
        const Tensor dx = poisoned(*device, {3, 1});
        device->prelu_backward(x, Tensor::full(*device, {1}, 0), dy, Tensor(), Grad::Overwrite, dx,
                               Grad::Overwrite);
        EXPECT_EQ(dx.to_doubles(), (std::vector<double>{0, 10, 100}));
    }
}

// Random inputs lie farther from the kink at 0 than the step.
TEST(PRelu, ReferenceGradientsMatchCentralDifferences) {
    Device& device = reference_device();
    for (const Shape& shape : {Shape{2, 3, 2, 2}, Shape{4, 3}}) {
        const Tensor x = random_tensor(device, shape, 1, layout_of(shape));
        const Tensor dy = random_tensor(device, shape, 2, layout_of(shape));
        const Tensor slope = random_tensor(device, {3}, 3);
        const auto loss = [&] { return dot(forward(x, slope), dy.to_doubles()); };
        const auto found = backward(x, slope, dy, Grad::Overwrite, Grad::Overwrite);
        EXPECT_LT(relative_error(found.dx, central_differences(loss, x)), 1e-6);
        EXPECT_LT(relative_error(found.dslope, central_differences(loss, slope)), 1e-6);
    }
}

class PReluOnDevice : public testing::TestWithParam<Shape> {};

INSTANTIATE_TEST_SUITE_P(Shapes, PReluOnDevice,
                         testing::Values(Shape{1, 1, 1, 1}, Shape{2, 3, 5, 7}, Shape{1, 16, 4, 3},
                                         Shape{3, 17, 2, 5}, Shape{2, 64, 9, 8}, Shape{1, 5},
                                         Shape{7, 16}, Shape{3, 33}, Shape{100, 17}));

// One product an element, and one addition when accumulating: 2 u. The slope's gradient sums M
// products of magnitude at most 1, and one number to add to.
TEST_P(PReluOnDevice, MatchesTheReference) {
    const Shape& shape = GetParam();
    const auto M = static_cast<double>(count(shape) / shape[1]);
    const auto operand = [&](Device& device, uint64_t seed) {
        return random_tensor(device, shape, seed, layout_of(shape));
    };
    std::vector<double> y[2];
    for (int d = 0; d < 2; ++d) {
        Device& device = *all_devices()[d];
        y[d] = forward(operand(device, 1), random_tensor(device, {shape[1]}, 3));
    }
    expect_within(y[1], y[0], absolute(y[0]), kUnit);
    for (const Grad slope_mode : kBothModes) {
        for (const Grad dx_mode : kBothModes) {
            Gradients found[2];
            for (int d = 0; d < 2; ++d) {
                Device& device = *all_devices()[d];
                found[d] = backward(operand(device, 1), random_tensor(device, {shape[1]}, 3),
                                    operand(device, 2), slope_mode, dx_mode);
            }
            expect_within(found[1].dx, found[0].dx, 2, 2 * kUnit);
            expect_within(found[1].dslope, found[0].dslope, M + 1, (M + 2) * kUnit);
        }
    }
}

TEST_P(PReluOnDevice, TheNumberOfThreadsDoesNotChangeABit) {
    const Shape& shape = GetParam();
    Device& device = tested_device();
    const Tensor x = random_tensor(device, shape, 1, layout_of(shape));
    const Tensor dy = random_tensor(device, shape, 2, layout_of(shape));
    const Tensor slope = random_tensor(device, {shape[1]}, 3);
    expect_same_bits_with_two_threads([&] {
        std::vector<double> all = forward(x, slope);
        const auto gradients = backward(x, slope, dy, Grad::Accumulate, Grad::Overwrite);
        append(all, gradients.dx);
        append(all, gradients.dslope);
        return all;
    });
}

TEST(PRelu, WrongShapesAreRefusedByName) {
    for (Device* device : all_devices()) {
        const Tensor x(*device, {2, 3}), c3(*device, {3}), c2(*device, {2});
        expect_error([&] { device->prelu_forward(x, c2, x.like()); },
                     {"prelu_forward", "slope", "(2)", "(3)"});
        expect_error(
            [&] {
                device->prelu_forward(x, c3, Tensor(*device, {3, 2}));
            },
            {"prelu_forward", "(3, 2)", "(2, 3)"});
        expect_error(
            [&] {
                device->prelu_backward(x, c3, x, c2, Grad::Overwrite, x.like(), Grad::Overwrite);
            },
            {"prelu_backward", "dslope", "(2)", "(3)"});
        expect_error(
            [&] {
                device->prelu_backward(x, c3, c3, c3, Grad::Overwrite, x.like(), Grad::Overwrite);
            },
            {"prelu_backward", "dy", "(3)", "(2, 3)"});
    }
}

}  // namespace
}  // namespace facet::test
