#include "engine/tape.h"

#include <gtest/gtest.h>

#include "tests/engine/gradient_check.h"

namespace facet::test {
namespace {

Var half_of(Tape& tape, const Var& x) { return dropout(tape, x, 0.5, 1, 1); }

Tensor ones(const Shape& shape) { return Tensor::full(reference_device(), shape, 1); }

TEST(Tape, GradientsFlowBackThroughAChain) {
    Tape tape;
    const Var x = tape.variable(Tensor::from(reference_device(), {1, 2}, {3, 4}), "x");
    const Var w = tape.variable(Tensor::from(reference_device(), {1, 2}, {5, 6}), "w");
    const Var y = linear(tape, x, w, nullptr);
    const Var z =
        linear(tape, y, tape.constant(Tensor::full(reference_device(), {1, 1}, 2)), nullptr);
    EXPECT_EQ(z->value.item(), 78);
    EXPECT_EQ(tape.size(), 2u);
    tape.backward(z, ones({1, 1}));
    EXPECT_EQ(x->grad.to_doubles(), (std::vector<double>{10, 12}));
    EXPECT_EQ(w->grad.to_doubles(), (std::vector<double>{6, 8}));
    EXPECT_EQ(tape.size(), 0u);
}

TEST(Tape, AVariableUsedTwiceGetsTheSum) {
    const Var x = leaf({2, 3}, 1), w = leaf({3, 3}, 2);
    const Graph twice = [&](Tape& tape) { return add(tape, x, x); };
    const Graph diamond = [&](Tape& tape) {
        return add(tape, linear(tape, x, w, nullptr), half_of(tape, x));
    };
    const Graph both_roles = [&](Tape& tape) { return linear(tape, x, x, nullptr); };  // x x^T
    expect_exact_gradients(twice, {x});
    expect_exact_gradients(diamond, {x, w});
    expect_exact_gradients(both_roles, {x});
}

TEST(Tape, AnIntermediateUsedTwiceGetsTheSum) {
    const Var x = leaf({2, 3}, 1), w = leaf({3, 3}, 2);
    expect_exact_gradients(
        [&](Tape& tape) {
            const Var y = linear(tape, x, w, nullptr);
            const Var z = add(tape, y, half_of(tape, y));
            return add(tape, z, add(tape, y, z));
        },
        {x, w});
}

TEST(Tape, TheGradientGivenIsLeftAlone) {
    const Var a = leaf({2}, 1);
    const Tensor dy = Tensor::from(reference_device(), {2}, {1, 2});
    for (int pass = 0; pass < 2; ++pass) {
        Tape tape;
        tape.backward(add(tape, a, a), dy);
    }
    EXPECT_EQ(dy.to_doubles(), (std::vector<double>{1, 2}));
    EXPECT_EQ(a->grad.to_doubles(), (std::vector<double>{4, 8}));
}

TEST(Tape, LeavesAccumulateUntilTheyAreCleared) {
    const Var x = leaf({2, 3}, 1), w = leaf({4, 3}, 2), b = leaf({4}, 3);
    const auto backward = [&] {
        Tape tape;
        tape.backward(linear(tape, x, w, b), ones({2, 4}));
    };
    backward();
    const auto dx = x->grad.to_doubles(), dw = w->grad.to_doubles(), db = b->grad.to_doubles();
    backward();
    const auto doubled = [](std::vector<double> values) {
        for (double& value : values) value *= 2;
        return values;
    };
    EXPECT_EQ(x->grad.to_doubles(), doubled(dx));
    EXPECT_EQ(w->grad.to_doubles(), doubled(dw));
    EXPECT_EQ(b->grad.to_doubles(), doubled(db));
    for (const Var& leaf : {x, w, b}) leaf->clear_grad();
    EXPECT_FALSE(x->has_grad());
    backward();
    EXPECT_EQ(x->grad.to_doubles(), dx);
    EXPECT_EQ(w->grad.to_doubles(), dw);
    EXPECT_EQ(b->grad.to_doubles(), db);
    x->release_grad();
    EXPECT_FALSE(x->grad.defined());
}

TEST(Tape, ConstantsGetNoGradientAndTheirBranchIsNotRecorded) {
    Tape tape;
    const Var x = tape.constant(ones({2, 3})), w = tape.variable(ones({4, 3}), "w");
    const Var constant = half_of(tape, x);
    EXPECT_FALSE(constant->needs_grad);
    EXPECT_EQ(tape.size(), 0u);
    tape.backward(linear(tape, constant, w, nullptr), ones({2, 4}));
    EXPECT_TRUE(w->has_grad());
    EXPECT_FALSE(x->has_grad());
    EXPECT_FALSE(constant->has_grad());
}

TEST(Tape, WhatTheOutputDoesNotDependOnGetsNoGradient) {
    Tape tape;
    const Var x = tape.variable(ones({2, 3})), other = tape.variable(ones({2, 3}));
    const Var y = half_of(tape, x);
    half_of(tape, other);
    tape.backward(y, ones({2, 3}));
    EXPECT_TRUE(x->has_grad());
    EXPECT_FALSE(other->has_grad());
    EXPECT_EQ(tape.size(), 0u);
}

TEST(Tape, WithoutRecordingOperationsOnlyCompute) {
    const Var x = leaf({2, 3}, 1), w = leaf({4, 3}, 2);
    Tape recording, computing(false);
    const Var y = linear(computing, x, w, nullptr);
    EXPECT_EQ(y->value.to_doubles(), linear(recording, x, w, nullptr)->value.to_doubles());
    EXPECT_FALSE(y->needs_grad);
    EXPECT_FALSE(computing.recording());
    EXPECT_EQ(computing.size(), 0u);
    expect_error([&] { computing.backward(y, ones({2, 4})); }, {"backward", "linear"});
}

TEST(Tape, WhatANodeSavedIsFreedWhenItHasRun) {
    const Var x = leaf({2, 3}, 1);
    Tape tape;
    Var middle = half_of(tape, x);
    const std::weak_ptr<Variable> watched = middle;
    const Var y = half_of(tape, middle);
    middle.reset();
    EXPECT_FALSE(watched.expired());
    tape.backward(y, ones({2, 3}));
    EXPECT_TRUE(watched.expired());
    EXPECT_FALSE(y->has_grad()) << "the gradient of an intermediate is released";
}

TEST(Tape, AGradientOfAnotherShapeIsRefused) {
    const Var x = leaf({2, 3}, 1);
    Tape tape;
    const Var y = half_of(tape, x);
    expect_error([&] { tape.backward(y, ones({3, 2})); }, {"backward", "(3, 2)", "(2, 3)"});
}

TEST(Tape, ALongChainNeedsNoRecursion) {
    const Var x = leaf({1}, 1), zero = leaf({1}, 2);
    zero->needs_grad = false;
    Tape tape;
    Var y = x;
    for (int i = 0; i < 100000; ++i) y = add(tape, y, zero);
    tape.backward(y, ones({1}));
    EXPECT_EQ(x->grad.item(), 1);
}

}  // namespace
}  // namespace facet::test
