// The learner as a whole on the CPU device: r10 on a handful of random 64-pixel images.
#include "train/learner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "engine/random.h"
#include "tests/noise.h"

namespace facet {
namespace {

constexpr int64_t B = 4, C = 5, D = 16;
const std::vector<int64_t> labels{0, 1, 2, 4};

LearnerConfig small(const std::string& loss = "cosface", uint64_t seed = 1) {
    LearnerConfig config;
    config.network.embedding = D;
    config.head.loss = loss;
    config.seed = seed;
    return config;
}

Tensor images(int64_t count = B) { return test::noise_images(cpu_device(), count); }

Learner learner_of(const LearnerConfig& config) { return Learner(cpu_device(), config, C); }

std::string hash_after(int steps, const LearnerConfig& config, int64_t first_index = 0) {
    Learner learner = learner_of(config);
    const Tensor pixels = images();
    for (int i = 0; i < steps; ++i) learner.step(pixels, labels, 0.05, first_index + i);
    return learner.parameter_hash();
}

Tensor find(const Learner& learner, const std::string& name) {
    for (const auto& named : learner.tensors()) {
        if (named.name == name) return named.value;
    }
    throw Error("no tensor " + name);
}

// Embeddings in evaluation mode.
std::vector<double> embed(Learner& learner, const Tensor& pixels) {
    Tape tape(false);
    const Pass pass{tape, Mode::Eval};
    return learner.network().forward(pass, tape.constant(pixels))->value.to_doubles();
}

TEST(Learner, MemorisesABatch) {
    LearnerConfig config = small("normface");
    config.network.dropout = 0;
    Learner learner = learner_of(config);
    const Tensor pixels = images();
    const StepResult first = learner.step(pixels, labels, 0.05, 0);
    StepResult last;
    for (int i = 1; i < 20; ++i) last = learner.step(pixels, labels, 0.05, i);
    EXPECT_GT(first.loss, 1);
    EXPECT_LT(last.loss, 0.1 * first.loss);
    EXPECT_GT(last.target_cosine, first.target_cosine + 0.2);
    EXPECT_GT(first.gradient_norm, 0);
}

TEST(Learner, SameSeedGivesTheSameBits) {
    const std::string hash = hash_after(3, small());
    EXPECT_EQ(hash.size(), 16u);
    EXPECT_EQ(hash_after(3, small()), hash);
    EXPECT_NE(hash_after(2, small()), hash);
    EXPECT_NE(hash_after(3, small("cosface", 2)), hash);
}

TEST(Learner, TheSeedDecidesTheInitialParameters) {
    EXPECT_EQ(hash_after(0, small()), hash_after(0, small()));
    EXPECT_NE(hash_after(0, small()), hash_after(0, small("cosface", 2)));
}

TEST(Learner, TheIndexOfAStepNamesItsDropout) {
    EXPECT_NE(hash_after(1, small(), 0), hash_after(1, small(), 1));
    LearnerConfig config = small();
    config.network.dropout = 0;
    EXPECT_EQ(hash_after(1, config, 0), hash_after(1, config, 1));
}

TEST(Learner, TheHashSeesEveryParameterAndStatistic) {
    Learner learner = learner_of(small("softmax"));
    std::set<std::string> hashes{learner.parameter_hash()};
    for (const char* name : {"conv1.weight", "layer4.0.prelu.weight", "fc.bias",
                             "features.running_var", "head.weight", "head.b"}) {
        find(learner, name).data<float>()[0] += 1;
        EXPECT_TRUE(hashes.insert(learner.parameter_hash()).second) << name;
    }
}

TEST(Learner, MovesWhatTheLossLearns) {
    Learner learner = learner_of(small("softmax"));
    learner.step(images(), labels, 0.05, 0);
    const std::vector<double> bias = find(learner, "head.b").to_doubles();
    ASSERT_EQ(std::ssize(bias), C);
    // Class 3 has no image: its bias can only fall; those of the others rise, 1/5 against 1/4.
    EXPECT_LT(bias[3], 0);
    EXPECT_NEAR(bias[0] + bias[1] + bias[2] + bias[3] + bias[4], 0, 1e-6);
    EXPECT_EQ(learner.loss().state().find("b")->value, bias);
}

// With losses that learn a bias: softmax one a class, which starts at 0, sphereface2 one in all,
// which does not.
class Decay : public testing::TestWithParam<const char*> {};

// Nesterov's first step from rest moves by lr (1 + momentum) (gradient + decay w): two runs that
// differ in the decay alone are apart by that part of it.
TEST_P(Decay, IsOfWeightsAndProxiesAlone) {
    LearnerConfig config = small(GetParam());
    config.optimiser.settings.at("momentum") = 0.5;
    config.optimiser.clip = 0;
    config.optimiser.weight_decay = 0;
    Learner without = learner_of(config);
    config.optimiser.weight_decay = 0.25;
    Learner with = learner_of(config);
    std::map<std::string, std::vector<double>> start;
    for (const auto& [name, tensor] : with.tensors()) start[name] = tensor.to_doubles();
    const double lr = 0.125;
    with.step(images(), labels, lr, 0);
    without.step(images(), labels, lr, 0);
    for (const auto& [name, tensor] : with.tensors()) {
        if (name.ends_with(".momentum") || name.find("running") != std::string::npos) continue;
        const bool is_conv = name.find("conv") != std::string::npos && name.ends_with(".weight");
        const bool decays = is_conv || name == "fc.weight" || name == "head.weight" ||
                            name.find("downsample.0.weight") != std::string::npos;
        const std::vector<double> w = tensor.to_doubles(), plain = find(without, name).to_doubles();
        double worst = 0;
        for (size_t i = 0; i < w.size(); ++i) {
            const double expected = plain[i] - (decays ? lr * 1.5 * 0.25 * start[name][i] : 0);
            worst = std::max(worst, std::abs(w[i] - expected));
        }
        EXPECT_LE(worst, decays ? 1e-6 : 0) << name;
    }
}
INSTANTIATE_TEST_SUITE_P(Learner, Decay, testing::Values("softmax", "sphereface2"));

// Every setting of the optimiser makes another run of two steps, with the kind it belongs to.
TEST(Learner, TheOptimiserIsTheOneOfTheConfiguration) {
    const auto differs = [](LearnerConfig config, auto change) {
        config.network.dropout = 0;
        LearnerConfig changed = config;
        change(changed.optimiser);
        return hash_after(2, config) != hash_after(2, changed);
    };
    LearnerConfig sgd = small(), adamw = small();
    adamw.optimiser.kind = "adamw";
    EXPECT_TRUE(differs(sgd, [](OptimiserConfig& o) { o.kind = "adamw"; }));
    EXPECT_TRUE(differs(sgd, [](OptimiserConfig& o) { o.settings.at("momentum") = 0.5; }));
    EXPECT_TRUE(differs(sgd, [](OptimiserConfig& o) { o.settings.at("nesterov") = false; }));
    EXPECT_TRUE(differs(sgd, [](OptimiserConfig& o) { o.weight_decay = 0.1; }));
    EXPECT_TRUE(differs(sgd, [](OptimiserConfig& o) { o.clip = 1e-3; }));
    EXPECT_TRUE(differs(adamw, [](OptimiserConfig& o) { o.settings.at("beta1") = 0.5; }));
    EXPECT_TRUE(differs(adamw, [](OptimiserConfig& o) { o.settings.at("beta2") = 0.5; }));
    EXPECT_TRUE(differs(adamw, [](OptimiserConfig& o) { o.settings.at("eps") = 0.1; }));
    EXPECT_TRUE(differs(adamw, [](OptimiserConfig& o) { o.weight_decay = 0.1; }));
    EXPECT_TRUE(differs(adamw, [](OptimiserConfig& o) { o.clip = 1e-6; }));
    EXPECT_FALSE(differs(adamw, [](OptimiserConfig& o) { o.settings.at("momentum") = 0.5; }));
    EXPECT_FALSE(differs(sgd, [](OptimiserConfig& o) { o.settings.at("beta2") = 0.5; }));
}

TEST(Learner, ListsEveryTensorOnce) {
    const Learner learner = learner_of(small("softmax"));
    std::set<std::string> names;
    for (const auto& [name, tensor] : learner.tensors()) {
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_TRUE(tensor.defined()) << name;
    }
    for (const char* name :
         {"conv1.weight", "conv1.weight.momentum", "layer1.0.downsample.0.weight",
          "layer4.0.bn3.running_var", "fc.bias", "features.running_mean", "head.weight",
          "head.weight.momentum", "head.b", "head.b.momentum"}) {
        EXPECT_TRUE(names.contains(name)) << name;
    }
    // Each of the network's parameters has a momentum; then weight and b of the head have one.
    Learner same = learner_of(small("softmax"));
    const Inventory inventory = same.network().inventory();
    EXPECT_EQ(names.size(), 2 * inventory.parameters.size() + inventory.statistics.size() + 4);
}

TEST(Learner, GoesOnBitForBitFromItsTensors) {
    for (const char* kind : {"sgd", "adamw"}) {
        LearnerConfig config = small("softmax");
        config.optimiser.kind = kind;
        Learner through = learner_of(config), resumed = learner_of(config);
        const Tensor pixels = images();
        for (int i = 0; i < 2; ++i) through.step(pixels, labels, 0.01, i);

        for (const auto& [name, tensor] : through.tensors()) {
            cpu_device().copy(tensor, find(resumed, name));
        }
        resumed.optimiser().set_steps(through.optimiser().steps());
        resumed.head().publish();
        EXPECT_EQ(resumed.parameter_hash(), through.parameter_hash());

        through.step(pixels, labels, 0.01, 2);
        resumed.step(pixels, labels, 0.01, 2);
        EXPECT_EQ(resumed.parameter_hash(), through.parameter_hash()) << kind;
    }
}

TEST(Learner, NanPixelsAreAnErrorAndMoveNoParameter) {
    Learner learner = learner_of(small("softmax"));
    const Tensor pixels = images();
    learner.step(pixels, labels, 0.05, 0);
    std::vector<std::pair<Parameter, std::vector<double>>> before;
    for (const Parameter& parameter : learner.network().inventory().parameters) {
        before.emplace_back(parameter, parameter.var->value.to_doubles());
    }
    const std::vector<double> proxies = find(learner, "head.weight").to_doubles();
    const std::vector<double> bias = find(learner, "head.b").to_doubles();
    pixels.data<float>()[100] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THROW(learner.step(pixels, labels, 0.05, 1), Error);
    for (const auto& [parameter, values] : before) {
        EXPECT_EQ(parameter.var->value.to_doubles(), values) << parameter.name;
    }
    EXPECT_EQ(find(learner, "head.weight").to_doubles(), proxies);
    EXPECT_EQ(find(learner, "head.b").to_doubles(), bias);
}

TEST(Learner, AfterAFailedStepNothingIsLeftOfTheOneBefore) {
    LearnerConfig config = small();
    config.head.sample_rate = 0.8;
    Learner learner = learner_of(config);
    const Tensor pixels = images();
    learner.step(pixels, labels, 0.05, 0);
    EXPECT_EQ(learner.head().step().w.size(0), 4);  // sampled classes
    const std::vector<double> before = learner.head().step().x.to_doubles();
    pixels.data<float>()[100] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THROW(learner.step(pixels, labels, 0.05, 1), Error);
    EXPECT_EQ(learner.head().step().w.size(0), C);
    EXPECT_EQ(learner.head().step().labels, labels);
    EXPECT_NE(learner.head().step().x.to_doubles(), before);
    EXPECT_TRUE(learner.head().step().diagnostics.row_value.empty());
}

TEST(Learner, EmbedsEachImageByItselfAndChangesNothing) {
    Learner learner = learner_of(small());
    const Tensor pixels = images();
    for (int i = 0; i < 2; ++i) learner.step(pixels, labels, 0.05, i);
    const std::string hash = learner.parameter_hash();
    const std::vector<double> together = embed(learner, pixels);
    ASSERT_EQ(std::ssize(together), B * D);
    const std::vector<double> alone = embed(learner, images(1));  // the first of them
    for (int64_t d = 0; d < D; ++d) {
        EXPECT_NEAR(alone[d], together[d], 1e-4 * (1 + std::abs(together[d])));
    }
    EXPECT_EQ(learner.parameter_hash(), hash);
}

TEST(Learner, RefusesALabelWithoutAProxy) {
    Learner learner = learner_of(small());
    EXPECT_THROW(learner.step(images(), {0, 1, 2, C}, 0.05, 0), Error);
}

TEST(Learner, RefusesUnknownNames) {
    EXPECT_THROW(learner_of(small("cosfaces")), UsageError);
    LearnerConfig config = small();
    config.network.backbone = "r11";
    EXPECT_THROW(learner_of(config), UsageError);
    config = small();
    config.head.loss_parameters = {{"scale", "3"}};
    EXPECT_THROW(learner_of(config), UsageError);
}

}  // namespace
}  // namespace facet
