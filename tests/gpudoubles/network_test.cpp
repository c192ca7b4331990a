// A whole network on the CUDA device against the CPU device: r10 at 64 pixels, forward, backward,
// an optimiser's step; in float32 and bfloat16.
#include "tests/gpudoubles/training.h"
#include "tests/train/optimiser/move.h"

namespace gpudoubles {
namespace {

// Everything that one pass leaves, and the parameters after a step of the optimiser.
struct Pass {
    Named embeddings;  // one: of the training pass
    Named gradients, statistics, parameters;
};

enum class Kinks { AsTrained, None };  // none: every PReLU has the slope 1 on both sides

// Gradients come from <embeddings, direction>, so no loss is involved.
Pass pass_of(Device& device, Kinks kinks = Kinks::AsTrained) {
    facet::Initialiser init(device, 1);
    facet::ResNet network(init, {.embedding = kEmbedding, .dropout = 0.4});
    const auto inventory = network.inventory();
    for (const auto& parameter : inventory.parameters) {
        const bool slope = parameter.name.find("prelu") != std::string::npos;
        if (slope && kinks == Kinks::None) device.fill(parameter.var->value, 1);
    }
    facet::Tape tape;
    const Tensor pixels = random_on(device, {kBatch, 3, 64, 64}, 3);
    const Tensor direction = random_on(device, {kBatch, kEmbedding}, 4);
    const facet::Pass pass{tape, facet::Mode::Train};
    const facet::Var embeddings = network.forward(pass, tape.constant(pixels));
    tape.backward(embeddings, direction);
    Pass seen;
    seen.embeddings.emplace_back("embeddings", embeddings->value.to_doubles());
    for (const auto& parameter : inventory.parameters) {
        const Tensor w = parameter.var->value, v = w.like();
        if (!parameter.var->grad.defined()) continue;  // it is not learned
        seen.gradients.emplace_back(parameter.name, parameter.var->grad.to_doubles());
        device.fill(v, 0);
        facet::test::move(*facet::make_update_rule("sgd"), {0.1, 5e-4, 0.5, 1}, parameter.var->grad,
                          {v}, w);
        seen.parameters.emplace_back(parameter.name, w.to_doubles());
    }
    for (const auto& [name, tensor] : inventory.statistics)
        seen.statistics.emplace_back(name, tensor.to_doubles());
    return seen;
}

const Pass& on_cpu() {
    static const Pass seen = pass_of(cpu_device());
    return seen;
}

const Pass& on_cuda() {
    static const Pass seen = pass_of(cuda_device(Precision::Float32));
    return seen;
}

// The distances, in the order of Pass.
std::vector<double> distances(const char* what, const Pass& found, const Pass& expected) {
    const Largest all[] = {largest_distance(found.embeddings, expected.embeddings),
                           largest_distance(found.gradients, expected.gradients),
                           largest_distance(found.statistics, expected.statistics),
                           largest_distance(found.parameters, expected.parameters)};
    std::printf(
        "%s: embeddings %.1e, gradients %.1e (%s), statistics %.1e (%s), parameters %.1e "
        "(%s)\n",
        what, all[0].distance, all[1].distance, all[1].name.c_str(), all[2].distance,
        all[2].name.c_str(), all[3].distance, all[3].name.c_str());
    return {all[0].distance, all[1].distance, all[2].distance, all[3].distance};
}

// The CUDA devices live as long as the program: what they hold is not what a test has left.
class Network : public CleanTest {};

// Gradients: where rounding takes a number to the other side of a PReLU's kink they differ by more
// than rounding does; between the CPU's own convolutions, direct and Winograd, by 1.4e-3.
TEST_F(Network, InFloat32ItIsTheCpus) {
    const auto d = distances("float32", on_cuda(), on_cpu());
    EXPECT_LT(d[0], 1e-5);
    EXPECT_LT(d[1], 1e-2);
    EXPECT_LT(d[2], 1e-6);
    EXPECT_LT(d[3], 1e-2);
}

// Without kinks only rounding is left.
TEST_F(Network, WithoutKinksGradientsAreTheCpusToRounding) {
    const auto d = distances("without kinks", pass_of(cuda_device(Precision::Float32), Kinks::None),
                             pass_of(cpu_device(), Kinks::None));
    EXPECT_LT(d[0], 1e-5);
    EXPECT_LT(d[1], 5e-5);
    EXPECT_LT(d[2], 1e-6);
    EXPECT_LT(d[3], 1e-5);
}

// Eight times as fine as bfloat16, below.
TEST_F(Network, InTf32ItIsNearer) {
    const auto d = distances("TF32", pass_of(cuda_device(Precision::Tf32)), on_cpu());
    EXPECT_LT(d[0], 5e-2 / 8);
    EXPECT_GT(d[0], 1e-4);  // it is not float32 after all
    EXPECT_LT(d[1], 0.5 / 8);
    EXPECT_LT(d[2], 1e-2 / 8);
}

TEST_F(Network, InBfloat16ItIsNear) {
    const auto d = distances("bfloat16", pass_of(cuda_device(Precision::Bfloat16)), on_cpu());
    EXPECT_LT(d[0], 5e-2);
    EXPECT_GT(d[0], 1e-3);  // it is not float32 after all
    EXPECT_LT(d[1], 0.5);
    EXPECT_LT(d[2], 1e-2);
}

TEST_F(Network, HasTheSameBitsWhenWorkRunsAtOnce) {
    set_schedule(Schedule::Early);
    const Pass early = pass_of(cuda_device(Precision::Float32));
    EXPECT_EQ(early.embeddings, on_cuda().embeddings);
    EXPECT_EQ(early.gradients, on_cuda().gradients);
    EXPECT_EQ(early.statistics, on_cuda().statistics);
    EXPECT_EQ(early.parameters, on_cuda().parameters);
}

}  // namespace
}  // namespace gpudoubles
