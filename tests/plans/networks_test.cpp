// Every convolution of the project's networks has a plan that keeps its promises, on each described
// device: verified against cuDNN's own planner, not run on a GPU.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "engine/error.h"
#include "layers/resnet.h"
#include "tests/plans/fixtures.h"

namespace facet::cuda {
namespace {

bool has(const ConvPlan& plan, cudnnBackendNumericalNote_t note) {
    const auto notes = plan.notes();
    return std::find(notes.begin(), notes.end(), note) != notes.end();
}

TEST(NetworkConvolutions, AreWhatTheNetworksSay) {
    const auto& shapes = network_convolutions();
    const auto contains = [&](ConvShape shape) {
        return std::find(shapes.begin(), shapes.end(), shape) != shapes.end();
    };
    EXPECT_TRUE(contains({3, 64, 64, 32, 3, 1}));      // r10's first
    EXPECT_TRUE(contains({3, 112, 112, 64, 3, 1}));    // r50's first
    EXPECT_TRUE(contains({64, 56, 56, 128, 1, 2}));    // a shortcut
    EXPECT_TRUE(contains({512, 7, 7, 512, 3, 1}));     // r50's last
    EXPECT_FALSE(contains({512, 14, 14, 512, 3, 1}));  // in no network
}

TEST(NetworkConvolutions, AreAllThereAreInTheDeeperNetworks) {
    if (!std::getenv("FACET_PLANS_FULL")) GTEST_SKIP() << "make test-plans FULL=1 builds r50";
    EXPECT_EQ(convolutions_of(backbone_names()), network_convolutions());
}

struct Case {
    const char* device;
    ConvCompute compute;
    ConvOperation operation;
    Grad mode;
};

class NetworkPlans : public testing::TestWithParam<Case> {};

TEST_P(NetworkPlans, QualifyForEveryShapeAndBatch) {
    const auto [name, compute, operation, mode] = GetParam();
    const CudnnDevice& device = described_device(name);
    int64_t tensor_core = 0;
    for (const ConvShape& shape : network_convolutions()) {
        for (const int64_t N : {1, 64, 512}) {
            const ConvKey key = key_of(shape, N, operation, compute, mode);
            SCOPED_TRACE(to_string(key));
            const ConvPlan plan(device, key);
            EXPECT_FALSE(has(plan, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC));
            EXPECT_FALSE(has(plan, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION));
            if (compute == ConvCompute::Float32) {
                EXPECT_FALSE(has(plan, CUDNN_NUMERICAL_NOTE_TENSOR_CORE));
                EXPECT_FALSE(has(plan, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS));
            }
            EXPECT_GE(plan.workspace_bytes(), 0);
            EXPECT_LE(plan.workspace_bytes(), ConvPlan::default_workspace_limit);
            tensor_core += has(plan, CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
            record(device, plan);
        }
    }
    // The modes differ in fact: where tensor cores are allowed most plans use them.
    if (compute != ConvCompute::Float32) {
        EXPECT_GT(2 * tensor_core, 3 * static_cast<int64_t>(network_convolutions().size()));
    }
}

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const char* device : {"a100", "h100", "b200"}) {
        for (const auto compute :
             {ConvCompute::Float32, ConvCompute::Tf32, ConvCompute::Bfloat16}) {
            all.push_back({device, compute, ConvOperation::Forward, Grad::Overwrite});
            for (const auto mode : {Grad::Overwrite, Grad::Accumulate}) {
                all.push_back({device, compute, ConvOperation::BackwardData, mode});
                all.push_back({device, compute, ConvOperation::BackwardFilter, mode});
            }
        }
    }
    return all;
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
    const auto [device, compute, operation, mode] = info.param;
    std::string name = fmt::format("{}_{}_{}{}", device, to_string(compute), to_string(operation),
                                   mode == Grad::Accumulate ? "_accumulated" : "");
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Described, NetworkPlans, testing::ValuesIn(cases()), case_name);

// A device made anew leads to the same engines: what a run computes does not depend on chance.
TEST(Plans, AreTheSameWhenMadeAgain) {
    for (const char* name : {"a100", "h100", "b200"}) {
        const CudnnDevice& device = described_device(name);
        for (const ConvShape& shape : network_convolutions()) {
            const ConvKey key = key_of(shape, 64, ConvOperation::BackwardFilter,
                                       ConvCompute::Float32, Grad::Overwrite);
            const ConvPlan once(device, key), again(device, key);
            EXPECT_EQ(once.engine(), again.engine()) << to_string(key);
            EXPECT_EQ(once.workspace_bytes(), again.workspace_bytes()) << to_string(key);
            EXPECT_EQ(once.passed_over(), again.passed_over()) << to_string(key);
        }
    }
}

}  // namespace
}  // namespace facet::cuda
