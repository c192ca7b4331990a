// Every loss on a GPU beside the CPU: value and gradients; those with proxies dense and in tiles.
#include <gtest/gtest.h>

#include "engine/device.h"
#include "losses/head/run_loss.h"
#include "tests/losses/fixtures.h"
#include "tests/losses/pair_fixtures.h"

namespace facet::test {
namespace {

using testing::Case;
using testing::Problem;
using testing::relative_error;

struct Found {
    double value;
    std::vector<double> dx, dw;
};

Found evaluate(Device& device, const Case& c, const Problem& p, const HeadOptions& options) {
    const auto loss = make_loss(c.name, c.parameters);
    HeadDiagnostics diagnostics;
    const Tensor x = Tensor::from(device, {p.B, p.D}, p.x), dx = x.like();
    Tensor w, dw;
    if (loss->has_proxies()) {
        w = Tensor::from(device, {p.C, p.D}, p.w);
        dw = w.like();
    }
    const double value = run_loss(*loss, {x, w, p.y, dx, dw}, diagnostics, options);
    return {value, dx.to_doubles(), w.defined() ? dw.to_doubles() : std::vector<double>()};
}

void expect_same(const Case& c, const Problem& p, const HeadOptions& options) {
    SCOPED_TRACE(c.name + (options.head == Head::dense ? ", dense" : ", in tiles"));
    constexpr double tolerance = 1e-4;
    const Found expected = evaluate(cpu_device(), c, p, options);
    const Found found = evaluate(cuda_device(), c, p, options);
    EXPECT_NEAR(found.value, expected.value, tolerance * (1 + std::abs(expected.value)));
    EXPECT_LT(relative_error(found.dx, expected.dx), tolerance);
    EXPECT_LT(relative_error(found.dw, expected.dw), tolerance);
}

}  // namespace

TEST(CudaLosses, AreTheProcessors) {
    ASSERT_EQ(why_no_cuda(), "") << "this test needs a GPU";
    const Problem p = testing::random_problem(33, 260, 64, 5);
    for (const Case& c : testing::all_cases()) {
        for (const HeadOptions& options : {HeadOptions{}, HeadOptions{Head::streamed, 100}})
            expect_same(c, p, options);
    }
}

TEST(CudaLosses, OfPairsAreTheProcessors) {
    ASSERT_EQ(why_no_cuda(), "") << "this test needs a GPU";
    Problem p = testing::random_problem(43, 1, 64, 5);
    for (int64_t i = 0; i < p.B; ++i) p.y[i] = i % 11 - 1;
    for (const testing::PairCase& c : testing::all_pair_cases())
        expect_same({c.name, c.parameters}, p, {});
}

}  // namespace facet::test
