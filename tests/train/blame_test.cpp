// Numbers that are not finite are planted in a small learner: the blame names the first operation,
// its layer, and the sample.
#include "train/blame.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/random.h"
#include "losses/proof/elementwise.h"
#include "tests/noise.h"
#include "tests/train/data_fixture.h"
#include "train/files/npy.h"

namespace facet {
namespace {

constexpr int64_t B = 4, C = 5, D = 16;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();
const std::vector<int64_t> labels{0, 1, 2, 4};

std::unique_ptr<Learner> small_learner(const std::string& loss = "cosface") {
    LearnerConfig config;
    config.network.embedding = D;
    config.head.loss = loss;
    return std::make_unique<Learner>(cpu_device(), config, C);
}

std::vector<double> pixel_values() { return test::noise(B * 3 * 64 * 64); }

Tensor images(const std::vector<double>& values = pixel_values()) {
    return Tensor::from(cpu_device(), {B, 3, 64, 64}, values);
}

void plant(const Learner& learner, const std::string& name, int64_t at, double value) {
    for (const auto& named : learner.tensors()) {
        if (named.name == name) named.value.data<float>()[at] = static_cast<float>(value);
    }
}

// The step fails; the blame of it.
Blame blame_of(Learner& learner, const Tensor& pixels) {
    try {
        learner.step(pixels, labels, 0.05, 7);
    } catch (const Error& error) {
        return find_blame(learner, pixels, labels, 7, error.what());
    }
    ADD_FAILURE() << "the step did not fail";
    return {};
}

TEST(Blame, ACorruptedWeightIsFoundInItsLayer) {
    const auto learner = small_learner();
    // (K, C, 3, 3): of output channel 5, input channel 0.
    const int64_t filter = 32 * 9;
    plant(*learner, "layer2.0.conv1.weight", 5 * filter + 4, nan);
    const Blame blame = blame_of(*learner, images());
    ASSERT_TRUE(blame.finding);
    EXPECT_EQ(blame.finding->operation, "conv2d");
    EXPECT_EQ(blame.finding->part, "layer2.0.conv1");
    EXPECT_EQ(blame.finding->phase, "forward");
    EXPECT_EQ(blame.finding->samples, B);
    EXPECT_TRUE(std::isnan(blame.finding->number.value));
    ASSERT_EQ(blame.inputs.size(), 1u);
    EXPECT_EQ(blame.inputs[0].name, "layer2.0.conv1.weight");
    EXPECT_EQ(blame.inputs[0].number.index, (std::vector<int64_t>{5, 0, 1, 1}));
    EXPECT_NE(blame.sentence().find("layer2.0.conv1"), std::string::npos);
}

TEST(Blame, AnInfinitePixelIsFoundInItsSample) {
    const auto learner = small_learner();
    std::vector<double> pixels = pixel_values();
    pixels[((3 * 3 + 1) * 64 + 20) * 64 + 30] = inf;
    const Blame blame = blame_of(*learner, images(pixels));
    ASSERT_TRUE(blame.finding);
    EXPECT_EQ(blame.finding->part, "conv1");
    EXPECT_EQ(blame.sample(), 3);
    EXPECT_EQ(blame.finding->samples, 1);
    ASSERT_EQ(blame.inputs.size(), 1u);
    EXPECT_EQ(blame.inputs[0].name, "pixels");
    EXPECT_EQ(blame.inputs[0].number.index, (std::vector<int64_t>{3, 1, 20, 30}));
    EXPECT_EQ(blame.inputs[0].number.value, inf);
}

// Weights that are finite but overflow together: only the operation can be blamed.
TEST(Blame, AnOverflowIsFoundWhereItHappens) {
    const auto learner = small_learner();
    for (const auto& [name, value] : learner->tensors()) {
        if (name == "layer3.0.bn1.weight") cpu_device().fill(value, 3e38);
    }
    const Blame blame = blame_of(*learner, images());
    EXPECT_TRUE(blame.inputs.empty());
    ASSERT_TRUE(blame.finding);
    EXPECT_EQ(blame.finding->part, "layer3.0.bn1");
    EXPECT_EQ(blame.finding->operation, "batch_norm");
}

TEST(Blame, ABadProxyIsNamed) {
    const auto learner = small_learner();
    plant(*learner, "head.weight", 2 * D + 1, nan);
    const Blame blame = blame_of(*learner, images());
    ASSERT_EQ(blame.inputs.size(), 1u);
    EXPECT_EQ(blame.inputs[0].name, "head.weight");
    EXPECT_EQ(blame.inputs[0].number.index, (std::vector<int64_t>{2, 1}));
    EXPECT_FALSE(blame.finding);  // the head refuses it before it computes
}

// softmax without normalisation: raw products of two huge vectors overflow in the row of class 2.
TEST(Blame, AnInfiniteLossNamesItsRowClassAndAngle) {
    const auto learner = small_learner("softmax");
    for (int64_t d = 0; d < D; ++d) plant(*learner, "head.weight", 2 * D + d, 3e38);
    const Blame blame = blame_of(*learner, images());
    ASSERT_TRUE(blame.finding);
    EXPECT_EQ(blame.finding->part, "head");
    EXPECT_EQ(blame.finding->operation, "softmax");
    ASSERT_TRUE(blame.row);
    EXPECT_FALSE(std::isfinite(blame.row->value));
    EXPECT_EQ(blame.row->label, labels[blame.row->sample]);
    EXPECT_GE(blame.row->angle, 0);
    EXPECT_LE(blame.row->angle, 180);
}

TEST(Blame, NothingIsFoundWhereNothingIsWrong) {
    const auto learner = small_learner();
    const Blame blame = find_blame(*learner, images(), labels, 0, "something else");
    EXPECT_FALSE(blame.found());
    EXPECT_FALSE(blame.sample());
    EXPECT_EQ(blame.sentence(), "something else");
}

// 0/0 of the zero row: the division is the first, not the sum of squares before it.
TEST(Watch, ARowOfLengthZeroIsBlamedOnTheDivisionAndItsSample) {
    Watch watch({}, 3);
    Tape tape(true, &watch);
    const auto expr = [&](const std::vector<double>& values) {
        return Expr{&tape, tape.variable(Tensor::from(reference_device(), {3, 2}, values))};
    };
    const Expr x = expr({3, 4, 0, 0, 1, 0}), length = expr({5, 5, 0, 0, 1, 1});
    const Expr scaled = x * length;
    const Expr unit = scaled / (length * length);
    EXPECT_TRUE(std::isnan(unit.value().to_doubles()[2]));
    ASSERT_TRUE(watch.finding());
    EXPECT_EQ(watch.finding()->operation, "divide");
    EXPECT_EQ(watch.finding()->number.index, (std::vector<int64_t>{1, 0}));
    EXPECT_EQ(watch.finding()->samples, 1);
}

// sqrt of a value so small that its slope overflows: forward is finite, the way back is not.
TEST(Watch, AnInfiniteGradientIsBlamedOnItsOperationBackward) {
    Watch watch({}, 2);
    Tape tape(true, &watch);
    const Expr x{&tape, tape.variable(Tensor::from(reference_device(), {2}, {1, 1e-308}))};
    const Expr y = affine(sqrt(x), 1e200, 0);
    EXPECT_FALSE(watch.finding());
    tape.backward(y.var, Tensor::full(reference_device(), {2}, 1));
    ASSERT_TRUE(watch.finding());
    EXPECT_EQ(watch.finding()->operation, "sqrt");
    EXPECT_EQ(watch.finding()->phase, "backward");
    EXPECT_EQ(watch.finding()->number.index, (std::vector<int64_t>{1}));
}

TEST(Blame, TheBatchIsSavedForReplay) {
    const auto learner = small_learner("arcface");
    plant(*learner, "head.weight", 0, nan);
    const Tensor pixels = images();
    blame_of(*learner, pixels);
    const test::TemporaryFolder folder;
    const std::string command = save_batch(folder.path(), *learner, pixels, labels);
    EXPECT_NE(command.find("facet grad --loss arcface"), std::string::npos) << command;
    EXPECT_EQ(npy_as<float>(read_npy(folder.path() / "pixels.npy")), pixels.to_vector<float>());
    EXPECT_EQ(npy_as<int64_t>(read_npy(folder.path() / "head_labels.npy")), labels);
    EXPECT_EQ(read_npy(folder.path() / "embeddings.npy").shape, (Shape{B, D}));
    EXPECT_TRUE(std::isnan(npy_as<float>(read_npy(folder.path() / "proxies.npy"))[0]));
}

}  // namespace
}  // namespace facet
