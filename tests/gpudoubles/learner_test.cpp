// Whole training steps on the CUDA device against the CPU device: r10 at 32 pixels;
// checkpoints that move between the devices.
#include "train/learner.h"

#include <filesystem>

#include "tests/gpudoubles/training.h"
#include "tests/gpudoubles/waits.h"
#include "train/checkpoint.h"

namespace gpudoubles {
namespace {

using facet::Learner;
using facet::LearnerConfig;

constexpr int64_t kClasses = 5;
const std::vector<int64_t> kLabels{0, 1, 2, 4};

// The CUDA devices live as long as the program: what they hold is not what a test has left.
class Learning : public CleanTest {};

LearnerConfig config_of(const std::string& loss) {
    LearnerConfig config;
    config.network.image = kImage;
    config.network.embedding = kEmbedding;
    config.head.loss = loss;
    config.seed = 1;
    return config;
}

Doubles embed(Learner& learner, const Tensor& pixels) {
    facet::Tape tape(false);
    const facet::Pass pass{tape, facet::Mode::Eval};
    return learner.network().forward(pass, tape.constant(pixels))->value.to_doubles();
}

// What is seen of a run.
struct Course {
    Doubles losses, norms;            // a step each
    std::vector<size_t> waits;        // of the host for the device, in each step
    std::vector<std::string> hashes;  // of the parameters after each step
    Doubles embeddings;               // after the last step, in evaluation mode
    Named tensors;
};

void train(Learner& learner, int first, int steps, Course& seen) {
    const Tensor pixels = random_on(learner.device(), {kBatch, 3, kImage, kImage}, 3);
    for (int i = first; i < first + steps; ++i) {
        const size_t before = host_waits();
        const facet::StepResult result = learner.step(pixels, kLabels, 0.01, i);
        seen.waits.push_back(host_waits() - before);
        seen.losses.push_back(result.loss);
        seen.norms.push_back(result.gradient_norm);
        seen.hashes.push_back(learner.parameter_hash());
    }
    seen.embeddings = embed(learner, pixels);
    for (const auto& [name, tensor] : learner.tensors())
        seen.tensors.emplace_back(name, tensor.to_doubles());
}

Course run(Device& device, const std::string& loss, int steps) {
    Learner learner(device, config_of(loss), kClasses);
    Course seen;
    train(learner, 0, steps, seen);
    return seen;
}

void print_distances(const char* what, const Course& found, const Course& expected) {
    const Largest largest = largest_distance(found.tensors, expected.tensors);
    std::printf(
        "%s: losses %.1e, norms %.1e, embeddings %.1e, tensors %.1e (%s)\n", what,
        distance_of(found.losses, expected.losses), distance_of(found.norms, expected.norms),
        distance_of(found.embeddings, expected.embeddings), largest.distance, largest.name.c_str());
}

const Course& on_cpu() {
    static const Course seen = run(cpu_device(), "cosface", 10);
    return seen;
}
const Course& on_cuda() {
    static const Course seen = run(cuda_device(Precision::Float32), "cosface", 10);
    return seen;
}

TEST_F(Learning, TenStepsFollowTheCpu) {
    print_distances("float32", on_cuda(), on_cpu());
    EXPECT_NEAR(on_cuda().losses[0], on_cpu().losses[0], 1e-5 * on_cpu().losses[0]);
    EXPECT_NEAR(on_cuda().norms[0], on_cpu().norms[0], 1e-3 * on_cpu().norms[0]);
    EXPECT_LT(distance_of(on_cuda().losses, on_cpu().losses), 1e-2);
    EXPECT_LT(distance_of(on_cuda().norms, on_cpu().norms), 5e-2);
    EXPECT_LT(distance_of(on_cuda().embeddings, on_cpu().embeddings), 5e-2);
    EXPECT_LT(largest_distance(on_cuda().tensors, on_cpu().tensors).distance, 5e-2);
}

// Whether the embeddings are finite; norms and angles; what the rows have gathered; what the update
// has decided (docs/gpu.md).
TEST_F(Learning, AStepWaitsForTheDeviceFourTimes) { EXPECT_EQ(on_cuda().waits.back(), 4u); }

// The second step is recorded, the third replayed.
TEST_F(Learning, HasTheSameBitsWhenWorkRunsAtOnce) {
    set_schedule(Schedule::Early);
    const Course early = run(cuda_device(Precision::Float32), "cosface", 3);
    const auto first_three = [](const auto& of_ten) {
        return std::vector(of_ten.begin(), of_ten.begin() + 3);
    };
    EXPECT_EQ(early.losses, first_three(on_cuda().losses));
    EXPECT_EQ(early.norms, first_three(on_cuda().norms));
    EXPECT_EQ(early.hashes, first_three(on_cuda().hashes));
}

TEST_F(Learning, TwoStepsInBfloat16AreNear) {
    const Course found = run(cuda_device(Precision::Bfloat16), "cosface", 2);
    const Course expected = run(cpu_device(), "cosface", 2);
    print_distances("bfloat16", found, expected);
    EXPECT_LT(distance_of(found.losses, expected.losses), 5e-2);
    EXPECT_LT(distance_of(found.embeddings, expected.embeddings), 0.3);
}

// Saved on one device, loaded on the other: the same tensors, and the same way from there on.
void expect_to_move(Device& from, Device& to) {
    const auto file = std::filesystem::temp_directory_path() /
                      fmt::format("facet-doubles-{}-{}.safetensors", from.name(), to.name());
    Learner saved(from, config_of("curricularface"), kClasses);
    Learner loaded(to, config_of("curricularface"), kClasses);
    Course before, after, expected;
    train(saved, 0, 1, before);
    facet::save_checkpoint(file, saved, {.steps = 1, .batch = kBatch, .data_hash = "none"});
    EXPECT_EQ(facet::load_checkpoint(file, loaded).steps, 1);
    std::filesystem::remove(file);
    EXPECT_EQ(loaded.parameter_hash(), before.hashes.back());
    train(loaded, 1, 1, after);
    train(saved, 1, 1, expected);
    EXPECT_LT(distance_of(after.losses, expected.losses), 1e-4);
    EXPECT_LT(largest_distance(after.tensors, expected.tensors).distance, 1e-2);
}

TEST_F(Learning, CheckpointsMoveBetweenDevices) {
    expect_to_move(cpu_device(), cuda_device(Precision::Float32));
    expect_to_move(cuda_device(Precision::Float32), cpu_device());
}

}  // namespace
}  // namespace gpudoubles
