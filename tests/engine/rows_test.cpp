// Rows and elements.
#include <gtest/gtest.h>

#include "tests/engine/fixtures.h"

namespace facet::test {
namespace {

// --- bias and sums of rows ---

const std::vector<Shape> kRowShapes = {{1, 1}, {3, 5}, {7, 16}, {64, 17}, {5, 129}, {200, 33}};

TEST(Rows, BiasIsAddedToEveryRow) {
    for (Device* device : all_devices()) {
        const Tensor y = Tensor::from(*device, {2, 3}, {1, 2, 3, 4, 5, 6});
        device->add_bias(y, Tensor::from(*device, {3}, {10, 20, 30}));
        EXPECT_EQ(y.to_doubles(), (std::vector<double>{11, 22, 33, 14, 25, 36}));
    }
}

TEST(Rows, SumRowsIsTheAdjointOfTheBias) {
    for (Device* device : all_devices()) {
        const Tensor dy = Tensor::from(*device, {3, 2}, {1, 2, 3, 4, 5, 6});
        const Tensor dbias = poisoned(*device, {2});
        device->sum_rows(dy, dbias, Grad::Overwrite);
        EXPECT_EQ(dbias.to_doubles(), (std::vector<double>{9, 12}));
        device->sum_rows(dy, dbias, Grad::Accumulate);
        EXPECT_EQ(dbias.to_doubles(), (std::vector<double>{18, 24}));
    }
}

// One addition an element; B additions a sum, of magnitudes at most 1.
TEST(Rows, BiasAndSumsMatchTheReference) {
    for (const Shape& shape : kRowShapes) {
        SCOPED_TRACE(to_string(shape));
        std::vector<double> y[2], sums[2];
        for (int d = 0; d < 2; ++d) {
            Device& device = *all_devices()[d];
            const Tensor rows = random_tensor(device, shape, 1);
            for (const Grad mode : kBothModes) {
                const Tensor dbias = gradient_target(device, {shape[1]}, mode);
                device.sum_rows(rows, dbias, mode);
                append(sums[d], dbias.to_doubles());
            }
            device.add_bias(rows, random_tensor(device, {shape[1]}, 2));
            y[d] = rows.to_doubles();
        }
        const auto B = static_cast<double>(shape[0]);
        expect_within(y[1], y[0], 2, kUnit);
        expect_within(sums[1], sums[0], B + 1, (B + 1) * kUnit);
    }
}

// --- dropout, sums, axpby ---

TEST(Dropout, BothDevicesKeepTheSameElements) {
    constexpr int64_t n = 2500;
    for (const Grad mode : kBothModes) {
        std::vector<double> y[2];
        for (int d = 0; d < 2; ++d) {
            Device& device = *all_devices()[d];
            const Tensor to = gradient_target(device, {n}, mode);
            device.dropout(random_tensor(device, {n}, 1, Layout::Plain, 1, 2), 0.4, 7, 3, to, mode);
            y[d] = to.to_doubles();
        }
        // The factor 1 / (1 - p), the product and, when accumulating, the sum are rounded.
        expect_within(y[1], y[0], 5, 3 * kUnit);
    }
}

TEST(Dropout, KeepsTheShareAskedForAndTheExpectation) {
    constexpr int64_t n = 100000;
    Device& device = reference_device();
    const Tensor y = poisoned(device, {n});
    device.dropout(Tensor::full(device, {n}, 3), 0.25, 1, 1, y, Grad::Overwrite);
    int64_t kept = 0;
    for (const double value : y.to_doubles()) {
        ASSERT_TRUE(value == 0 || value == 4);
        kept += value != 0;
    }
    EXPECT_NEAR(static_cast<double>(kept) / n, 0.75, 5 * std::sqrt(0.25 * 0.75 / n));
}

TEST(Dropout, StepsAndSeedsDropDifferentElements) {
    Device& device = reference_device();
    const Tensor ones = Tensor::full(device, {100}, 1);
    const auto draw = [&](uint64_t seed, uint64_t step) {
        const Tensor y = ones.like();
        device.dropout(ones, 0.5, seed, step, y, Grad::Overwrite);
        return y.to_doubles();
    };
    EXPECT_EQ(draw(1, 1), draw(1, 1));
    EXPECT_NE(draw(1, 1), draw(1, 2));
    EXPECT_NE(draw(1, 1), draw(2, 1));
}

TEST(Dropout, RefusesAProbabilityOfOne) {
    for (Device* device : all_devices()) {
        const Tensor x(*device, {3}), y(*device, {4});
        for (const double p : {1.0, -0.1, double{NAN}})
            expect_error([&] { device->dropout(x, p, 0, 0, x, Grad::Overwrite); }, {"dropout: p"});
        expect_error([&] { device->dropout(x, 0.5, 0, 0, y, Grad::Overwrite); },
                     {"dropout", "(4)", "(3)"});
    }
}

TEST(Elements, AxpbyAddsMultiplesOfMapsAndPlainTensors) {
    for (Device* device : all_devices()) {
        for (const Layout layout : {Layout::Plain, Layout::Map}) {
            const Shape shape{1, 5, 1, 2};
            const Tensor x = random_tensor(*device, shape, 1, layout);
            const Tensor y = random_tensor(*device, shape, 2, layout),
                         fresh = poisoned(*device, shape, layout);
            std::vector<double> expected = y.to_doubles();
            for (size_t i = 0; i < expected.size(); ++i)
                expected[i] = 2 * x.to_doubles()[i] - 0.5 * expected[i];
            device->axpby(2, x, -0.5, y);
            expect_within(result(y), expected, 3, 2 * kUnit);
            device->axpby(1, x, 0, fresh);  // beta = 0: what was there is not read
            EXPECT_EQ(result(fresh), x.to_doubles());
        }
        const Tensor x(*device, {2}), y(*device, {3}), map(*device, {1, 1, 1, 2}, Layout::Map);
        expect_error([&] { device->axpby(1, x, 1, y); }, {"axpby", "(3)", "(2)"});
        expect_error([&] { device->axpby(1, x.reshape({1, 1, 1, 2}), 1, map); }, {"axpby", "map"});
    }
}

TEST(Elements, SumOfSquaresCountsNoPadding) {
    for (Device* device : all_devices()) {
        EXPECT_EQ(device->sum_of_squares(Tensor::from(*device, {3}, {1, 2, 3})), 14);
        const Tensor map(*device, {2, 5, 3, 1}, Layout::Map);
        device->fill(map, 2);
        EXPECT_EQ(device->sum_of_squares(map), 120);
    }
    // Many elements: the sum must not lose what single float32 accumulation would.
    const std::vector<double> values = random_values(100000, 1);
    EXPECT_NEAR(tested_device().sum_of_squares(Tensor::from(tested_device(), {100000}, values)),
                dot(values, values), 1e-6 * dot(values, values));
}

TEST(Elements, SumsOfSquaresAreThoseOfEachTensor) {
    for (Device* device : all_devices()) {
        const std::vector<Tensor> all{Tensor::from(*device, {3}, {1, 2, 3}),
                                      Tensor::from(*device, {1, 2}, {-1, 4})};
        EXPECT_EQ(device->sums_of_squares(all), (std::vector<double>{14, 17}));
        EXPECT_TRUE(device->sums_of_squares({}).empty());
    }
}

TEST(Rows, AreGatheredAndScattered) {
    for (Device* device : all_devices()) {
        const Tensor x = Tensor::from(*device, {3, 2}, {1, 2, 3, 4, 5, 6});
        const std::vector<int64_t> rows{2, 0};
        const Tensor part = gathered_rows(x, rows);
        EXPECT_EQ(part.to_doubles(), (std::vector<double>{5, 6, 1, 2}));
        const Tensor y = Tensor::full(*device, {3, 2}, 0);
        device->scatter_rows(part, rows, y);
        EXPECT_EQ(y.to_doubles(), (std::vector<double>{1, 2, 0, 0, 5, 6}));
        EXPECT_EQ(gathered_rows(x, {}).count(), 0);
        const std::vector<int64_t> beyond{1, 3};
        expect_error([&] { gathered_rows(x, beyond); }, {"gather_rows", "no row 3", "(3, 2)"});
        expect_error([&] { device->scatter_rows(part, beyond, y); }, {"scatter_rows", "no row 3"});
        expect_error([&] { device->scatter_rows(x, rows, y); }, {"scatter_rows", "(3, 2)"});
    }
}

TEST(Rows, AHashIsOfTheBytesOfAllTensorsInOrder) {
    const auto hash_of = [](std::vector<Tensor> all) {
        Hash hash;
        all[0].device().add_to_hash(all, hash);
        return hash.hex();
    };
    for (Device* device : all_devices()) {
        const Tensor a = random_tensor(*device, {40000}, 1), b = random_tensor(*device, {7}, 2);
        EXPECT_EQ(hash_of({a, b}), hash_of({a.clone(), b.clone()}));
        EXPECT_NE(hash_of({a, b}), hash_of({b, a}));
        Hash by_hand;
        if (device->dtype() == DType::F32) {
            for (const Tensor& x : {a, b}) {
                const std::vector<float> values = x.to_vector<float>();
                by_hand.add(values.data(), values.size() * sizeof(float));
            }
            EXPECT_EQ(hash_of({a, b}), by_hand.hex());
        }
    }
}

TEST(Rows, TheNumberOfThreadsDoesNotChangeABit) {
    Device& device = tested_device();
    expect_same_bits_with_two_threads([&] {
        std::vector<double> all;
        for (const Shape& shape : kRowShapes) {
            const Tensor x = random_tensor(device, shape, 1), dy = random_tensor(device, shape, 2);
            const Tensor sums = poisoned(device, {shape[1]});
            device.sum_rows(x, sums, Grad::Overwrite);
            append(all, sums.to_doubles());
            device.dropout(dy, 0.3, 1, 1, x, Grad::Accumulate);
            append(all, x.to_doubles());
            all.push_back(device.sum_of_squares(x));
        }
        all.push_back(device.sum_of_squares(random_tensor(device, {12345}, 3)));
        return all;
    });
}

TEST(Rows, WrongShapesAreRefusedByName) {
    for (Device* device : all_devices()) {
        const Tensor x(*device, {2, 3}), d2(*device, {2}), d3(*device, {3});
        expect_error([&] { device->add_bias(x, d2); }, {"add_bias", "(2)", "(3)"});
        expect_error([&] { device->add_bias(d3, d3); }, {"add_bias", "(3)"});
        expect_error([&] { device->sum_rows(x, d2, Grad::Overwrite); }, {"sum_rows", "(2)", "(3)"});
    }
}

}  // namespace
}  // namespace facet::test
