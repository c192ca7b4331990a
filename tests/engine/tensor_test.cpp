#include "engine/tensor.h"

#include <gtest/gtest.h>

#include "tests/engine/fixtures.h"

namespace facet::test {
namespace {

TEST(Tensor, CountIsTheProductOfTheSizes) {
    EXPECT_EQ(count({}), 1);
    EXPECT_EQ(count({5}), 5);
    EXPECT_EQ(count({2, 3, 4}), 24);
    EXPECT_EQ(count({2, 0, 4}), 0);
    EXPECT_EQ(to_string({2, 3}), "(2, 3)");
}

TEST(Tensor, KnowsItsShapeAndElementType) {
    const Tensor x(reference_device(), {2, 3});
    EXPECT_TRUE(x.defined());
    EXPECT_EQ(x.rank(), 2);
    EXPECT_EQ(x.size(1), 3);
    EXPECT_EQ(x.dtype(), DType::F64);
    EXPECT_EQ(x.bytes(), 48u);
    EXPECT_EQ(Tensor(cpu_device(), {2, 3}).bytes(), 24u);
    EXPECT_FALSE(Tensor().defined());
}

TEST(Tensor, HoldsTheValuesGiven) {
    for (Device* device : all_devices()) {
        const Tensor x = Tensor::from(*device, {2, 2}, {1, 2, 3, 4.5});
        EXPECT_EQ(x.to_doubles(), (std::vector<double>{1, 2, 3, 4.5}));
        const std::vector<float> floats = {5, 6};
        const Tensor y = Tensor::from<float>(*device, {2}, floats);
        EXPECT_EQ(y.to_vector<float>(), floats);
        EXPECT_EQ(Tensor::full(*device, {3}, 2.5).to_doubles(), (std::vector<double>(3, 2.5)));
        EXPECT_EQ(Tensor::full(*device, {}, 7).item(), 7);
    }
}

TEST(Tensor, AReshapeSharesStorageAndACloneDoesNot) {
    const Tensor x = Tensor::from(reference_device(), {2, 3}, {1, 2, 3, 4, 5, 6});
    const Tensor view = x.reshape({3, 2}), copy = x.clone(), handle = x;
    x.data<double>()[0] = 10;
    EXPECT_EQ(view.shape(), (Shape{3, 2}));
    EXPECT_EQ(view.to_doubles(), (std::vector<double>{10, 2, 3, 4, 5, 6}));
    EXPECT_EQ(handle.to_doubles(), view.to_doubles());
    EXPECT_EQ(copy.to_doubles(), (std::vector<double>{1, 2, 3, 4, 5, 6}));
}

TEST(Tensor, AViewOutlivesTheTensor) {
    Tensor view;
    {
        const Tensor x = Tensor::from(reference_device(), {4}, {1, 2, 3, 4});
        view = x.reshape({2, 2});
    }
    const Tensor other = Tensor::full(reference_device(), {4}, -1);  // would reuse freed storage
    EXPECT_EQ(view.to_doubles(), (std::vector<double>{1, 2, 3, 4}));
}

TEST(Tensor, ACloneOfAMapIsAMap) {
    for (Device* device : all_devices()) {
        const Tensor x = random_tensor(*device, {2, 5, 3, 2}, 1, Layout::Map);
        const Tensor copy = x.clone();
        EXPECT_EQ(copy.layout(), Layout::Map);
        EXPECT_EQ(result(copy), x.to_doubles());
        EXPECT_EQ(x.like().layout(), Layout::Map);
        EXPECT_EQ(x.like().shape(), x.shape());
    }
}

TEST(Tensor, MapsAreStoredInBlocksOfChannels) {
    const int64_t block = cpu_device().channel_block();
    EXPECT_TRUE(block == 8 || block == 16);
    const Tensor x(cpu_device(), {2, block + 1, 3, 5}, Layout::Map);
    EXPECT_EQ(x.count(), 2 * (block + 1) * 15);
    EXPECT_EQ(x.stored_count(), 2 * 2 * block * 15);
    EXPECT_EQ(Tensor(reference_device(), {2, 17, 3, 5}, Layout::Map).stored_count(), 2 * 17 * 15);
}

TEST(Tensor, ErrorsNameTheOperationAndBothShapes) {
    Device& device = reference_device();
    const Tensor x = Tensor::full(device, {2, 3}, 0);
    expect_error([&] { x.reshape({4, 2}); }, {"reshape", "(2, 3)", "6", "(4, 2)", "8"});
    expect_error([&] { Tensor::from(device, {2, 2}, {1, 2, 3}); }, {"(2, 2)", "4", "3"});
    expect_error([&] { x.item(); }, {"item", "(2, 3)"});
    expect_error([&] { x.data<float>(); }, {"float32", "float64", "(2, 3)"});
    expect_error([&] { Tensor().data<double>(); }, {"no storage"});
    expect_error([&] { Tensor(device, {2, -1}); }, {"negative", "(2, -1)"});
    expect_error([&] { Tensor(device, {2, 3}, Layout::Map); }, {"(N, C, H, W)", "(2, 3)"});
    const Tensor map(device, {1, 2, 3, 4}, Layout::Map);
    expect_error([&] { map.reshape({24}); }, {"reshape", "(1, 2, 3, 4)", "map"});
}

TEST(Tensor, ExpectationsNameWhatTheyExpect) {
    const Tensor x(reference_device(), {2, 3});
    expect_error([&] { expect_shape("gemm", "a", x, {3, 2}); }, {"gemm: a", "(2, 3)", "(3, 2)"});
    expect_error([&] { expect_shape("gemm", "a", Tensor(), {3}); }, {"gemm: a", "(3)"});
    expect_error([&] { expect_rank("conv", "w", x, 4); }, {"conv: w", "(2, 3)", "4"});
    expect_error([&] { expect_layout("conv", "y", x, Layout::Map); }, {"conv: y", "(2, 3)", "map"});
    EXPECT_NO_THROW(expect_shape("gemm", "a", x, {2, 3}));
    EXPECT_NO_THROW(expect_layout("gemm", "a", x, Layout::Plain));
}

// --- the storage primitives of every device ---

TEST(Storage, ValuesSurviveTheRoundTripThroughAMap) {
    for (Device* device : all_devices()) {
        for (const int64_t C : {1, 3, 5, 8, 15, 16, 17, 32, 33, 64}) {
            const Shape shape{2, C, 3, 5};
            const std::vector<double> values = random_values(count(shape), C);
            const Tensor plain = Tensor::from(*device, shape, values);
            const Tensor map = poisoned(*device, shape, Layout::Map), again = map.like();
            const Tensor back = poisoned(*device, shape);
            device->copy(plain, map);
            EXPECT_EQ(result(map), values);
            device->copy(map, again);
            EXPECT_EQ(result(again), values);
            device->copy(again, back);
            EXPECT_EQ(back.to_doubles(), values);
        }
    }
}

TEST(Storage, FillWritesEveryElementAndLeavesThePaddingZero) {
    for (Device* device : all_devices()) {
        for (const int64_t C : {1, 16, 17}) {
            const Tensor map = poisoned(*device, {2, C, 3, 1}, Layout::Map);
            device->fill(map, 1.5);
            EXPECT_EQ(result(map), std::vector<double>(6 * C, 1.5));
        }
    }
}

TEST(Storage, CopyRefusesAnotherShape) {
    for (Device* device : all_devices()) {
        const Tensor x(*device, {2, 3}), y(*device, {3, 2});
        expect_error([&] { device->copy(x, y); }, {"copy", "(2, 3)", "(3, 2)"});
    }
}

TEST(Device, DevicesTellWhatTheyAre) {
    EXPECT_EQ(reference_device().name(), "reference");
    EXPECT_EQ(reference_device().channel_block(), 1);
    EXPECT_EQ(cpu_device().name(), "cpu");
    EXPECT_EQ(cpu_device().dtype(), DType::F32);
    EXPECT_FALSE(cpu_device().description().empty());
}

}  // namespace
}  // namespace facet::test
