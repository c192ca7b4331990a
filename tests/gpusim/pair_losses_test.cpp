// Every pair loss on the simulated GPU against the CPU, in all its modes: value, gradient,
// diagnostics and state.
//
// Both compute in double and round the gradient once, to float32.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "losses/head/cuda/cuda_backend.h"
#include "tests/gpusim/orders.h"
#include "tests/gpusim/sim_head_device.h"
#include "tests/losses/pair_fixtures.h"

namespace facet::test {
namespace {

using gpusim::DeviceArray;
using gpusim::in_every_order;
using testing::evaluate_pairs;
using testing::PairCase;
using testing::PairEvaluation;
using testing::PairProblem;
using testing::planar_pairs;
using testing::random_pairs;
using testing::worst_error;

constexpr double kTolerance = 1e-12, kGradientTolerance = 2e-7;

// pair_fixtures.h's evaluate_pairs(), on the simulated device; two proxies, which are not read.
PairEvaluation<float> evaluate_on_device(Loss& loss, const PairProblem& p) {
    SimHeadDevice device;
    cuda::CudaBackend backend(device);
    const DeviceArray<float> x(std::vector<float>(p.x.begin(), p.x.end())), dx(p.x.size()),
        dw(2 * p.D);
    PairEvaluation<float> e;
    e.value = loss.forward_backward(backend, {x.data(), nullptr, p.y.data(), p.B(), 2, p.D},
                                    {dx.data(), dw.data(), nullptr}, e.diagnostics);
    const bool counts = loss.name() == "contrastive" && loss.settings().is("compat", "pml");
    const bool empty = std::ranges::max(p.y) < 0;
    EXPECT_EQ(device.waits(), counts && !empty ? 2 : 1);
    EXPECT_LE(device.downloaded(), 8 + 48 * p.B()) << "of vectors and pairs nothing";
    EXPECT_EQ(dw.values(), std::vector<float>(2 * p.D, 0.0f));
    e.dx = dx.values();
    return e;
}

void expect_same(const PairCase& c, const PairProblem& p) {
    const auto on_host = make_loss(c.name, c.parameters),
               on_device = make_loss(c.name, c.parameters);
    SCOPED_TRACE(on_host->describe() + ", " + p.region);
    const auto expected = evaluate_pairs<float>(*on_host, p);
    const auto found = evaluate_on_device(*on_device, p);
    EXPECT_NEAR(found.value, expected.value, kTolerance * std::abs(expected.value));
    EXPECT_LT(worst_error(found.dx, expected.dx), kGradientTolerance);
    EXPECT_EQ(found.diagnostics.row_value.size(), expected.diagnostics.row_value.size());
    EXPECT_LT(worst_error(found.diagnostics.row_value, expected.diagnostics.row_value), kTolerance);
    EXPECT_LT(worst_error(found.diagnostics.x_norm, expected.diagnostics.x_norm), kTolerance);
    EXPECT_EQ(on_device->state().find("no_pairs")->value, on_host->state().find("no_pairs")->value);
}

// Three rows a class, one alone, one without a label, one of zeros, two equal, two opposite.
PairProblem odd_problem() {
    PairProblem p = random_pairs({4, 0, 4, -1, 7, 0, 9, 0, 4, 7}, 13, 5);
    p.region = "odd";
    for (int64_t d = 0; d < p.D; ++d) {
        p.row(2)[d] = 0;
        p.row(5)[d] = p.row(1)[d];
        p.row(6)[d] = -2 * p.row(4)[d];
    }
    return p;
}

// More rows than a warp has lanes, or more columns than a block has threads.
PairProblem wide_problem(int rows, int64_t D) {
    std::vector<int64_t> y;
    for (int i = 0; i < rows; ++i) y.push_back(i % 13);
    PairProblem p = random_pairs(y, D, 6);
    p.region = fmt::format("{} rows, {} columns", rows, D);
    return p;
}

// Batches without a pair: of no row, of one, of one class.
std::vector<PairProblem> poor_problems() {
    std::vector<PairProblem> problems = {random_pairs({-1, -1}, 3, 1), random_pairs({5, -1}, 3, 2),
                                         random_pairs({2, 2, 2}, 3, 3),
                                         random_pairs({2, 1, 0}, 3, 4)};
    for (PairProblem& p : problems) p.region = "poor";
    return problems;
}

}  // namespace

TEST(PairLossKernels, EveryModeIsTheHosts) {
    for (const PairCase& c : testing::all_pair_cases()) {
        in_every_order([&] { expect_same(c, odd_problem()); });
        for (const PairProblem& p : poor_problems()) expect_same(c, p);
        expect_same(c, planar_pairs("plane", {0.1, 0.2, 3.0, 1.5, 1.5, -3.1}, {0, 0, 1, 1, 2, 0}));
    }
}

TEST(PairLossKernels, RowsLongerThanAWarpAreTheHosts) {
    for (const PairCase& c : testing::all_pair_cases()) {
        if (c.name == "triplet" && c.get("soft") == "true") continue;  // the same walk
        expect_same(c, wide_problem(37, 5));
    }
    for (const char* mining : {"all", "hard"})
        expect_same({"triplet", {{"mining", mining}}}, wide_problem(14, 261));
    expect_same({"infonce", {}}, wide_problem(14, 261));
}

TEST(PairLossKernels, WrongInputIsRefused) {
    const auto loss = make_loss("infonce");
    const auto message = [&](const PairProblem& p) -> std::string {
        try {
            evaluate_on_device(*loss, p);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    };
    PairProblem p = odd_problem();
    p.row(4)[7] = NAN;
    EXPECT_EQ(message(p).find("embeddings: row 4, column 7 is nan"), 0u) << message(p);
    p = odd_problem();
    p.y[3] = -2;
    EXPECT_EQ(message(p).find("labels: row 3 has class -2"), 0u) << message(p);
    EXPECT_EQ(loss->state().find("no_pairs")->value, std::vector<double>{0});
}

}  // namespace facet::test
