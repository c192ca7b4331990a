#include <gtest/gtest.h>

#include "tests/engine/fixtures.h"

namespace facet::test {
namespace {

struct PoolCase {
    Shape x;
    int64_t window;
    ConvGeometry g;

    Shape y() const { return {x[0], x[1], g.out(x[2], window), g.out(x[3], window)}; }
};

std::ostream& operator<<(std::ostream& out, const PoolCase& c) {
    return out << to_string(c.x) << " window " << c.window << " stride " << c.g.stride << " pad "
               << c.g.pad;
}

const std::vector<PoolCase> kCases = {
    {{1, 1, 1, 1}, 1, {1, 0}},  {{2, 3, 5, 7}, 2, {2, 0}},    {{1, 5, 7, 4}, 3, {2, 1}},
    {{3, 16, 8, 6}, 3, {2, 1}}, {{2, 17, 5, 5}, 3, {1, 1}},   {{1, 33, 6, 9}, 2, {1, 0}},
    {{2, 64, 4, 4}, 4, {4, 0}}, {{1, 16, 13, 11}, 5, {3, 2}}, {{2, 32, 1, 3}, 3, {1, 1}},
};

std::vector<double> max_forward(Device& device, const PoolCase& c, const Tensor& x) {
    const Tensor y = poisoned(device, c.y(), Layout::Map);
    device.max_pool_forward(x, c.window, c.g, y);
    return result(y);
}

std::vector<double> max_backward(Device& device, const PoolCase& c, const Tensor& x,
                                 const Tensor& dy, Grad mode) {
    const Tensor dx = gradient_target(device, c.x, mode, Layout::Map);
    device.max_pool_backward(x, dy, c.window, c.g, dx, mode);
    return result(dx);
}

std::vector<double> mean_forward(const Tensor& x) {
    const Tensor y = poisoned(x.device(), {x.size(0), x.size(1)});
    x.device().average_pool_forward(x, y);
    return y.to_doubles();
}

std::vector<double> mean_backward(const Tensor& dy, const Shape& shape, Grad mode) {
    const Tensor dx = gradient_target(dy.device(), shape, mode, Layout::Map);
    dy.device().average_pool_backward(dy, dx, mode);
    return result(dx);
}

TEST(MaxPool, TakesTheLargestAndNeverThePadding) {
    for (Device* device : all_devices()) {
        // All negative: a padding of zeros would win.
        const Tensor x =
            tensor_of(*device, {1, 1, 2, 4}, {-1, -2, -3, -4, -5, -6, -7, -0.5}, Layout::Map);
        const Tensor y = poisoned(*device, {1, 1, 1, 2}, Layout::Map);
        device->max_pool_forward(x, 3, {2, 1}, y);
        EXPECT_EQ(result(y), (std::vector<double>{-1, -0.5}));
    }
}

TEST(MaxPool, TheFirstOfEqualsGetsTheGradient) {
    for (Device* device : all_devices()) {
        const Tensor x = tensor_of(*device, {1, 1, 2, 4}, {1, 7, 3, 3, 7, 7, 3, 3}, Layout::Map);
        const Tensor dy = tensor_of(*device, {1, 1, 1, 2}, {10, 20}, Layout::Map);
        const Tensor dx = poisoned(*device, x.shape(), Layout::Map);
        device->max_pool_backward(x, dy, 2, {2, 0}, dx, Grad::Overwrite);
        EXPECT_EQ(result(dx), (std::vector<double>{0, 10, 20, 0, 0, 0, 0, 0}));
    }
}

TEST(MaxPool, OverlappingWindowsAddUp) {
    for (Device* device : all_devices()) {
        const Tensor x = tensor_of(*device, {1, 1, 1, 3}, {1, 9, 2}, Layout::Map);
        const Tensor dy = tensor_of(*device, {1, 1, 1, 3}, {1, 10, 100}, Layout::Map);
        const Tensor dx = poisoned(*device, x.shape(), Layout::Map);
        device->max_pool_backward(x, dy, 3, {1, 1}, dx, Grad::Overwrite);
        EXPECT_EQ(result(dx), (std::vector<double>{0, 111, 0}));
    }
}

// Random inputs are all different by far more than the step, so no difference crosses a tie.
TEST(MaxPool, ReferenceGradientMatchesCentralDifferences) {
    for (const PoolCase& c :
         {PoolCase{{2, 2, 5, 4}, 3, {2, 1}}, PoolCase{{1, 3, 4, 4}, 2, {1, 0}}}) {
        Device& device = reference_device();
        const Tensor x = random_tensor(device, c.x, 1, Layout::Map);
        const Tensor dy = random_tensor(device, c.y(), 2, Layout::Map);
        const auto loss = [&] { return dot(max_forward(device, c, x), dy.to_doubles()); };
        EXPECT_LT(relative_error(max_backward(device, c, x, dy, Grad::Overwrite),
                                 central_differences(loss, x)),
                  1e-6);
    }
}

TEST(AveragePool, ReferenceComputesMeansAndSpreadsGradients) {
    Device& device = reference_device();
    const Tensor x = tensor_of(device, {1, 2, 1, 4}, {1, 2, 3, 6, 0, 0, 0, 4}, Layout::Map);
    EXPECT_EQ(mean_forward(x), (std::vector<double>{3, 1}));
    EXPECT_EQ(mean_backward(Tensor::from(device, {1, 2}, {4, 8}), x.shape(), Grad::Overwrite),
              (std::vector<double>{1, 1, 1, 1, 2, 2, 2, 2}));
}

class PoolOnDevice : public testing::TestWithParam<PoolCase> {};

INSTANTIATE_TEST_SUITE_P(Shapes, PoolOnDevice, testing::ValuesIn(kCases));

// The largest is one of the inputs: exact in every arithmetic.
TEST_P(PoolOnDevice, MaxForwardEqualsTheReference) {
    const PoolCase& c = GetParam();
    std::vector<double> y[2];
    for (int d = 0; d < 2; ++d) {
        Device& device = *all_devices()[d];
        y[d] = max_forward(device, c, random_tensor(device, c.x, 1, Layout::Map));
    }
    EXPECT_EQ(y[1], y[0]);
}

// A pixel wins at most window^2 windows, so a sum has at most that many terms, and one to add to.
TEST_P(PoolOnDevice, MaxBackwardMatchesTheReference) {
    const PoolCase& c = GetParam();
    // Few different values, so that ties are everywhere.
    std::vector<double> values = random_values(count(c.x), 1, -3, 3);
    for (double& value : values) value = std::round(value);
    const auto terms = static_cast<double>(c.window * c.window + 1);
    for (const Grad mode : kBothModes) {
        std::vector<double> dx[2];
        for (int d = 0; d < 2; ++d) {
            Device& device = *all_devices()[d];
            dx[d] = max_backward(device, c, tensor_of(device, c.x, values, Layout::Map),
                                 random_tensor(device, c.y(), 2, Layout::Map), mode);
        }
        expect_within(dx[1], dx[0], terms, terms * kUnit);
    }
}

// The mean of values in [-1, 1] and a division: n u of the mean magnitude, at most 1.
TEST_P(PoolOnDevice, AverageMatchesTheReference) {
    const PoolCase& c = GetParam();
    const auto pixels = static_cast<double>(c.x[2] * c.x[3]);
    std::vector<double> y[2];
    for (int d = 0; d < 2; ++d)
        y[d] = mean_forward(random_tensor(*all_devices()[d], c.x, 1, Layout::Map));
    expect_within(y[1], y[0], 1, (pixels + 1) * kUnit);
    for (const Grad mode : kBothModes) {
        std::vector<double> dx[2];
        for (int d = 0; d < 2; ++d)
            dx[d] = mean_backward(random_tensor(*all_devices()[d], {c.x[0], c.x[1]}, 2), c.x, mode);
        expect_within(dx[1], dx[0], 2, 2 * kUnit);
    }
}

TEST_P(PoolOnDevice, TheNumberOfThreadsDoesNotChangeABit) {
    const PoolCase& c = GetParam();
    Device& device = tested_device();
    const Tensor x = random_tensor(device, c.x, 1, Layout::Map);
    const Tensor dy = random_tensor(device, c.y(), 2, Layout::Map);
    expect_same_bits_with_two_threads([&] {
        std::vector<double> all = max_forward(device, c, x);
        append(all, max_backward(device, c, x, dy, Grad::Accumulate));
        append(all, mean_forward(x));
        append(all,
               mean_backward(random_tensor(device, {c.x[0], c.x[1]}, 3), c.x, Grad::Overwrite));
        return all;
    });
}

TEST(Pooling, WrongShapesAreRefusedByName) {
    for (Device* device : all_devices()) {
        const Tensor x(*device, {2, 3, 8, 6}, Layout::Map), y(*device, {2, 3, 4, 3}, Layout::Map);
        const Tensor plain(*device, {2, 3, 8, 6}), means(*device, {2, 4});
        expect_error(
            [&] {
                device->max_pool_forward(x, 2, {1, 0}, y);
            },
            {"max_pool_forward", "(2, 3, 4, 3)", "(2, 3, 7, 5)"});
        expect_error(
            [&] {
                device->max_pool_forward(plain, 2, {2, 0}, y);
            },
            {"max_pool_forward", "map"});
        expect_error(
            [&] {
                device->max_pool_forward(x, 2, {2, 2}, y);
            },
            {"max_pool_forward", "pad 2", "window of 2"});
        expect_error([&] { device->max_pool_forward(x, 9, {2, 0}, y); }, {"max_pool_forward", "9"});
        expect_error(
            [&] {
                device->max_pool_backward(x, y, 2, {2, 0}, y, Grad::Overwrite);
            },
            {"max_pool_backward", "dx", "(2, 3, 4, 3)", "(2, 3, 8, 6)"});
        expect_error([&] { device->average_pool_forward(x, means); },
                     {"average_pool_forward", "(2, 4)", "(2, 3)"});
        expect_error([&] { device->average_pool_backward(means, x, Grad::Overwrite); },
                     {"average_pool_backward", "(2, 4)", "(2, 3)"});
    }
}

}  // namespace
}  // namespace facet::test
