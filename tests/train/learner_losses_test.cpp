// What the learner owes to losses: first values, the state and its seed, sampled classes, and going
// on from a checkpoint as if nothing had happened.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/random.h"
#include "tests/message_of.h"
#include "tests/noise.h"
#include "tests/train/data_fixture.h"
#include "train/checkpoint.h"
#include "train/files/safetensors.h"

namespace facet::test {
namespace {

constexpr int64_t B = 4, C = 12, D = 8;
const std::vector<int64_t> labels{0, 1, 0, 5};

LearnerConfig small(const std::string& loss, double sample_rate = 1,
                    const std::string& optimiser = "sgd") {
    LearnerConfig config;
    config.network.embedding = D;
    config.head.loss = loss;
    config.head.sample_rate = sample_rate;
    config.optimiser.kind = optimiser;
    config.seed = 3;
    return config;
}

Tensor images(int64_t count = B) { return noise_images(cpu_device(), count); }

void step(Learner& learner, int64_t index) { learner.step(images(), labels, 0.01, index); }

// Row `row` of every tensor of the head that has one for each class, by name.
std::map<std::string, std::vector<double>> head_rows(const Learner& learner, int64_t row) {
    std::map<std::string, std::vector<double>> rows;
    for (const auto& [name, tensor] : learner.tensors()) {
        if (!name.starts_with("head.")) continue;
        const std::vector<double> all = tensor.to_doubles();
        const int64_t width = std::ssize(all) / C;
        rows[name] = {all.begin() + row * width, all.begin() + (row + 1) * width};
    }
    return rows;
}

std::vector<double> state_of(Learner& learner, const std::string& name) {
    return learner.loss().state().find(name)->value;
}

TEST(LearnerLosses, AScalarThatALossLearnsIsOneParameter) {
    Learner learner(cpu_device(), small("uniface"), C);
    EXPECT_EQ(state_of(learner, "b"), std::vector<double>{static_cast<float>(std::log(10.0 * C))});
    step(learner, 0);
    const std::vector<double> moved = state_of(learner, "b");
    ASSERT_EQ(moved.size(), 1u);
    EXPECT_NE(moved[0], static_cast<float>(std::log(10.0 * C)));
    for (const auto& [name, tensor] : learner.tensors()) {
        if (name == "head.b") {
            EXPECT_EQ(tensor.to_doubles(), moved);
        }
    }
}

TEST(LearnerLosses, TheSeedOfTheRunIsThatOfTheLoss) {
    const auto margins = [](uint64_t seed) {
        LearnerConfig config = small("elasticface");
        config.seed = seed;
        Learner learner(cpu_device(), config, C);
        step(learner, 0);
        return state_of(learner, "E");
    };
    EXPECT_EQ(margins(1), margins(1));
    EXPECT_NE(margins(1), margins(2));
}

// Rows outside the sample: no decay, no momentum, no decay of moments, not a bit.
TEST(LearnerLosses, AStepLeavesUnsampledClassesAlone) {
    for (const char* optimiser : {"sgd", "adamw"}) {
        Learner learner(cpu_device(), small("softmax", 0.5, optimiser), C);
        step(learner, 0);  // gives rows moments that could move them
        int64_t untouched = 0;
        for (int64_t index = 1; index < 4; ++index) {
            std::vector<std::map<std::string, std::vector<double>>> before;
            for (int64_t j = 0; j < C; ++j) before.push_back(head_rows(learner, j));
            step(learner, index);
            int64_t same = 0;
            for (int64_t j = 0; j < C; ++j) {
                const auto after = head_rows(learner, j);
                EXPECT_EQ(after.size(), optimiser == std::string("sgd") ? 4u : 8u);
                const bool moved = after.at("head.weight") != before[j].at("head.weight");
                same += !moved;
                for (const auto& [name, row] : after) {
                    EXPECT_EQ(row != before[j].at(name), moved) << name << " of class " << j;
                }
            }
            EXPECT_EQ(same, C / 2) << optimiser << " step " << index;
            untouched += same;
        }
        EXPECT_GT(untouched, 0);
    }
}

TEST(LearnerLosses, TheSampleFollowsTheStepAndTheSeed) {
    const auto hash = [](double rate, int64_t index) {
        LearnerConfig config = small("npt", rate);
        config.network.dropout = 0;
        Learner learner(cpu_device(), config, C);
        step(learner, index);
        return learner.parameter_hash();
    };
    EXPECT_EQ(hash(0.5, 0), hash(0.5, 0));
    EXPECT_NE(hash(0.5, 0), hash(0.5, 1));
    EXPECT_EQ(hash(1, 0), hash(1, 1));
}

TEST(LearnerLosses, OnlyClassLossesHaveClassesToSample) {
    EXPECT_THROW(Learner(cpu_device(), small("triplet", 0.5), C), UsageError);
    EXPECT_NO_THROW(Learner(cpu_device(), small("triplet"), C));
    EXPECT_THROW(Learner(cpu_device(), small("cosface", 0), C), UsageError);
}

// Two steps, a checkpoint, a third step; and the third step of a learner made anew from it.
void expect_to_go_on(const LearnerConfig& config) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "checkpoint.safetensors";
    Learner through(cpu_device(), config, C), resumed(cpu_device(), config, C);
    for (int64_t index = 0; index < 2; ++index) step(through, index);
    save_checkpoint(file, through, {2, B, "data"});
    EXPECT_EQ(load_checkpoint(file, resumed).steps, 2);
    const auto expect_same_states = [&] {
        for (const StateArray& array : through.loss().state().save()) {
            EXPECT_EQ(state_of(resumed, array.name), array.value)
                << config.head.loss << " " << array.name;
        }
    };
    expect_same_states();
    step(through, 2);
    step(resumed, 2);
    expect_same_states();
    EXPECT_EQ(resumed.parameter_hash(), through.parameter_hash())
        << config.head.loss << " " << config.head.sample_rate << " " << config.optimiser.kind;
}

TEST(LearnerLosses, GoesOnBitForBitWithSampledClasses) {
    for (const char* loss : {"cosface", "npt", "softmax"}) expect_to_go_on(small(loss, 0.5));
    expect_to_go_on(small("softmax", 0.5, "adamw"));
}

// Averages, a margin a row, a counter, a learned scalar, nothing at all.
TEST(LearnerLosses, GoesOnBitForBitFromTheStateOfItsLoss) {
    for (const char* loss : {"adaface", "elasticface", "sphereface", "sphereface2", "triplet"}) {
        expect_to_go_on(small(loss));
    }
}

// elasticface keeps a margin a row: the state may grow from one batch to the next.
TEST(LearnerLosses, AStateMayChangeItsLengthWithTheBatch) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "checkpoint.safetensors";
    Learner first(cpu_device(), small("elasticface"), C),
        second(cpu_device(), small("elasticface"), C);
    first.step(images(3), {0, 1, 2}, 0.01, 0);
    save_checkpoint(file, first, {1, 3, "data"});
    step(second, 0);
    load_checkpoint(file, second);
    EXPECT_EQ(state_of(second, "E").size(), 3u);
    EXPECT_EQ(state_of(second, "E"), state_of(first, "E"));
}

