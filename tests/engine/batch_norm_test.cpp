#include <gtest/gtest.h>

#include "tests/engine/batch_norm_fixtures.h"

namespace facet::test {
namespace {

// --- the reference: what batch normalisation is ---

TEST(BatchNorm, ReferenceComputesAnExampleByHand) {
    Device& device = reference_device();
    // One channel with values 1, 3, 5, 7: mean 4, biased variance 5, unbiased 20/3.
    const Tensor x = tensor_of(device, {2, 1, 1, 2}, {1, 3, 5, 7}, Layout::Map);
    const BatchNorm bn{Tensor::full(device, {1}, 2), Tensor::full(device, {1}, 1),
                       Tensor::full(device, {1}, 0.5), 4};  // eps 4: invstd 1/3
    const RunningStatistics running{Tensor::full(device, {1}, 10), Tensor::full(device, {1}, 20),
                                    0.1};
    const Tensor addend = tensor_of(device, x.shape(), {100, 200, 300, 400}, Layout::Map);
    const Tensor y = x.like(), mean(device, {1}), invstd(device, {1});
    device.batch_norm_train(bn, x, addend, running, mean, invstd, y);
    // z = 2 (x - 4) / 3 + 1 = -1, 1/3, 5/3, 3
    const std::vector<double> expected = {99.5, 200 + 1.0 / 3, 300 + 5.0 / 3, 403};
    EXPECT_LT(relative_error(y.to_doubles(), expected), 1e-15);
    EXPECT_DOUBLE_EQ(mean.item(), 4);
    EXPECT_DOUBLE_EQ(invstd.item(), 1.0 / 3);
    EXPECT_DOUBLE_EQ(running.mean.item(), 0.9 * 10 + 0.1 * 4);
    EXPECT_DOUBLE_EQ(running.variance.item(), 0.9 * 20 + 0.1 * 20 / 3);
}

TEST(BatchNorm, ReferenceEvaluatesWithTheRunningStatistics) {
    Device& device = reference_device();
    const Tensor x = Tensor::from(device, {1, 2}, {5, -1});
    const BatchNorm bn{Tensor::from(device, {2}, {3, 1}), Tensor::from(device, {2}, {1, 0}),
                       Tensor(), 1};
    const RunningStatistics running{Tensor::from(device, {2}, {1, 1}),
                                    Tensor::from(device, {2}, {3, 15})};
    const Tensor y = x.like();
    device.batch_norm_eval(bn, x, Tensor(), running, y);
    EXPECT_EQ(y.to_doubles(), (std::vector<double>{7, -0.5}));
}

TEST(BatchNorm, ReferenceGradientsMatchCentralDifferences) {
    for (const Shape& shape : {Shape{2, 3, 2, 3}, Shape{5, 4}}) {
        for (const bool prelu : {false, true}) {
            const BatchNormCase c{shape, prelu, true};
            SCOPED_TRACE(testing::Message() << c);
            const BatchNormOperands o(reference_device(), c);
            const auto dy = o.dy.to_doubles();
            const auto loss = [&] { return dot(o.train().y, dy); };
            loss();
            const auto found = o.backward(Grad::Overwrite, Grad::Overwrite);
            EXPECT_LT(relative_error(found.dx, central_differences(loss, o.x)), 1e-6);
            EXPECT_LT(relative_error(found.dgamma, central_differences(loss, o.bn.gamma)), 1e-6);
            EXPECT_LT(relative_error(found.dbeta, central_differences(loss, o.bn.beta)), 1e-6);
            if (!prelu) continue;
            EXPECT_LT(relative_error(found.dslope, central_differences(loss, o.bn.slope)), 1e-6);
        }
    }
}

TEST(BatchNorm, TheSlopeSideIsTakenAtTheKink) {
    for (Device* device : all_devices()) {
        // x_hat = -1, 1, so z = beta + gamma x_hat = 0, 2 with gamma = beta = 1 and eps = 0.
        const Tensor x = Tensor::from(*device, {2, 1}, {0, 2});
        const BatchNorm bn{Tensor::full(*device, {1}, 1), Tensor::full(*device, {1}, 1),
                           Tensor::full(*device, {1}, 0.25), 0};
        const Tensor mean = Tensor::full(*device, {1}, 1), invstd = mean.clone();
        const Tensor dy = Tensor::from(*device, {2, 1}, {1, 0});
        const Tensor dgamma(*device, {1}), dbeta(*device, {1}), dslope(*device, {1});
        device->batch_norm_backward(bn, x, mean, invstd, dy, dgamma, dbeta, dslope, Grad::Overwrite,
                                    x.like(), Grad::Overwrite);
        EXPECT_EQ(dbeta.item(), 0.25);
        EXPECT_EQ(dgamma.item(), -0.25);
        EXPECT_EQ(dslope.item(), 0);
    }
}

// --- the tested device against the reference ---

// Sums of M float32 terms err by at most M u of the sum of magnitudes; a few roundings more an
// element. x - mean loses what |x| has in magnitude over the spread, |x| invstd.
struct Bounds {
    explicit Bounds(const BatchNormOperands& exact) {
        const auto M = static_cast<double>(exact.c.per_channel());
        const double invstd = largest(exact.invstd.to_doubles());
        const double gamma = largest(exact.bn.gamma.to_doubles());
        // A float32 mean is off by u |mean|; x_hat then by u |mean| invstd.
        const double amplification = std::max(1.0, largest(exact.x.to_doubles()) * invstd);
        sum = (M + 16) * kUnit * amplification;
        element = 16 * kUnit * amplification;
        dx_scale = gamma * invstd * largest(exact.dy.to_doubles());
    }
    double sum;      // relative, for what sums over a channel
    double element;  // relative, for what is computed an element from exact statistics
    double dx_scale;
};

std::vector<BatchNormCase> all_cases() {
    const std::vector<Shape> shapes = {
        {2, 1, 1, 1},    {1, 3, 5, 7},  {3, 5, 2, 3},  {2, 16, 4, 4}, {5, 17, 3, 1},
        {1, 32, 13, 11}, {2, 33, 5, 6}, {3, 64, 7, 7}, {2, 1},        {7, 3},
        {5, 16},         {3, 17},       {64, 33},      {130, 5},      {1, 16, 37, 41}};
    std::vector<BatchNormCase> cases;
    for (const Shape& shape : shapes)
        for (const bool prelu : {false, true})
            for (const bool addend : {false, true}) cases.push_back({shape, prelu, addend});
    return cases;
}

class BatchNormOnDevice : public testing::TestWithParam<BatchNormCase> {};

INSTANTIATE_TEST_SUITE_P(Shapes, BatchNormOnDevice, testing::ValuesIn(all_cases()));

TEST_P(BatchNormOnDevice, TrainingMatchesTheReference) {
    const BatchNormOperands tested(tested_device(), GetParam()),
        exact(reference_device(), GetParam());
    const auto expected = exact.train(), found = tested.train();
    const Bounds bounds(exact);
    expect_within(found.y, expected.y, largest(expected.y) + 2, bounds.sum);
    expect_within(found.mean, expected.mean, largest(exact.x.to_doubles()), bounds.sum);
    expect_within(found.invstd, expected.invstd, expected.invstd, bounds.sum);
    expect_within(found.running_mean, expected.running_mean, 3, bounds.sum);
    expect_within(found.running_variance, expected.running_variance, 4, bounds.sum);
}

TEST_P(BatchNormOnDevice, EvaluationMatchesTheReference) {
    const BatchNormOperands tested(tested_device(), GetParam()),
        exact(reference_device(), GetParam());
    // |gamma| (|x| + |mean|) / sqrt(variance) + |beta| + |addend| < 2 (3 + 1) 1.5 + 2
    expect_within(tested.eval(), exact.eval(), 14, 8 * kUnit);
}

TEST_P(BatchNormOnDevice, BackwardMatchesTheReference) {
    const BatchNormOperands tested(tested_device(), GetParam()),
        exact(reference_device(), GetParam());
    exact.train();
    tested.train();
    const Bounds bounds(exact);
    const auto M = static_cast<double>(GetParam().per_channel());
    for (const Grad parameter_mode : kBothModes) {
        for (const Grad dx_mode : kBothModes) {
            const auto expected = exact.backward(parameter_mode, dx_mode);
            const auto found = tested.backward(parameter_mode, dx_mode);
            // |dz - mean dz - x_hat mean(dz x_hat)| is at most a few times max |dz|.
            expect_within(found.dx, expected.dx, 1 + 4 * bounds.dx_scale, bounds.sum);
            // Sums of M terms of magnitude at most about 2 each.
            expect_within(found.dgamma, expected.dgamma, 1 + 2 * M, bounds.element);
            expect_within(found.dbeta, expected.dbeta, 1 + 2 * M, bounds.element);
            expect_within(found.dslope, expected.dslope, 1 + 2 * M, bounds.element);
        }
    }
}

TEST_P(BatchNormOnDevice, TheNumberOfThreadsDoesNotChangeABit) {
    const BatchNormOperands tested(tested_device(), GetParam());
    expect_same_bits_with_two_threads([&] {
        const auto forward = tested.train();
        const auto gradients = tested.backward(Grad::Overwrite, Grad::Accumulate);
        std::vector<double> all = forward.y;
        for (const auto& more :
             {forward.mean, forward.invstd, forward.running_variance, gradients.dx,
              gradients.dgamma, gradients.dbeta, gradients.dslope, tested.eval()})
            append(all, more);
        return all;
    });
}

// Values 1000 +- 0.5: sum(x^2) / M - mean^2 in float32 would leave nothing of the variance.
TEST(BatchNorm, ALargeMeanDoesNotSwallowTheVariance) {
    const Shape shape{4, 17, 5, 5};
    std::vector<double> x = random_values(count(shape), 1, -0.5, 0.5);
    for (double& value : x) value = static_cast<float>(value + 1000);
    std::vector<std::vector<double>> invstd_of;
    for (Device* device : all_devices()) {
        const BatchNorm bn{Tensor::full(*device, {17}, 1), Tensor::full(*device, {17}, 0),
                           Tensor()};
        const RunningStatistics running{Tensor::full(*device, {17}, 0),
                                        Tensor::full(*device, {17}, 1)};
        const Tensor mean(*device, {17}), invstd(*device, {17}), y(*device, shape, Layout::Map);
        device->batch_norm_train(bn, tensor_of(*device, shape, x, Layout::Map), Tensor(), running,
                                 mean, invstd, y);
        invstd_of.push_back(invstd.to_doubles());
    }
    EXPECT_LT(relative_error(invstd_of[1], invstd_of[0]), 1e-5);
}

TEST(BatchNorm, OneValueAChannelIsRefused) {
    for (Device* device : all_devices()) {
        const BatchNormCase c{{1, 3}, false, false};
        const BatchNorm bn = parameters(*device, c);
        const RunningStatistics running{bn.gamma.clone(), bn.gamma.clone()};
        const Tensor x(*device, {1, 3}), mean(*device, {3}), invstd(*device, {3});
        expect_error(
            [&] { device->batch_norm_train(bn, x, Tensor(), running, mean, invstd, x.like()); },
            {"batch_norm_train", "(1, 3)", "variance"});
        EXPECT_NO_THROW(device->batch_norm_eval(bn, x, Tensor(), running, x.like()));
    }
}

TEST(BatchNorm, WrongShapesAreRefusedByName) {
    for (Device* device : all_devices()) {
        const Tensor x(*device, {2, 3, 4, 5}, Layout::Map), y = x.like();
        const Tensor c3 = Tensor::full(*device, {3}, 1), c4 = Tensor::full(*device, {4}, 1);
        const auto train = [&](const BatchNorm& bn, const Tensor& x, const Tensor& addend,
                               const Tensor& statistics, const Tensor& y) {
            return [=] {
                device->batch_norm_train(bn, x, addend, {statistics, statistics.clone()},
                                         statistics.clone(), statistics.clone(), y);
            };
        };
        const BatchNorm bn{c3, c3, Tensor()};
        const std::string name = "batch_norm_train";
        expect_error(train({c4, c3, Tensor()}, x, Tensor(), c3, y), {name, "gamma", "(4)", "(3)"});
        expect_error(train({c3, c4, Tensor()}, x, Tensor(), c3, y), {name, "beta", "(4)", "(3)"});
        expect_error(train({c3, c3, c4}, x, Tensor(), c3, y), {name, "slope", "(4)", "(3)"});
        expect_error(train(bn, x, Tensor(), c4, y), {name, "(4)", "(3)"});
        expect_error(train(bn, x, Tensor(), c3, Tensor(*device, {2, 3, 4, 4}, Layout::Map)),
                     {name, "(2, 3, 4, 4)", "(2, 3, 4, 5)"});
        expect_error(train(bn, x, Tensor(*device, {2, 3, 4, 5}), c3, y), {name, "addend", "map"});
        expect_error(train(bn, Tensor(*device, {2, 3, 4, 5}), Tensor(), c3, y), {name, "map"});
        expect_error(train(bn, Tensor(*device, {6}), Tensor(), c3, y), {name, "(6)"});
        expect_error(
            [&] {
                device->batch_norm_eval(bn, x, Tensor(), {c4, c3}, y);
            },
            {"batch_norm_eval", "mean", "(4)", "(3)"});
        const auto backward = [&](const Tensor& dy, const Tensor& dslope) {
            return [=] {
                device->batch_norm_backward(bn, x, c3, c3, dy, c3.clone(), c3.clone(), dslope,
                                            Grad::Overwrite, x.like(), Grad::Overwrite);
            };
        };
        expect_error(backward(Tensor(*device, {2, 3, 5, 4}, Layout::Map), Tensor()),
                     {"batch_norm_backward", "dy", "(2, 3, 5, 4)", "(2, 3, 4, 5)"});
        expect_error(backward(y, c3), {"batch_norm_backward", "slope"});
    }
}

}  // namespace
}  // namespace facet::test
