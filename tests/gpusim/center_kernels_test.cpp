// Center loss on the simulated GPU against the CPU: the same arithmetic in the same order, so the
// gradients have the same bits.
#include <gtest/gtest.h>

#include "losses/head/cuda/cuda_backend.h"
#include "tests/gpusim/orders.h"
#include "tests/gpusim/sim_head_device.h"
#include "tests/losses/fixtures.h"

namespace facet::test {
namespace {

using gpusim::DeviceArray;
using gpusim::in_every_order;
using testing::Evaluation;
using testing::Problem;
using testing::random_problem;
using testing::relative_error;

Evaluation<float> evaluate_on_device(Loss& loss, const Problem& p) {
    SimHeadDevice device;
    cuda::CudaBackend backend(device);
    const DeviceArray<float> x(std::vector<float>(p.x.begin(), p.x.end())),
        w(std::vector<float>(p.w.begin(), p.w.end())), dx(p.x.size()), dw(p.w.size());
    Evaluation<float> e;
    e.value = loss.forward_backward(backend, {x.data(), w.data(), p.y.data(), p.B, p.C, p.D},
                                    {dx.data(), dw.data(), nullptr}, e.diagnostics);
    EXPECT_EQ(device.waits(), 1);
    EXPECT_LE(device.downloaded(), 16 + 16 * p.B) << "of the batch itself nothing";
    e.dx = dx.values();
    e.dw = dw.values();
    return e;
}

// `given`: centres in place of the proxies.
void expect_same(const Problem& p, const std::vector<double>& given = {}) {
    const auto on_host = make_loss("center"), on_device = make_loss("center");
    for (const auto& loss : {on_host.get(), on_device.get()}) {
        StateArray& centers = *loss->state().find("centers");
        centers.value = given;
        centers.given = !given.empty();
    }
    const auto expected = testing::evaluate<float>(*on_host, p);
    const auto found = evaluate_on_device(*on_device, p);
    EXPECT_NEAR(found.value, expected.value, 1e-13 * expected.value);
    EXPECT_EQ(found.dx, expected.dx);
    EXPECT_EQ(found.dw, expected.dw);
    EXPECT_LT(relative_error(found.diagnostics.row_value, expected.diagnostics.row_value), 1e-13);
    EXPECT_LT(relative_error(found.diagnostics.x_norm, expected.diagnostics.x_norm), 1e-13);
    EXPECT_EQ(found.diagnostics.target_cosine, expected.diagnostics.target_cosine);
}

// A class of four rows among others, one row without a label.
Problem crowded_problem(int64_t D) {
    Problem p = random_problem(9, 7, D, 5);
    p.y = {3, 0, 3, -1, 6, 3, 0, 3, 5};
    return p;
}

}  // namespace

TEST(CenterKernels, ValueAndGradientsAreTheHosts) {
    for (const int64_t D : {1, 13, 32, 300}) {
        SCOPED_TRACE(D);
        in_every_order([&] { expect_same(crowded_problem(D)); });
    }
}

TEST(CenterKernels, GivenCentresStandInForTheProxies) {
    const Problem p = crowded_problem(13);
    std::vector<double> given;
    for (const double w : p.w) given.push_back(w / 3 + 0.1);
    expect_same(p, given);
}

TEST(CenterKernels, RowsWithoutALabelLeaveZeros) {
    Problem p = crowded_problem(5);
    p.y.assign(p.B, -1);
    expect_same(p);
}

TEST(CenterKernels, WrongInputIsRefused) {
    const auto loss = make_loss("center");
    const auto message = [&](const Problem& p) -> std::string {
        try {
            evaluate_on_device(*loss, p);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    };
    Problem p = crowded_problem(5);
    p.feature(4)[3] = NAN;
    EXPECT_EQ(message(p).find("embeddings: row 4, column 3 is nan"), 0u) << message(p);
    p = crowded_problem(5);
    p.proxy(6)[2] = INFINITY;
    EXPECT_EQ(message(p).find("proxies: row 6, column 2 is inf"), 0u) << message(p);
    p = crowded_problem(5);
    p.y[1] = 7;
    EXPECT_EQ(message(p).find("labels: row 1 has class 7"), 0u) << message(p);
}

}  // namespace facet::test
