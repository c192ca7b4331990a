#include "engine/ops.h"

#include <gtest/gtest.h>

#include "tests/engine/gradient_check.h"

namespace facet::test {
namespace {

constexpr Layout kMap = Layout::Map;

TEST(Ops, Conv2dGradients) {
    const Var x = leaf({2, 3, 5, 4}, 1, kMap), image = leaf({2, 3, 5, 4}, 1);
    const Var w3 = leaf({4, 3, 3, 3}, 2), w1 = leaf({2, 3, 1, 1}, 3);
    expect_exact_gradients([&](Tape& t) { return conv2d(t, x, w3, {1, 1}); }, {x, w3});
    expect_exact_gradients([&](Tape& t) { return conv2d(t, x, w3, {2, 0}); }, {x, w3});
    expect_exact_gradients([&](Tape& t) { return conv2d(t, x, w1, {2, 0}); }, {x, w1});
    expect_exact_gradients([&](Tape& t) { return conv2d(t, image, w3, {2, 1}); }, {image, w3});
}

struct BatchNormLeaves {
    explicit BatchNormLeaves(int64_t C, bool prelu)
        : vars{leaf({C}, 2, Layout::Plain, 0.5, 2), leaf({C}, 3), prelu ? leaf({C}, 4) : nullptr,
               1e-5},
          running{Tensor::full(reference_device(), {C}, 0),
                  Tensor::full(reference_device(), {C}, 1)} {}

    std::vector<Var> with(std::vector<Var> leaves) const {
        leaves.push_back(vars.gamma);
        leaves.push_back(vars.beta);
        if (vars.slope) leaves.push_back(vars.slope);
        return leaves;
    }

