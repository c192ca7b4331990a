#include <gtest/gtest.h>

#include <algorithm>

#include "tests/layers/layer_fixtures.h"

namespace facet::test {
namespace {

constexpr Layout kMap = Layout::Map;

class LayerGradients : public testing::Test {
protected:
    Initialiser init{reference_device(), 1};
    Var map = leaf({2, 3, 4, 5}, 1, kMap);
    Var rows = leaf({4, 3}, 2);
};

TEST_F(LayerGradients, Conv) {
    for (const auto& [kernel, stride] : {std::pair{3, 1}, {3, 2}, {1, 1}, {1, 2}}) {
        Conv layer(init, 3, 4, kernel, stride);
        expect_exact_gradients(layer, map);
    }
}

TEST_F(LayerGradients, BatchNorm) {
    BatchNormLayer plain(init, 3), with_prelu(init, 3), fixed(init, 3);
    with_prelu.with_prelu(init);
    fixed.with_fixed_scale();
    for (BatchNormLayer* layer : {&plain, &with_prelu, &fixed}) {
        expect_exact_gradients(*layer, map);
        expect_exact_gradients(*layer, rows);
    }
}

TEST_F(LayerGradients, Linear) {
    Linear layer(init, 3, 5);
    expect_exact_gradients(layer, rows);
}

TEST_F(LayerGradients, FlattenAndDropout) {
    Flatten flatten;
    expect_exact_gradients(flatten, map);
    Dropout dropout(0.4, 2);
    expect_exact_gradients(dropout, rows);
}

TEST_F(LayerGradients, ResidualBlock) {
    ResidualBlock down(init, 3, 4, 2), keep(init, 3, 3, 1), widen(init, 3, 4, 1);
    for (ResidualBlock* block : {&down, &keep, &widen}) expect_exact_gradients(*block, map);
}

TEST_F(LayerGradients, AWholeResidualNetwork) {
    TinyNet net(init, 3, 6, 4);
    expect_exact_gradients(net, leaf({4, 3, 6, 6}, 5));
}

// --- what layers do besides ---

TEST(Layers, DropoutDropsOnlyInTraining) {
    Dropout layer(0.5, 0), other(0.5, 1), none(0, 0);
    const Var x = leaf({10, 10}, 1);
    Tape tape(false);
    const auto run = [&](Dropout& dropout, Mode mode, uint64_t seed, uint64_t step) {
        return dropout.forward(Pass{tape, mode, seed, step}, x)->value.to_doubles();
    };
    const auto values = x->value.to_doubles();
    EXPECT_EQ(run(layer, Mode::Eval, 1, 1), values);
    EXPECT_EQ(run(none, Mode::Train, 1, 1), values);
    const auto dropped = run(layer, Mode::Train, 1, 1);
    EXPECT_NE(dropped, values);
    EXPECT_EQ(run(layer, Mode::Train, 1, 1), dropped);
    EXPECT_NE(run(layer, Mode::Train, 1, 2), dropped);
    EXPECT_NE(run(layer, Mode::Train, 2, 1), dropped);
    EXPECT_NE(run(other, Mode::Train, 1, 1), dropped);
    EXPECT_THROW(Dropout(1, 0), UsageError);
}

TEST(Layers, BatchNormEvaluatesWithWhatItSawInTraining) {
    Initialiser init(reference_device(), 1);
    BatchNormLayer layer(init, 2);
    const Var x = leaf({50, 2}, 1, Layout::Plain, 2, 4);
    Tape tape(false);
    const auto output = [&](Mode mode) {
        return layer.forward(Pass{tape, mode}, x)->value.to_doubles();
    };
    // Mean 0 and variance 1 at first: evaluation only scales by 1 / sqrt(1 + eps).
    EXPECT_LT(relative_error(output(Mode::Eval), x->value.to_doubles()), 1e-5);
    std::vector<double> trained;
    for (int i = 0; i < 300; ++i) trained = output(Mode::Train);
    // The running variance is the unbiased one: 50/49 of the batch's.
    for (double& value : trained) value *= std::sqrt(49.0 / 50);
    EXPECT_LT(relative_error(output(Mode::Eval), trained), 1e-5);
    EXPECT_EQ(output(Mode::Eval), output(Mode::Eval));
}

TEST(Layers, AFixedScaleIsOwnedAndSavedButNotTrained) {
    Initialiser init(reference_device(), 1);
    BatchNormLayer layer(init, 2);
    layer.with_fixed_scale();
    const Inventory inventory = inventory_of(layer);
    ASSERT_EQ(inventory.parameters.size(), 2u);
    ASSERT_EQ(inventory.parameters[0].name, "layer.weight");
    Tape tape;
    const Var y = layer.forward(Pass{tape, Mode::Train}, leaf({5, 2}, 1));
    tape.backward(y, y->value);
    EXPECT_FALSE(inventory.parameters[0].var->has_grad());
    EXPECT_TRUE(inventory.parameters[1].var->has_grad());
}

TEST(Layers, ParametersAreNamedAsPublishedWeightsAre) {
    Initialiser init(reference_device(), 1);
    const ResidualBlock block(init, 2, 3, 2);
    Inventory inventory;
    block.collect("layer1.0", inventory);
    std::vector<std::string> parameters, statistics;
    for (const Parameter& parameter : inventory.parameters) parameters.push_back(parameter.name);
    for (const Statistic& statistic : inventory.statistics) statistics.push_back(statistic.name);
    std::sort(parameters.begin(), parameters.end());
    std::sort(statistics.begin(), statistics.end());
    EXPECT_EQ(parameters, (std::vector<std::string>{
                              "layer1.0.bn1.bias", "layer1.0.bn1.weight", "layer1.0.bn2.bias",
                              "layer1.0.bn2.weight", "layer1.0.bn3.bias", "layer1.0.bn3.weight",
                              "layer1.0.conv1.weight", "layer1.0.conv2.weight",
                              "layer1.0.downsample.0.weight", "layer1.0.downsample.1.bias",
                              "layer1.0.downsample.1.weight", "layer1.0.prelu.weight"}));
    EXPECT_EQ(
        statistics,
        (std::vector<std::string>{
            "layer1.0.bn1.running_mean", "layer1.0.bn1.running_var", "layer1.0.bn2.running_mean",
            "layer1.0.bn2.running_var", "layer1.0.bn3.running_mean", "layer1.0.bn3.running_var",
            "layer1.0.downsample.1.running_mean", "layer1.0.downsample.1.running_var"}));
}

TEST(Layers, OnlyWeightsOfConvolutionsAndLinearLayersDecay) {
    Initialiser init(reference_device(), 1);
    const TinyNet net(init, 3, 6, 4);
    for (const Parameter& parameter : inventory_of(net).parameters) {
        const int rank = parameter.var->value.rank();
        EXPECT_EQ(parameter.decay, rank >= 2) << parameter.name;
    }
}

// describe() says what forward() does: the shapes, and the number of values trained.
TEST(Layers, DescriptionsAgreeWithWhatALayerDoes) {
    Initialiser init(reference_device(), 1);
    std::vector<std::pair<std::unique_ptr<Layer>, Shape>> cases;
    const Shape map{3, 4, 5}, rows{3};
    cases.emplace_back(std::make_unique<Conv>(init, 3, 4, 3, 2), map);
    cases.emplace_back(std::make_unique<BatchNormLayer>(init, 3), map);
    cases.emplace_back(std::make_unique<BatchNormLayer>(init, 3), rows);
    cases.emplace_back(std::make_unique<Linear>(init, 3, 5), rows);
    cases.emplace_back(std::make_unique<Flatten>(), map);
    cases.emplace_back(std::make_unique<Dropout>(0.5, 0), rows);
    cases.emplace_back(std::make_unique<ResidualBlock>(init, 3, 4, 2), map);
    cases.emplace_back(std::make_unique<ResidualBlock>(init, 3, 3, 1), map);
    for (const auto& [layer, in] : cases) {
        std::vector<SummaryRow> summary;
        const Shape described = layer->describe("layer", in, summary);
        SCOPED_TRACE(summary.front().type);
        Shape batch = in, expected = described;
        batch.insert(batch.begin(), 2);
        expected.insert(expected.begin(), 2);
        Tape tape(false);
        const Var x = leaf(batch, 1, batch.size() == 4 ? kMap : Layout::Plain);
        EXPECT_EQ(layer->forward(Pass{tape, Mode::Train}, x)->value.shape(), expected);

        int64_t counted = 0, owned = 0;
        for (const SummaryRow& row : summary) counted += row.parameters;
        for (const Var& var : trained(inventory_of(*layer))) owned += var->value.count();
        EXPECT_EQ(counted, owned);
    }
}

TEST(Layers, DescriptionsRefuseInputsThatDoNotFitByName) {
    Initialiser init(reference_device(), 1);
    std::vector<SummaryRow> rows;
    const auto describe = [&](const Layer& layer, const Shape& in) {
        return [&layer, in, &rows] { layer.describe("stem", in, rows); };
    };
    const Conv conv(init, 3, 4, 3, 2);
    expect_error(describe(conv, {2, 8, 8}), {"stem", "3", "(2, 8, 8)"});
    const Linear linear(init, 3, 5);
    expect_error(describe(linear, {4}), {"stem", "(3)", "(4)"});
    const BatchNormLayer bn(init, 3);
    expect_error(describe(bn, {4, 8, 8}), {"stem", "3", "(4, 8, 8)"});
}

TEST(Initialiser, DrawsFromTheDistributionsAskedFor) {
    Initialiser init(reference_device(), 1);
    constexpr int64_t n = 40000;
    const auto normal = init.normal({n}, 0.1)->value.to_doubles();
    EXPECT_NEAR(std::sqrt(dot(normal, normal) / n), 0.1, 5 * 0.1 / std::sqrt(2.0 * n));
    const auto uniform = init.uniform({n}, 0.5)->value.to_doubles();
    EXPECT_LE(largest(uniform), 0.5);
    EXPECT_NEAR(dot(uniform, uniform) / n, 0.25 / 3, 5 * 0.25 * std::sqrt(4.0 / 45 / n));
    EXPECT_EQ(init.constant({2}, 3)->value.to_doubles(), (std::vector<double>{3, 3}));
}

TEST(Initialiser, TheSameSeedGivesTheSameParametersAndEachItsOwn) {
    Initialiser a(reference_device(), 1), b(reference_device(), 1), other(reference_device(), 2);
    const auto first = a.normal({4}, 1)->value.to_doubles();
    const auto second = a.normal({4}, 1)->value.to_doubles();
    EXPECT_NE(first, second);
    EXPECT_EQ(b.normal({4}, 1)->value.to_doubles(), first);
    EXPECT_EQ(b.normal({4}, 1)->value.to_doubles(), second);
    EXPECT_NE(other.normal({4}, 1)->value.to_doubles(), first);
}

}  // namespace
}  // namespace facet::test
