// Compares the gradients of a graph on the tape with central differences, in float64.
#pragma once

#include "engine/ops.h"
#include "tests/engine/fixtures.h"

namespace facet::test {

using Graph = std::function<Var(Tape&)>;  // uses leaves it has captured

inline Var leaf(const Shape& shape, uint64_t seed, Layout layout = Layout::Plain, double low = -1,
                double high = 1) {
    return std::make_shared<Variable>(
        random_tensor(reference_device(), shape, seed, layout, low, high), true);
}

// a + b, to join branches.
inline Var add(Tape& tape, const Var& a, const Var& b) {
    const Tensor y = a->value.clone();
    y.device().axpby(1, b->value, 1, y);
    return tape.record("add", {a, b}, y, [a, b](const Tensor& dy) {
        if (a->needs_grad) a->contribute_whole(dy.clone());
        if (b->needs_grad) b->contribute_whole(dy);
    });
}

// sum(dy * graph()), without recording.
inline double loss_of(const Graph& graph, const std::vector<double>& dy) {
    Tape tape(false);
    return dot(graph(tape)->value.to_doubles(), dy);
}

// The gradient of every leaf against central differences of sum(dy * graph()) for a random dy. The
// error is relative to the leaf's largest gradient, or, where that is nearly zero (a bias before a
// batch normalisation), to a hundredth of the largest of all leaves.
inline void expect_exact_gradients(const Graph& graph, const std::vector<Var>& leaves,
                                   double tolerance = 1e-6) {
    for (const Var& x : leaves) x->clear_grad();
    Tape tape;
    const Var y = graph(tape);
    const Tensor dy = random_tensor(reference_device(), y->value.shape(), 77, y->value.layout());
    tape.backward(y, dy);

    double scale = 0;
    for (const Var& x : leaves) {
        ASSERT_TRUE(x->has_grad()) << "a leaf without gradient, " << to_string(x->value.shape());
        EXPECT_EQ(x->grad.shape(), x->value.shape());
        scale = std::max(scale, largest(x->grad.to_doubles()));
    }
    for (size_t i = 0; i < leaves.size(); ++i) {
        const auto found = leaves[i]->grad.to_doubles();
        const auto expected =
            central_differences([&] { return loss_of(graph, dy.to_doubles()); }, leaves[i]->value);
        SCOPED_TRACE(testing::Message()
                     << "leaf " << i << " " << to_string(leaves[i]->value.shape()));
        expect_within(found, expected, std::max(largest(expected), 0.01 * scale), tolerance);
    }
}

}  // namespace facet::test
