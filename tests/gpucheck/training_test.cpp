// Whole training steps on a GPU beside the CPU's.
#include "tests/engine/fixtures.h"
#include "tests/gpucheck/on_gpu.h"
#include "train/learner.h"

namespace facet::test {
namespace {

constexpr int64_t kBatch = 16, kClasses = 50;
constexpr int kSteps = 5;

struct Trained {
    std::vector<double> losses, norms;
    std::string hash;
};

Trained train(Device& device) {
    LearnerConfig config;
    config.network.dropout = 0.4;
    Learner learner(device, config, kClasses);
    const Tensor pixels = random_tensor(device, {kBatch, 3, 64, 64}, 1);
    std::vector<int64_t> labels;
    for (int64_t b = 0; b < kBatch; ++b) labels.push_back(7 * b % kClasses);
    Trained trained;
    for (int step = 0; step < kSteps; ++step) {
        const StepResult result = learner.step(pixels, labels, 0.01, step);
        trained.losses.push_back(result.loss);
        trained.norms.push_back(result.gradient_norm);
    }
    trained.hash = learner.parameter_hash();
    return trained;
}

class CudaTraining : public OnGpu {};

}  // namespace

// The first step is one forward and one backward pass; later ones let differences grow.
TEST_P(CudaTraining, StepsAreTheProcessors) {
    const Trained cpu = train(cpu_device()), found = train(gpu());
    const bool exact = GetParam() == Precision::Float32;
    for (int step = 0; step < kSteps; ++step) {
        const double tolerance = (exact ? 1e-4 : 3e-2) * (step + 1);
        EXPECT_NEAR(found.losses[step], cpu.losses[step], tolerance * cpu.losses[step]) << step;
        EXPECT_NEAR(found.norms[step], cpu.norms[step], 5 * tolerance * cpu.norms[step]) << step;
    }
}

TEST_P(CudaTraining, TwiceTheSameBits) {
    const Trained first = train(gpu()), second = train(gpu());
    EXPECT_EQ(first.losses, second.losses);
    EXPECT_EQ(first.hash, second.hash);
}

INSTANTIATE_TEST_SUITE_P(Gpu, CudaTraining, every_precision, precision_name);

}  // namespace facet::test
