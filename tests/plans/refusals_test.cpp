// What must be refused is refused, so that a plan that is made means something.
#include <gtest/gtest.h>

#include "engine/error.h"
#include "tests/message_of.h"
#include "tests/plans/fixtures.h"

namespace facet::cuda {
namespace {

using test::message_of;

constexpr ConvOperation operations[] = {ConvOperation::Forward, ConvOperation::BackwardData,
                                        ConvOperation::BackwardFilter};

ConvKey small(ConvOperation operation = ConvOperation::Forward,
              ConvCompute compute = ConvCompute::Float32) {
    return key_of({32, 16, 16, 64, 3, 2}, 8, operation, compute, Grad::Overwrite);
}

void expect_contains(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << "expected '" << part << "' in: " << text;
}

// --- devices ---

TEST(CudnnDevice, IsReadFromItsDescription) {
    EXPECT_EQ(described_device("a100").architecture(), "sm_80");
    EXPECT_EQ(described_device("h100").architecture(), "sm_90");
    EXPECT_EQ(described_device("b200").architecture(), "sm_100");
    EXPECT_EQ(described_device("b200").name(), "NVIDIA B200");
}

TEST(CudnnDevice, RefusesADescriptionWithoutItsFields) {
    const std::string message = message_of([] { CudnnDevice device(std::string("{}")); });
    expect_contains(message, "cudnnBackendFinalize failed");
    expect_contains(message, "CUDNN_STATUS_BAD_PARAM");
    expect_contains(message, "cudnn_device.cpp:");
}

TEST(CudnnDevice, RefusesAMissingHandle) {
    const cudnnHandle_t none = nullptr;
    expect_contains(message_of([&] { CudnnDevice device(none); }), "NULL_POINTER");
}

// --- shapes ---

TEST(ConvKey, RefusesSizesThatMakeNoConvolution) {
    const auto refused = [](auto change) {
        ConvKey key = small();
        change(key);
        EXPECT_THROW(conv_tensors(key), Error) << to_string(key);
    };
    refused([](ConvKey& k) { k.N = 0; });
    refused([](ConvKey& k) { k.C = -1; });
    refused([](ConvKey& k) { k.stride = 0; });
    refused([](ConvKey& k) { k.pad = -1; });
    refused([](ConvKey& k) { k.R = 19; });  // larger than 16 + 2 pixels
}

// The same graph builder that accepts the right tensors refuses each wrong one.
class WrongTensors : public testing::TestWithParam<ConvOperation> {
protected:
    template <class Change>
    void expect_refused(Change change) {
        const ConvKey key = small(GetParam());
        ConvTensors tensors = conv_tensors(key);
        EXPECT_NO_THROW(conv_graph(key, tensors));
        change(tensors);
        EXPECT_THROW(conv_graph(key, tensors), Error);
    }
};

TEST_P(WrongTensors, OutputHeight) {
    expect_refused([](ConvTensors& t) { ++t.y.H; });
}
TEST_P(WrongTensors, OutputWidth) {
    expect_refused([](ConvTensors& t) { --t.y.W; });
}
TEST_P(WrongTensors, OutputChannels) {
    expect_refused([](ConvTensors& t) { t.y.C += 8; });
}
TEST_P(WrongTensors, Batch) {
    expect_refused([](ConvTensors& t) { --t.y.N; });
}
TEST_P(WrongTensors, FilterChannels) {
    expect_refused([](ConvTensors& t) { t.w.C = 24; });
}
TEST_P(WrongTensors, ZeroSize) {
    expect_refused([](ConvTensors& t) { t.x.H = 0; });
}
TEST_P(WrongTensors, NegativeSize) {
    expect_refused([](ConvTensors& t) { t.w.N = -64; });
}

INSTANTIATE_TEST_SUITE_P(All, WrongTensors, testing::ValuesIn(operations));

// --- plans ---

TEST(ConvPlan, RefusesAWindowThatDoesNotFit) {
    ConvKey key = small();
    key.R = 19;
    const std::string message = message_of([&] { ConvPlan plan(described_device("h100"), key); });
    expect_contains(message, "window that fits");
    expect_contains(message, "(8, 32, 16, 16)");
}

TEST(ConvPlan, SaysWhyEnginesDoNotQualify) {
    const ConvKey key = small(ConvOperation::BackwardData);
    const std::string message =
        message_of([&] { ConvPlan plan(described_device("h100"), key, -1); });
    expect_contains(message, "sm_90");
    expect_contains(message, "tensor core");
    expect_contains(message, "too much workspace");
}

TEST(ConvPlan, KeepsTheWorkspaceLimit) {
    const ConvKey key = key_of({64, 112, 112, 64, 3, 1}, 512, ConvOperation::Forward,
                               ConvCompute::Float32, Grad::Overwrite);
    const CudnnDevice& device = described_device("h100");
    const ConvPlan unlimited(device, key, int64_t{1} << 40), limited(device, key, 0);
    EXPECT_GT(unlimited.workspace_bytes(), int64_t{1} << 30);
    EXPECT_EQ(limited.workspace_bytes(), 0);
    EXPECT_GT(limited.passed_over(), unlimited.passed_over());
}

TEST(ConvPlan, RefusesToRunOnPointersThatAreNotAligned) {
    const ConvPlan plan(described_device("h100"), small());
    alignas(16) char memory[64];
    const std::string message = message_of([&] {
        plan.execute(nullptr, {memory, memory + 4, memory + 16}, nullptr);
    });
    expect_contains(message, "aligned to 16 bytes");
    EXPECT_THROW(plan.execute(nullptr, {memory, nullptr, memory}, nullptr), Error);
}

// The arguments are accepted and the library is asked to run; without a handle it declines.
TEST(ConvPlan, RefusesToRunWithoutAHandle) {
    const ConvPlan plan(described_device("h100"), small());
    alignas(16) char memory[64];
    const std::string message = message_of([&] {
        plan.execute(nullptr, {memory, memory + 16, memory + 32}, memory + 48);
    });
    expect_contains(message, "cudnnBackendExecute(handle");
    expect_contains(message, "cudnn_plan.cpp:");
}

// --- the cache ---

TEST(ConvPlans, MakesEachPlanOnce) {
    ConvPlans plans(described_device("h100"));
    const ConvPlan& first = plans.get(small());
    ConvKey accumulated = small(ConvOperation::BackwardData);
    plans.get(accumulated);
    accumulated.mode = Grad::Accumulate;
    plans.get(accumulated);
    EXPECT_EQ(&plans.get(small()), &first);
    EXPECT_EQ(plans.size(), 3);
}

TEST(ConvPlans, EveryPartOfTheKeyCounts) {
    const ConvKey key = small();
    const auto differs = [&](auto change) {
        ConvKey other = key;
        change(other);
        EXPECT_NE(key, other) << to_string(other);
        EXPECT_NE(to_string(key), to_string(other));
    };
    differs([](ConvKey& k) { k.operation = ConvOperation::BackwardData; });
    differs([](ConvKey& k) { k.compute = ConvCompute::Tf32; });
    differs([](ConvKey& k) { ++k.N; });
    differs([](ConvKey& k) { ++k.C; });
    differs([](ConvKey& k) { ++k.H; });
    differs([](ConvKey& k) { ++k.W; });
    differs([](ConvKey& k) { ++k.K; });
    differs([](ConvKey& k) { ++k.R; });
    differs([](ConvKey& k) { ++k.stride; });
    differs([](ConvKey& k) { ++k.pad; });
    differs([](ConvKey& k) { k.mode = Grad::Accumulate; });
}

TEST(ConvPlans, KnowsTheLargestWorkspace) {
    ConvPlans plans(described_device("h100"));
    int64_t largest = 0;
    for (const int64_t N : {1, 64, 512}) {
        const ConvKey key = key_of({64, 56, 56, 64, 3, 1}, N, ConvOperation::BackwardData,
                                   ConvCompute::Float32, Grad::Overwrite);
        largest = std::max(largest, plans.get(key).workspace_bytes());
    }
    EXPECT_GT(largest, 0);
    EXPECT_EQ(plans.workspace_bytes(), largest);
}

// --- types ---

// bfloat16 maps with a filter of another type make no graph that cuDNN has an engine for; keys
// cannot say such a thing, so this asks the planner's own steps.
TEST(ConvPlan, MismatchedTypesHaveNoEngine) {
    for (const ConvOperation operation : operations) {
        const ConvKey key = small(operation, ConvCompute::Bfloat16);
        ConvTensors tensors = conv_tensors(key);
        EXPECT_NO_THROW(ConvPlan(described_device("h100"), key, tensors));
        tensors.w.type = CUDNN_DATA_FLOAT;
        EXPECT_THROW(ConvPlan(described_device("h100"), key, tensors), Error);
    }
}

}  // namespace
}  // namespace facet::cuda
