// Whole networks: the CPU's float32 against the reference's float64, and the face ResNets.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/layers/layer_fixtures.h"

namespace facet::test {
namespace {

// One network on two devices with the same parameters.
struct Twins {
    Twins() {
        perturb(inventory_of(cpu));
        const Inventory from = inventory_of(cpu), to = inventory_of(exact);
        for (size_t i = 0; i < from.parameters.size(); ++i) {
            const Tensor& value = to.parameters[i].var->value;
            reference_device().copy(Tensor::from(reference_device(), value.shape(),
                                                 from.parameters[i].var->value.to_doubles()),
                                    value);
        }
    }

    Initialiser cpu_init{cpu_device(), 1}, exact_init{reference_device(), 1};
    TinyNet cpu{cpu_init, 17, 8, 5}, exact{exact_init, 17, 8, 5};
};

struct Step {
    std::vector<double> y;
    std::vector<std::vector<double>> gradients, statistics;
};

Step train_step(Layer& net, Device& device) {
    const Inventory inventory = inventory_of(net);
    Tape tape;
    const Var x = tape.constant(random_tensor(device, {8, 3, 8, 8}, 5));
    const Var y = net.forward(Pass{tape, Mode::Train, 3, 4}, x);
    tape.backward(y, random_tensor(device, y->value.shape(), 6));
    Step step{y->value.to_doubles(), {}, {}};
    for (const Var& var : trained(inventory)) step.gradients.push_back(var->grad.to_doubles());
    for (const Statistic& s : inventory.statistics) step.statistics.push_back(s.value.to_doubles());
    return step;
}

// About twenty operations, each of relative error around 1e-6, and normalisations that amplify
// them: 1e-4 of the largest number of each array, where the gradient is not zero by its nature (a
// bias before a batch normalisation), else of the largest gradient of all.
constexpr double kNetworkTolerance = 1e-4;

TEST(Network, AFloat32TrainingStepMatchesFloat64) {
    Twins twins;
    const Step found = train_step(twins.cpu, cpu_device());
    const Step expected = train_step(twins.exact, reference_device());
    EXPECT_LT(relative_error(found.y, expected.y), kNetworkTolerance);
    double scale = 0;
    for (const auto& gradient : expected.gradients) scale = std::max(scale, largest(gradient));
    const Inventory inventory = inventory_of(twins.exact);
    for (size_t i = 0; i < expected.gradients.size(); ++i) {
        SCOPED_TRACE(testing::Message() << "gradient " << i);
        expect_within(found.gradients[i], expected.gradients[i],
                      std::max(largest(expected.gradients[i]), 0.01 * scale), kNetworkTolerance);
    }
    for (size_t i = 0; i < expected.statistics.size(); ++i)
        EXPECT_LT(relative_error(found.statistics[i], expected.statistics[i]), kNetworkTolerance)
            << inventory.statistics[i].name;
}

TEST(Network, EvaluationInFloat32MatchesFloat64) {
    Twins twins;
    train_step(twins.cpu, cpu_device());
    train_step(twins.exact, reference_device());
    std::vector<double> y[2];
    for (int d = 0; d < 2; ++d) {
        Device& device = *all_devices()[d];
        Layer& net = d == 0 ? twins.exact : twins.cpu;
        Tape tape(false);
        const Var x = tape.constant(random_tensor(device, {1, 3, 8, 8}, 7));  // a batch of one
        y[d] = net.forward(Pass{tape, Mode::Eval}, x)->value.to_doubles();
    }
    EXPECT_LT(relative_error(y[1], y[0]), kNetworkTolerance);
}

TEST(Network, TheSameStepGivesTheSameBits) {
    Twins a, b;
    const Step first = train_step(a.cpu, cpu_device()), second = train_step(b.cpu, cpu_device());
    EXPECT_EQ(first.y, second.y);
    EXPECT_EQ(first.gradients, second.gradients);
    EXPECT_EQ(first.statistics, second.statistics);
}

// Descent in the direction of the gradient lowers the loss: signs and scales fit together.
TEST(Network, AFewStepsOfDescentLowerTheLoss) {
    Initialiser init(cpu_device(), 1);
    TinyNet net(init, 8, 8, 4);
    const Inventory inventory = inventory_of(net);
    const Tensor x = random_tensor(cpu_device(), {8, 3, 8, 8}, 5);
    const Tensor target = random_tensor(cpu_device(), {8, 4}, 6);  // loss: -<y, target>
    const Tensor dy = target.clone();
    cpu_device().axpby(-1, target, 0, dy);
    std::vector<double> losses;
    for (int step = 0; step < 10; ++step) {
        Tape tape;
        const Var y = net.forward(Pass{tape, Mode::Train, 3, 4}, tape.constant(x));
        losses.push_back(-dot(y->value.to_doubles(), target.to_doubles()));
        for (const Var& var : trained(inventory)) var->clear_grad();
        tape.backward(y, dy);
        for (const Var& var : trained(inventory))
            cpu_device().axpby(-0.01, var->grad, 1, var->value);
    }
    EXPECT_LT(losses.back(), losses.front() - 1);
}

TEST(ResNet, ForwardGivesEmbeddingsAndTakesOnlyItsImageSize) {
    Initialiser init(cpu_device(), 1);
    ResNet net(init, {"r10", 64, 32, 0.4});
    Tape tape(false);
    const Var y = net.forward(Pass{tape, Mode::Eval},
                              tape.constant(random_tensor(cpu_device(), {2, 3, 64, 64}, 1)));
    EXPECT_EQ(y->value.shape(), (Shape{2, 32}));
    for (const double value : y->value.to_doubles()) EXPECT_TRUE(std::isfinite(value));
    expect_error(
        [&] {
            net.forward(Pass{tape, Mode::Eval},
                        tape.constant(Tensor(cpu_device(), {2, 3, 112, 112})));
        },
        {"r10", "(N, 3, 64, 64)", "(2, 3, 112, 112)"});
}

// The published iResNet-18 with 512 dimensions at 112 pixels (Deng et al. 2019) has 24.02 million;
// counted here layer by layer. The scale of its last normalisation is not trained.
TEST(ResNet, HasTheParametersOfThePublishedArchitecture) {
    Initialiser init(cpu_device(), 1);
    const ResNet net(init, {"r18", 112, 512, 0});
    int64_t trained_values = 0;
    for (const Var& var : trained(net.inventory())) trained_values += var->value.count();
    const auto block = [](int64_t C, int64_t K, bool shortcut) {
        return 2 * C + 9 * C * K + 3 * K + 9 * K * K + 2 * K + (shortcut ? C * K + 2 * K : 0);
    };
    int64_t expected = 27 * 64 + 3 * 64;  // the first convolution, BN, PReLU
    int64_t C = 64;
    for (const int64_t K : {64, 128, 256, 512}) {
        expected += block(C, K, true) + block(K, K, false);
        C = K;
    }
    expected += 2 * 512 + 512 * 7 * 7 * 512 + 512 + 512;  // BN, linear, features (bias only)
    EXPECT_EQ(trained_values, expected);
    EXPECT_NEAR(static_cast<double>(expected), 24.02e6, 0.01e6);

    std::vector<SummaryRow> rows;
    EXPECT_EQ(net.describe("", {3, 112, 112}, rows), (Shape{512}));
    int64_t counted = 0;
    for (const SummaryRow& row : rows) counted += row.parameters;
    EXPECT_EQ(counted, expected);
    EXPECT_NE(net.summary(1).find(std::to_string(expected)), std::string::npos);
}

TEST(ResNet, EveryTrainedParameterHasANameOfItsOwn) {
    Initialiser init(cpu_device(), 1);
    const ResNet net(init, {"r10", 64, 16, 0.4});
    std::vector<std::string> names;
    for (const Parameter& parameter : net.inventory().parameters) names.push_back(parameter.name);
    for (const Statistic& statistic : net.inventory().statistics) names.push_back(statistic.name);
    for (const char* name :
         {"conv1.weight", "bn1.running_var", "prelu.weight", "layer4.0.downsample.1.weight",
          "bn2.bias", "fc.weight", "fc.bias", "features.weight", "features.running_mean"})
        EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(ResNet, RefusesWhatItCannotBe) {
    Initialiser init(cpu_device(), 1);
    EXPECT_THROW(ResNet(init, {"r11", 64, 16, 0}), UsageError);
    EXPECT_THROW(ResNet(init, {"r10", 65, 16, 0}), UsageError);
    EXPECT_THROW(ResNet(init, {"r10", 64, 0, 0}), UsageError);
    EXPECT_THROW(ResNet(init, {"r10", 64, 16, 1}), UsageError);
    expect_error([&] { ResNet(init, {"r11", 64, 16, 0}); }, {"r11", "r10", "r18", "r34", "r50"});
    EXPECT_EQ(backbone_names().size(), 4u);
}

}  // namespace
}  // namespace facet::test
