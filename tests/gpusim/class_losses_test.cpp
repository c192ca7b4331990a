// Every class loss on the simulated GPU against the CPU's head: value, gradients, diagnostics and
// state, dense and in tiles.
//
// Both round to float32, in different orders: a logit s c is off by s 2^-24, the gradients by as
// much of their largest entry.
#include <gtest/gtest.h>

#include "losses/head/cuda/cuda_backend.h"
#include "losses/head/device_form.h"
#include "tests/gpusim/orders.h"
#include "tests/gpusim/sim_head_device.h"
#include "tests/losses/fixtures.h"
#include "tests/message_of.h"

namespace facet::test {
namespace {

using gpusim::DeviceArray;
using gpusim::in_every_order;
using testing::aligned_problem;
using testing::Case;
using testing::Evaluation;
using testing::planar_problem;
using testing::Problem;
using testing::random_problem;
using testing::relative_error;

constexpr double kTolerance = 2e-5;

// losses/fixtures.h's evaluate(), on the simulated device.
Evaluation<float> evaluate_on_device(Loss& loss, const Problem& p, const HeadOptions& options) {
    SimHeadDevice device;
    cuda::CudaBackend backend(device);
    const DeviceArray<float> x(std::vector<float>(p.x.begin(), p.x.end())),
        w(std::vector<float>(p.w.begin(), p.w.end())), dx(p.x.size()), dw(p.w.size());
    Evaluation<float> e;
    e.dcos.resize(p.B * p.C);
    const std::vector<StateArray> before = loss.state().save();
    e.value = loss.forward_backward(backend, {x.data(), w.data(), p.y.data(), p.B, p.C, p.D},
                                    {dx.data(), dw.data(), e.dcos.data()}, e.diagnostics, options);
    for (const StateArray& array : before) {
        if (!array.learnable) loss.state().find(array.name)->value = array.value;
    }
    e.dx = dx.values();
    e.dw = dw.values();
    return e;
}

void expect_same(const Case& c, const Problem& p, const HeadOptions& options) {
    const auto on_host = make_loss(c.name, c.parameters);
    const auto on_device = make_loss(c.name, c.parameters);
    SCOPED_TRACE(fmt::format("{}, {}, {} classes in tiles of {}", on_host->describe(), p.region,
                             p.C, options.head == Head::dense ? p.C : options.tile));
    const auto expected = testing::evaluate<float>(*on_host, p, options);
    const auto found = evaluate_on_device(*on_device, p, options);
    EXPECT_NEAR(found.value, expected.value, kTolerance * (1e-3 + std::abs(expected.value)));
    EXPECT_LT(relative_error(found.dcos, expected.dcos), kTolerance);
    EXPECT_LT(relative_error(found.dx, expected.dx), kTolerance);
    EXPECT_LT(relative_error(found.dw, expected.dw), kTolerance);
    EXPECT_LT(relative_error(found.diagnostics.row_value, expected.diagnostics.row_value, 1e-3),
              kTolerance);
    EXPECT_LT(relative_error(found.diagnostics.target_cosine, expected.diagnostics.target_cosine),
              1e-12);
    for (const auto& array : on_host->state().arrays()) {
        const StateArray& other = *on_device->state().find(array->name);
        EXPECT_LT(relative_error(other.value, array->value, 1e-3), kTolerance) << array->name;
        EXPECT_LT(relative_error(other.gradient, array->gradient, 1e-3), kTolerance) << array->name;
    }
}

// Targets in the first, the last and another class, twice the same, and a row without a label.
Problem odd_problem() {
    Problem p = random_problem(6, 37, 12, 5);
    p.y = {0, 36, -1, 17, 17, 32};
    return p;
}

// Cosines of exactly 1 and -1, equal proxies, a zero feature and a zero proxy.
Problem degenerate_problem() {
    Problem p = random_problem(5, 9, 8, 6);
    p.region = "degenerate";
    p.y = {0, 1, 2, 3, 4};
    for (int64_t d = 0; d < p.D; ++d) {
        p.feature(0)[d] = 2 * p.proxy(0)[d];
        p.feature(1)[d] = -4 * p.proxy(1)[d];
        p.feature(2)[d] = 0;
        p.proxy(3)[d] = 0;
        p.proxy(7)[d] = p.proxy(4)[d];
        p.proxy(8)[d] = p.proxy(0)[d];
    }
    return p;
}

// Vectors of this length; below 1e-36 a vector of floats counts as zero.
Problem short_problem(double length) {
    Problem p = random_problem(4, 6, 8, 9);
    p.region = fmt::format("lengths of {}", length);
    for (std::vector<double>* vectors : {&p.x, &p.w}) {
        for (size_t first = 0; first < vectors->size(); first += p.D) {
            double squares = 0;
            for (int64_t d = 0; d < p.D; ++d) squares += std::pow((*vectors)[first + d], 2);
            if (vectors == &p.w && first > 0) break;  // one proxy
            for (int64_t d = 0; d < p.D; ++d) {
                (*vectors)[first + d] *= length / std::sqrt(squares);
            }
        }
    }
    return p;
}

// Every cosine far below the target's, and far above it.
Problem far_problem(double target) {
    Problem p = planar_problem("far", target, std::vector<double>(8, target + 3.0));
    p.region = fmt::format("target at {}", target);
    return p;
}

// All of them for a loss as it is by default, the first for its other choices.
std::vector<Problem> problems(const Case& c) {
    if (!c.parameters.empty()) return {odd_problem()};
    return {odd_problem(),    degenerate_problem(),       far_problem(0.05),
            far_problem(3.1), random_problem(3, 1, 5, 7), aligned_problem("aligned", 20, 0.1)};
}

// The nearest to a proxy, and the shortest, that are not yet taken as none: on one side of the
// bounds and on the other.
std::vector<Problem> bounds() {
    return {aligned_problem("1e-3 rad from the proxy", 1, 1e-3),
            aligned_problem("1e-4 rad from the proxy", 1, 1e-4),
            aligned_problem("1e-5 rad from the proxy", 1, 1e-5),
            aligned_problem("1e-4 rad from the antipode", -1, 1e-4),
            short_problem(1e-35),
            short_problem(1e-37)};
}

HeadOptions tiles_of(int64_t tile) { return {Head::streamed, tile}; }

}  // namespace

// The orders of the threads take turns, so that each loss runs in all of them.
TEST(ClassLossKernels, EveryLossIsTheHostsOnEveryProblem) {
    std::vector<Case> cases = testing::all_cases();
    for (const LossInfo* info : all_losses()) cases.push_back({info->name, {}});
    constexpr gpusim::Order orders[] = {gpusim::Order::Forward, gpusim::Order::Reverse,
                                        gpusim::Order::Random};
    int turn = 0;
    for (const Case& c : cases) {
        if (!make_loss(c.name, c.parameters)->has_cosines()) continue;
        // Which addresses are touched does not depend on the parameters.
        if (gpusim::under_address_sanitizer() && !c.parameters.empty()) continue;
        for (const Problem& p : problems(c)) {
            gpusim::set_order(orders[turn % 3], turn);
            expect_same(c, p, turn / 3 % 2 ? HeadOptions{} : tiles_of(4));
            ++turn;
        }
    }
    EXPECT_GT(turn, 29 * 6);
    gpusim::set_order(gpusim::Order::Forward);
}

TEST(ClassLossKernels, BoundsOfAnglesAndLengthsAreTheHosts) {
    for (const char* loss : {"cosface", "arcface", "npcface", "magface"}) {
        for (const Problem& p : bounds()) expect_same({loss, {}}, p, tiles_of(4));
    }
}

// A softmax, two passes, columns, hinges of all and of the nearest; then rows of more than one step
// a thread.
TEST(ClassLossKernels, AnyOrderOfTheThreadsIsRight) {
    Problem wide = random_problem(2, 1100, 3, 8);
    wide.y = {1099, 1024};
    for (const Case& c : {Case{"cosface", {}}, Case{"npcface", {}}, Case{"proxy-anchor", {}},
                          Case{"npt", {{"k", "0"}}}, Case{"npt", {{"k", "2"}}}}) {
        in_every_order([&] { expect_same(c, odd_problem(), {}); });
        expect_same(c, wide, {});
    }
}

TEST(ClassLossKernels, OneGradientAloneIsTheSame) {
    const Problem p = odd_problem();
    SimHeadDevice device;
    cuda::CudaBackend backend(device);
    const DeviceArray<float> x(std::vector<float>(p.x.begin(), p.x.end())),
        w(std::vector<float>(p.w.begin(), p.w.end())), dx(p.x.size());
    const auto loss = make_loss("arcface"), again = make_loss("arcface");
    HeadDiagnostics diagnostics;
    loss->forward_backward(backend, {x.data(), w.data(), p.y.data(), p.B, p.C, p.D},
                           {dx.data(), nullptr, nullptr}, diagnostics, tiles_of(16));
    EXPECT_EQ(dx.values(), evaluate_on_device(*again, p, tiles_of(16)).dx);
}

// What the host's head refuses, in the same words.
TEST(ClassLossKernels, WrongInputIsRefused) {
    const auto loss = make_loss("cosface");
    const auto message = [&](const Problem& p) {
        return message_of([&] { evaluate_on_device(*loss, p, {}); });
    };
    Problem p = odd_problem();
    p.feature(4)[7] = NAN;
    p.feature(5)[1] = INFINITY;
    EXPECT_EQ(message(p).find("embeddings: row 4, column 7 is nan"), 0u) << message(p);
    p = odd_problem();
    p.proxy(30)[2] = -INFINITY;
    EXPECT_EQ(message(p).find("proxies: row 30, column 2 is -inf"), 0u) << message(p);
    p = odd_problem();
    p.y[3] = 37;
    EXPECT_EQ(message(p).find("labels: row 3 has class 37"), 0u) << message(p);
}

TEST(ClassLossKernels, AFormWithoutKernelsIsRefused) {
    struct Unlisted {
    } form;
    SimHeadDevice device;
    EXPECT_EQ(message_of([&] { device_form<ClassForm<float>>("unlisted", form, &device); }),
              "loss unlisted: it has no CUDA kernels in this build");
    EXPECT_EQ(device_form<ClassForm<float>>("unlisted", form, nullptr), nullptr) << "on the host";
}

}  // namespace facet::test