    BatchNormVars vars;
    RunningStatistics running;
};

TEST(Ops, BatchNormGradients) {
    for (const bool prelu : {false, true}) {
        const BatchNormLeaves bn(3, prelu);
        const Var x = leaf({2, 3, 2, 3}, 1, kMap), other = leaf({2, 3, 2, 3}, 5, kMap);
        const Var rows = leaf({5, 3}, 6);
        expect_exact_gradients(
            [&](Tape& t) { return batch_norm_train(t, x, bn.vars, nullptr, bn.running); },
            bn.with({x}));
        expect_exact_gradients(
            [&](Tape& t) { return batch_norm_train(t, x, bn.vars, other, bn.running); },
            bn.with({x, other}));
        expect_exact_gradients(
            [&](Tape& t) { return batch_norm_train(t, rows, bn.vars, nullptr, bn.running); },
            bn.with({rows}));
        // A block whose shortcut is its own input.
        expect_exact_gradients(
            [&](Tape& t) { return batch_norm_train(t, x, bn.vars, x, bn.running); }, bn.with({x}));
    }
}

TEST(Ops, BatchNormParametersUsedTwiceAccumulate) {
    const BatchNormLeaves bn(3, true);
    const Var x = leaf({2, 3, 2, 3}, 1, kMap);
    expect_exact_gradients(
        [&](Tape& t) {
            const Var y = batch_norm_train(t, x, bn.vars, nullptr, bn.running);
            return batch_norm_train(t, y, bn.vars, x, bn.running);
        },
        bn.with({x}));
}

TEST(Ops, BatchNormWithAFrozenScaleTrainsTheRestOverSeveralPasses) {
    const BatchNormLeaves bn(3, true);
    bn.vars.gamma->needs_grad = false;
    const Var x = leaf({5, 3}, 1);
    const Graph graph = [&](Tape& t) {
        return batch_norm_train(t, x, bn.vars, nullptr, bn.running);
    };
    expect_exact_gradients(graph, {x, bn.vars.beta, bn.vars.slope});
    const double once = bn.vars.beta->grad.to_doubles()[0];
    Tape tape;
    const Var y = graph(tape);
    tape.backward(y, random_tensor(reference_device(), y->value.shape(), 77));  // not cleared
    EXPECT_DOUBLE_EQ(bn.vars.beta->grad.to_doubles()[0], 2 * once);
    EXPECT_FALSE(bn.vars.gamma->has_grad());
}

TEST(Ops, BatchNormRefusesParametersOfWhichOnlySomeWereCleared) {
    const BatchNormLeaves bn(3, true);
    const Var x = leaf({5, 3}, 1);
    const auto pass = [&] {
        Tape tape;
        const Var y = batch_norm_train(tape, x, bn.vars, nullptr, bn.running);
        tape.backward(y, y->value);
    };
    pass();
    bn.vars.beta->clear_grad();
    expect_error(pass, {"batch_norm", "gamma, beta and slope", "mixture"});
}

TEST(Ops, BatchNormMovesTheRunningStatisticsOnlyInTraining) {
    const BatchNormLeaves bn(3, false);
    const Var x = leaf({5, 3}, 1);
    Tape tape(false);
    batch_norm_eval(tape, x, bn.vars, nullptr, bn.running);
    EXPECT_EQ(bn.running.mean.to_doubles(), std::vector<double>(3, 0));
    batch_norm_train(tape, x, bn.vars, nullptr, bn.running);
    EXPECT_NE(bn.running.mean.to_doubles(), std::vector<double>(3, 0));
}

TEST(Ops, BatchNormEvaluationHasNoGradient) {
    const BatchNormLeaves bn(3, false);
    const Var x = leaf({5, 3}, 1);
    Tape tape;
    const auto run = [&] {
        const Var y = batch_norm_eval(tape, x, bn.vars, nullptr, bn.running);
        tape.backward(y, y->value);
    };
    expect_error(run, {"batch_norm_eval"});
}

TEST(Ops, FlattenKeepsRowMajorOrderOnEveryDevice) {
    for (Device* device : all_devices()) {
        const auto values = random_values(2 * 5 * 6, 1);
        Tape tape;
        const Var x = tape.variable(tensor_of(*device, {2, 5, 3, 2}, values, kMap));
        const Var y = flatten(tape, x);
        EXPECT_EQ(y->value.shape(), (Shape{2, 30}));
        EXPECT_EQ(y->value.to_doubles(), values);
        tape.backward(y, Tensor::from(*device, {2, 30}, values));
        EXPECT_EQ(result(x->grad), values);
    }
}

TEST(Ops, LinearGradients) {
    const Var x = leaf({3, 4}, 1), w = leaf({5, 4}, 2), b = leaf({5}, 3);
    expect_exact_gradients([&](Tape& t) { return linear(t, x, w, b); }, {x, w, b});
    expect_exact_gradients([&](Tape& t) { return linear(t, x, w, nullptr); }, {x, w});
}

TEST(Ops, DropoutGradients) {
    const Var x = leaf({3, 4}, 1);
    expect_exact_gradients([&](Tape& t) { return dropout(t, x, 0.4, 5, 6); }, {x});
}

// Each operation's input used by another one as well, so that its gradient arrives second.
TEST(Ops, EveryOperationAccumulatesOntoAGradientThatIsThere) {
    const Var x = leaf({2, 3, 4, 4}, 1, kMap), w = leaf({3, 3, 3, 3}, 2);
    const BatchNormLeaves bn(3, true);
    const std::vector<std::function<Var(Tape&)>> maps = {
        [&](Tape& t) {
            return conv2d(t, x, w, {1, 1});
        },
        [&](Tape& t) { return batch_norm_train(t, x, bn.vars, nullptr, bn.running); },
    };
    for (const auto& map : maps)
        expect_exact_gradients([&](Tape& t) { return add(t, map(t), x); }, {x});
    const Var rows = leaf({3, 4}, 5), square = leaf({4, 4}, 6);
    const std::vector<std::function<Var(Tape&)>> row_operations = {
        [&](Tape& t) { return linear(t, rows, square, nullptr); },
        [&](Tape& t) { return dropout(t, rows, 0.5, 1, 1); },
    };
    for (const auto& operation : row_operations)
        expect_exact_gradients([&](Tape& t) { return add(t, operation(t), rows); }, {rows});
    expect_exact_gradients([&](Tape& t) { return add(t, flatten(t, x), flatten(t, x)); }, {x});
}

TEST(Ops, ErrorsNameTheOperationAndTheShapes) {
    Tape tape;
    const Var x = leaf({2, 3, 4, 5}, 1, kMap), rows = leaf({2, 3}, 2), w = leaf({4, 3, 3, 3}, 3);
    expect_error(
        [&] {
            conv2d(tape, x, leaf({4, 2, 3, 3}, 4), {1, 1});
        },
        {"conv2d", "(2, 3, 4, 5)", "(4, 2, 3, 3)"});
    expect_error([&] { conv2d(tape, rows, w, {1, 1}); }, {"conv2d", "(2, 3)", "(4, 3, 3, 3)"});
    expect_error([&] { conv2d(tape, x, w, {0, 1}); }, {"conv2d", "stride 0", "(2, 3, 4, 5)"});
    expect_error([&] { conv2d(tape, x, leaf({1, 3, 7, 7}, 4), {1, 1}); }, {"conv2d", "7"});
    expect_error([&] { flatten(tape, rows); }, {"flatten", "(2, 3)"});
    expect_error(
        [&] {
            linear(tape, rows, leaf({5, 4}, 4), nullptr);
        },
        {"linear", "(2, 3)", "(5, 4)"});
    expect_error([&] { linear(tape, rows, leaf({5, 3}, 4), leaf({4}, 5)); }, {"(4)", "(5)"});
    expect_error([&] { dropout(tape, rows, 1, 0, 0); }, {"dropout", "1"});
    EXPECT_EQ(tape.size(), 0u) << "an operation that failed leaves no node behind";
}

}  // namespace
}  // namespace facet::test