TEST(LearnerLosses, ACheckpointOfAnUnusedStateCanBeRead) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "checkpoint.safetensors";
    Learner fresh(cpu_device(), small("elasticface"), C);  // E is empty
    save_checkpoint(file, fresh, {0, B, "data"});
    Learner other(cpu_device(), small("elasticface"), C);
    step(other, 0);
    load_checkpoint(file, other);
    EXPECT_TRUE(state_of(other, "E").empty());
}

// Writes `value` over the first number of a tensor of a checkpoint.
void overwrite(const std::filesystem::path& file, const std::string& tensor, double value) {
    SafeTensors content = read_safetensors(file);
    StoredTensor& stored = content.tensors.at(tensor);
    std::vector<double> values = tensor_values<double>(stored);
    values.at(0) = value;
    stored = stored_tensor<double>(values, stored.shape);
    write_safetensors(file, content);
}

TEST(LearnerLosses, ADamagedStateIsRefusedByName) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "checkpoint.safetensors";
    Learner learner(cpu_device(), small("adaface"), C);
    save_checkpoint(file, learner, {0, B, "data"});
    const auto load = [&] { load_checkpoint(file, learner); };
    overwrite(file, "state.std", -1);
    expect_error(load, {file.string(), "std is -1, expected at least 0"});
    overwrite(file, "state.std", std::numeric_limits<double>::quiet_NaN());
    expect_error(load, {file.string(), "std is not finite"});

    SafeTensors content = read_safetensors(file);
    content.tensors.at("state.std") = stored_tensor<double>(std::vector<double>{}, {0});
    write_safetensors(file, content);
    expect_error(load, {file.string(), "std has 0 values, expected one"});
    content.tensors.erase("state.std");
    write_safetensors(file, content);
    expect_error(load, {file.string(), "'state.std' is missing"});
}

}  // namespace
}  // namespace facet::test
