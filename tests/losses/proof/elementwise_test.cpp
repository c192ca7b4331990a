// Elementary operations: gradients against central differences, conventions, refusals.
#include <gtest/gtest.h>

#include "losses/proof/row_ops.h"
#include "tests/engine/gradient_check.h"

namespace facet::test {
namespace {

using One = Expr (*)(const Expr&);
using Two = Expr (*)(const Expr&, const Expr&);

Expr constant(Tape& tape, const Shape& shape, const std::vector<double>& values) {
    return {&tape, tape.constant(Tensor::from(reference_device(), shape, values))};
}

std::vector<double> values(const Expr& x) { return x.value().to_doubles(); }

// The gradients that ones flowing into `y` leave in `x`.
std::vector<double> gradient_of_ones(Tape& tape, const Expr& y, const Expr& x) {
    tape.backward(y.var, Tensor::full(reference_device(), y.value().shape(), 1));
    return x.var->grad.to_doubles();
}

TEST(Elementwise, FunctionsOfOneTensorMatchCentralDifferences) {
    const std::vector<std::pair<const char*, One>> functions = {
        {"affine", [](const Expr& x) { return 3 - (2 * x + 0.5) + (x - 1.0); }},
        {"exp", [](const Expr& x) { return exp(x); }},
        {"log", [](const Expr& x) { return log(x); }},
        {"log1p", [](const Expr& x) { return log1p(x); }},
        {"sqrt", [](const Expr& x) { return sqrt(x); }},
        {"cos", [](const Expr& x) { return cos(x); }},
        {"sin", [](const Expr& x) { return sin(x); }},
        {"pow", [](const Expr& x) { return pow(x, 2.7); }},
        {"clip", [](const Expr& x) { return clip(x, 0.7, 1.1); }},
        {"relu", [](const Expr& x) { return relu(x - 1.0); }},
        {"softplus", [](const Expr& x) { return softplus(8 * (x - 1.0)); }},
        {"a tensor twice", [](const Expr& x) { return x * x + x / x - x; }},
        {"sum", [](const Expr& x) { return sum(x); }},
        {"row_sums", [](const Expr& x) { return row_sums(x * x); }},
        {"columns", [](const Expr& x) { return x * columns(row_sums(x), 4); }},
        {"repeated",
         [](const Expr& x) {
             return repeated(sum(x), {2, 5});
         }},
        {"reshape",
         [](const Expr& x) {
             return row_sums(reshape(x, {4, 3}) * reshape(x, {4, 3}));
         }},
        {"transposed",
         [](const Expr& x) { return matmul_transposed(transposed(x), transposed(x)); }},
        {"elements",
         [](const Expr& x) {
             return elements(x, {11, 0, 0, -1, 5});
         }},
        {"pick",
         [](const Expr& x) {
             return pick(x, {2, -1, 0});
         }},
        {"take_rows",
         [](const Expr& x) {
             return take_rows(x, {1, 1, -1, 0, 2});
         }},
        {"unit_rows", [](const Expr& x) { return unit_rows(x); }},
        {"log_sum_exp", [](const Expr& x) {
             return log_sum_exp(5 * x, all_but(x, {1, -1, 3}));
         }}};
    for (const auto& [name, f] : functions) {
        SCOPED_TRACE(name);
        const Var x = leaf({3, 4}, 1, Layout::Plain, 0.3, 1.9);
        expect_exact_gradients([&, f = f](Tape& t) { return f(Expr{&t, x}).var; }, {x}, 1e-8);
    }
}

TEST(Elementwise, FunctionsOfTwoTensorsMatchCentralDifferences) {
    const std::vector<std::pair<const char*, Two>> functions = {
        {"add", [](const Expr& a, const Expr& b) { return a + b; }},
        {"subtract", [](const Expr& a, const Expr& b) { return a - b; }},
        {"multiply", [](const Expr& a, const Expr& b) { return a * b; }},
        {"divide", [](const Expr& a, const Expr& b) { return a / b; }},
        {"atan2", [](const Expr& a, const Expr& b) { return atan2(a, b - 1.0); }},
        {"select", [](const Expr& a, const Expr& b) { return select(greater(a, b), a * b, b); }},
        {"put",
         [](const Expr& a, const Expr& b) {
             return put(a, {2, -1, 0}, row_sums(b));
         }},
        {"beside", [](const Expr& a, const Expr& b) { return beside(a, columns(row_sums(b), 2)); }},
        {"matmul", [](const Expr& a, const Expr& b) { return matmul_transposed(a, b); }},
        {"add_to_rows", [](const Expr& a, const Expr& b) {
             return add_to_rows(a, pick(b, {0, 1, 2}));
         }}};
    for (const auto& [name, f] : functions) {
        SCOPED_TRACE(name);
        const Var a = leaf({3, 3}, 1, Layout::Plain, 0.3, 1.9);
        const Var b = leaf({3, 3}, 2, Layout::Plain, 0.3, 1.9);
        const auto graph = [&, f = f](Tape& t) { return f(Expr{&t, a}, Expr{&t, b}).var; };
        expect_exact_gradients(graph, {a, b}, 1e-8);
    }
}

TEST(Elementwise, ValuesAreThoseOfTheFormulas) {
    Tape tape;
    const Expr x = constant(tape, {2, 2}, {1, 2, 3, -4});
    EXPECT_EQ(values(row_sums(x)), (std::vector<double>{3, -1}));
    EXPECT_EQ(values(sum(x)), (std::vector<double>{2}));
    EXPECT_EQ(values(pick(x, {1, -1})), (std::vector<double>{2, 0}));
    EXPECT_EQ(values(put(x, {1, -1}, constant(tape, {2}, {7, 8}))),
              (std::vector<double>{1, 7, 3, -4}));
    EXPECT_EQ(values(take_rows(x, {1, -1, 1})), (std::vector<double>{3, -4, 0, 0, 3, -4}));
    EXPECT_EQ(values(relu(x)), (std::vector<double>{1, 2, 3, 0}));
    EXPECT_EQ(values(x / x - 2 * x), (std::vector<double>{-1, -3, -5, 9}));
    EXPECT_EQ(values(greater(x, 1.0)), (std::vector<double>{0, 1, 1, 0}));
    EXPECT_EQ(values(clamp(x, -1, 2)), (std::vector<double>{1, 2, 2, -1}));
    EXPECT_EQ(values(all_but(x, {1, -1})), (std::vector<double>{1, 0, 1, 1}));
    EXPECT_EQ(values(floor(0.5 * x)), (std::vector<double>{0, 1, 1, -2}));
    EXPECT_EQ(values(filled(x, 7)), (std::vector<double>{7, 7, 7, 7}));
    EXPECT_EQ(values(transposed(x)), (std::vector<double>{1, 3, 2, -4}));
    EXPECT_EQ(values(beside(x, 2 * x)), (std::vector<double>{1, 2, 2, 4, 3, -4, 6, -8}));
}

TEST(Elementwise, KinksTakeDerivativeZero) {
    for (const One f :
         {One{[](const Expr& x) { return sqrt(x); }}, One{[](const Expr& x) { return relu(x); }},
          One{[](const Expr& x) { return atan2(x, x); }}}) {
        Tape tape;
        const Expr x{&tape, tape.variable(Tensor::full(reference_device(), {2}, 0))};
        EXPECT_EQ(gradient_of_ones(tape, f(x), x), (std::vector<double>{0, 0}));
    }
}

TEST(Elementwise, ClipPassesTheGradientInTheClosedInterval) {
    Tape tape;
    const Expr x{&tape, tape.variable(Tensor::from(reference_device(), {5}, {-2, -1, 0, 1, 1.5}))};
    const Expr y = clip(x, -1, 1);
    EXPECT_EQ(values(y), (std::vector<double>{-1, -1, 0, 1, 1}));
    EXPECT_EQ(gradient_of_ones(tape, y, x), (std::vector<double>{0, 1, 1, 1, 0}));
}

TEST(Elementwise, SoftplusAndLogSumExpNeitherOverflowNorVanish) {
    Tape tape;
    const Expr x = constant(tape, {2, 2}, {-800, -800, 900, 900});
    const Expr all = constant(tape, {2, 2}, {1, 1, 1, 1}), none = 0 * all;
    const std::vector<double> sums = values(log_sum_exp(x, all));
    EXPECT_DOUBLE_EQ(sums[0], -800 + std::log(2.0));
    EXPECT_DOUBLE_EQ(sums[1], 900 + std::log(2.0));
    EXPECT_EQ(values(log_sum_exp(x, none)), (std::vector<double>{-INFINITY, -INFINITY}));
    const std::vector<double> soft = values(softplus(constant(tape, {3}, {-50, 800, -INFINITY})));
    EXPECT_DOUBLE_EQ(soft[0], std::exp(-50.0));
    EXPECT_EQ(soft[1], 800);
    EXPECT_EQ(soft[2], 0);
}

TEST(Elementwise, SelectReadsOnlyWhatItChooses) {
    Tape tape;
    const Expr x{&tape, tape.variable(Tensor::from(reference_device(), {2}, {0, 4}))};
    const Expr y = select(greater(x, 0.0), log(x), x);
    EXPECT_EQ(values(y), (std::vector<double>{0, std::log(4.0)}));
    EXPECT_EQ(values(select(greater(x, 9.0), x / (0 * x), x)), (std::vector<double>{0, 4}));
}

// The gradient of a sum goes to both sides; they must not share storage, for either may be added
// to later.
TEST(Elementwise, TheSidesOfASumDoNotShareAGradient) {
    Tape tape;
    const Var a = leaf({2}, 1), b = leaf({2}, 2);
    const Expr sum = Expr{&tape, a} + Expr{&tape, b};
    tape.backward(sum.var, Tensor::from(reference_device(), {2}, {1, 2}));
    a->grad.data<double>()[0] = 100;
    EXPECT_EQ(b->grad.to_doubles(), (std::vector<double>{1, 2}));
}

TEST(Elementwise, ConstantsPassNoGradient) {
    Tape tape;
    const Expr x{&tape, tape.variable(Tensor::from(reference_device(), {1, 2}, {0.5, 3}))};
    const auto seen = std::make_shared<Tensor>();
    const Expr y = straight_through(clamp(x, -1, 1), 2 * x) + detach(x) * observe(x, seen);
    EXPECT_EQ(values(y), (std::vector<double>{0.5 + 0.25, 1 + 9}));
    EXPECT_EQ(gradient_of_ones(tape, y, x), (std::vector<double>{2.5, 5}));
    EXPECT_EQ(seen->to_doubles(), (std::vector<double>{0.5, 3}));
    EXPECT_FALSE(greater(x, 1.0).var->needs_grad);
    EXPECT_FALSE(largest(x, all_but(x, {-1}), 1).var->needs_grad);
}

// Evaluated again at other arguments, a formula keeps its masks and detached parts; what is
// differentiated goes on to vary.
TEST(Elementwise, HeldConstantsArePlayedBack) {
    HeldConstants held;
    const auto evaluate = [&](const std::vector<double>& at) {
        const Holding holding(held);
        Tape tape(false);
        const Expr x{&tape, tape.variable(Tensor::from(reference_device(), {2}, at))};
        const Expr y = straight_through(clamp(x, -1, 1), 2 * x) + detach(x) * x + relu(x) +
                       select(greater(x, 1.0), x, 0 * x);
        held.next_evaluation();
        return values(y);
    };
    const auto formula = [](double x, double offset, double detached, double positive, double big) {
        return 2 * x + offset + detached * x + positive * x + big * x;
    };
    EXPECT_EQ(evaluate({-0.5, 3}),
              (std::vector<double>{formula(-0.5, 0.5, -0.5, 0, 0), formula(3, -5, 3, 1, 1)}));
    EXPECT_EQ(evaluate({2, -1}),
              (std::vector<double>{formula(2, 0.5, -0.5, 0, 0), formula(-1, -5, 3, 1, 1)}));
}

TEST(Elementwise, HeldConstantsRefuseAnotherFormula) {
    HeldConstants held;
    held.hold(Tensor::full(reference_device(), {2}, 1));
    held.next_evaluation();
    expect_error([&] { held.hold(Tensor::full(reference_device(), {3}, 1)); }, {"(3)", "(2)"});
    held.hold(Tensor::full(reference_device(), {2}, 1));
    expect_error([&] { held.hold(Tensor::full(reference_device(), {2}, 1)); }, {"more than 1"});
}

TEST(Elementwise, LargestBreaksTiesByTheLowerColumn) {
    Tape tape;
    const Expr x = constant(tape, {2, 4}, {1, 3, 3, 2, 5, 5, 5, 5});
    const Expr mask = all_but(x, {1, 0});
    EXPECT_EQ(values(largest(x, mask, 2)), (std::vector<double>{0, 0, 1, 1, 0, 1, 1, 0}));
    EXPECT_EQ(values(largest(x, mask, 9)), values(mask));
    EXPECT_EQ(values(largest(x, mask, 0)), std::vector<double>(8, 0.0));
}

TEST(Elementwise, WorksInFloat32Too) {
    Tape tape;
    const Expr x{&tape, tape.variable(Tensor::from(cpu_device(), {2}, {0.25, 4}))};
    const Expr y = sqrt(x) * x;
    EXPECT_EQ(values(y), (std::vector<double>{0.125, 8}));
    tape.backward(y.var, Tensor::full(cpu_device(), {2}, 1));
    EXPECT_EQ(x.var->grad.to_doubles(), (std::vector<double>{0.75, 3}));
}

TEST(Elementwise, WrongShapesAreRefusedByName) {
    Tape tape, other;
    const Expr a = constant(tape, {2, 3}, {1, 2, 3, 4, 5, 6}), v = constant(tape, {3}, {1, 2, 3});
    expect_error([&] { a* v; }, {"multiply", "(3)", "(2, 3)"});
    expect_error([&] { a + v; }, {"add", "(3)", "(2, 3)"});
    expect_error([&] { select(v, a, a); }, {"select", "(3)", "(2, 3)"});
    expect_error([&] { row_sums(v); }, {"row_sums", "(3)"});
    expect_error([&] { pick(a, {0}); }, {"pick", "1 indices", "(2, 3)"});
    expect_error([&] { pick(a, {0, 3}); }, {"pick", "row 1", "3"});
    expect_error([&] { put(a, {0, 1}, v); }, {"put", "(3)", "(2)"});
    expect_error([&] { take_rows(a, {2}); }, {"take_rows", "(2, 3)"});
    expect_error([&] { reshape(a, {4}); }, {"(4)", "(2, 3)"});
    expect_error([&] { beside(a, constant(tape, {1, 1}, {1})); }, {"beside", "2 and 1 rows"});
    expect_error([&] { log_sum_exp(a, v); }, {"log_sum_exp", "(3)", "(2, 3)"});
    expect_error([&] { add_to_rows(a, constant(tape, {2}, {1, 2})); }, {"add_to_rows", "(2)"});
    expect_error([&] { a + constant(other, {2, 3}, {1, 2, 3, 4, 5, 6}); }, {"add", "two tapes"});
    expect_error([&] { exp(Expr{}); }, {"exp", "not defined"});
}

}  // namespace
}  // namespace facet::test
