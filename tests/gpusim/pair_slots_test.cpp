// The negative pairs of a batch as slots of a softmax, on the simulated GPU against
// losses/head/pair_slots.h. Given the same similarities, both keep the same pairs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/random.h"
#include "losses/head/cuda/device_slots.h"
#include "tests/gpusim/orders.h"
#include "tests/gpusim/sim_head_device.h"

namespace facet::test {
namespace {

using gpusim::DeviceArray;
using gpusim::in_every_order;

struct SlotBatch {
    int64_t B;
    std::vector<double> S;   // (B, B)
    std::vector<int64_t> y;  // (B)
};

// Similarities of which many are equal, some are 0, -0, 1 or -1, and some are tiny.
SlotBatch random_batch(int64_t B, int64_t classes, uint64_t seed) {
    Random random(seed, Purpose::Test);
    SlotBatch batch{B, std::vector<double>(B * B), {}};
    for (int64_t i = 0; i < B; ++i) batch.y.push_back(i % 5 == 4 ? -1 : i % classes);
    const double special[] = {0.0, -0.0, 1.0, -1.0, 0.25, 1e-300, -1e-300, 0x1p-52};
    for (int64_t u = 0; u < B; ++u) {
        for (int64_t v = u; v < B; ++v) {
            const double plain = std::tanh(0.3 * random.normal());
            const bool odd = random.normal() > 1;
            const double S = odd ? special[(u * 7 + v) % std::size(special)] : plain;
            batch.S[u * B + v] = batch.S[v * B + u] = S;
        }
    }
    return batch;
}

// The device's numbers for a batch.
struct Found {
    std::vector<double> quartiles;
    std::vector<LogSumExp<double>> sums;
    std::vector<float> factors;
};

Found find(const SlotBatch& batch, const PairSlots& rule, int64_t K,
           const std::vector<SlotRow>& rows) {
    const int64_t B = batch.B;
    const DeviceArray<double> S(batch.S), quartiles(2);
    const DeviceArray<int64_t> y(batch.y);
    const DeviceArray<LogSumExp<double>> sums(B);
    const DeviceArray<SlotRow> device_rows(rows);
    const DeviceArray<float> factors(B * B);
    cuda::SlotPairs pairs{S.data(), y.data(), nullptr, rule.whisker, B};
    if (K > 0) cuda::slot_quartiles(pairs, QuartilePositions(K), quartiles.data(), nullptr);
    if (K > 0 && rule.whisker > 0) pairs.quartiles = quartiles.data();
    cuda::sum_slots(pairs, rule, sums.data(), nullptr);
    SlotDerivative derivative(rule, rows);
    derivative.rows = device_rows.data();
    cuda::differentiate_slots(pairs, derivative, factors.data(), nullptr);
    return {quartiles.values(), sums.values(), factors.values()};
}

// log sum exp of the rows that `sums` are of: all together, or each.
double log_of(const std::vector<LogSumExp<double>>& sums, int64_t row, bool by_anchor) {
    LogSumExp<double> sum;
    for (int64_t i = 0; i < int64_t(sums.size()); ++i) {
        if (!by_anchor || i == row) sum.merge(sums[i]);
    }
    return sum.log();
}

void expect_same(const SlotBatch& batch, const PairSlots& rule) {
    SCOPED_TRACE(
        fmt::format("B {}, whisker {}, by anchor {}", batch.B, rule.whisker, rule.by_anchor));
    const int64_t B = batch.B;
    const auto all = pair_slots(batch.S.data(), batch.y.data(), B, 0);
    const auto slots = pair_slots(batch.S.data(), batch.y.data(), B, rule.whisker);
    std::vector<SlotRow> rows;
    for (int64_t i = 0; i < B; ++i)
        rows.push_back({batch.y[i] < 0 ? 0.0 : 1.0 / B, rule.s + 0.01 * i});
    const Found found = find(batch, rule, std::ssize(all), rows);

    if (!all.empty()) {
        std::vector<double> sorted;
        for (const PairSlot& slot : all) sorted.push_back(slot.s);
        std::sort(sorted.begin(), sorted.end());
        EXPECT_EQ(found.quartiles[0], sorted[sorted.size() / 4]);
        EXPECT_EQ(found.quartiles[1], sorted[3 * sorted.size() / 4]);
    }
    const auto sums = slot_sums(rule, slots, B);
    for (int64_t i = 0; i < B; ++i) {
        const double expected = sums[rule.by_anchor ? i : 0].log();
        const double log = log_of(found.sums, i, rule.by_anchor);
        if (std::isinf(expected))
            EXPECT_EQ(log, expected);
        else
            EXPECT_NEAR(log, expected, 1e-13 * (1 + std::abs(expected)));
    }
    std::vector<float> factors(B * B, 0.0f);
    const SlotDerivative derivative(rule, rows);
    for (const auto& [S, u, v] : slots)
        factors[u * B + v] = factors[v * B + u] = float(derivative(S, u, v));
    for (int64_t at = 0; at < B * B; ++at) {
        EXPECT_EQ(found.factors[at] == 0, factors[at] == 0) << "pair " << at;
        EXPECT_NEAR(found.factors[at], factors[at], 1e-6 * std::abs(factors[at]));
    }
}

}  // namespace

TEST(PairSlotKernels, QuartilesAndWhatIsKeptAreTheHosts) {
    uint64_t seed = 0;
    for (const int64_t B : {2, 3, 9, 37}) {
        for (const int64_t classes : {B, int64_t{3}}) {
            const SlotBatch batch = random_batch(B, classes, ++seed);
            in_every_order([&] { expect_same(batch, {0.5, 8, seed % 2 == 0}); });
            for (const double whisker : {0.0, 1.5}) expect_same(batch, {whisker, 8, seed % 2 != 0});
        }
    }
}

TEST(PairSlotKernels, ABatchOfOneClassHasNoSlots) {
    for (const bool by_anchor : {true, false})
        in_every_order([&] { expect_same(random_batch(6, 1, 9), {1.5, 8, by_anchor}); });
}

// From embeddings: one similarity of each pair, none of it on the host.
TEST(PairSlotKernels, TheDriverKeepsThePairsOnTheDevice) {
    constexpr int64_t B = 12, D = 20;
    Random random(3, Purpose::Test);
    std::vector<float> x(B * D);
    for (float& v : x) v = float(random.normal());
    const std::vector<double> norms(B, std::sqrt(double(D)));
    std::vector<int64_t> y;
    for (int64_t i = 0; i < B; ++i) y.push_back(i % 4);
    SimHeadDevice device;
    const DeviceArray<float> device_x(x), dxh(std::vector<float>(B * D, 0.0f));
    const DeviceArray<double> device_norms(norms);
    const DeviceArray<int64_t> labels(y);
    const PairSlots rule{1.5, 16, false};
    std::vector<Target<float>> targets(B);
    for (int64_t i = 0; i < B; ++i) targets[i] = {0, 1, float(norms[i]), y[i], i};
    const Batch<float> batch{targets,      4, B, {device_x.data(), device_norms.data()}, D,
                             labels.data()};
    const cuda::DeviceSlots slots(device, rule, batch);
    std::vector<double> S(B * B);
    for (int64_t u = 0; u < B; ++u) {
        for (int64_t v = 0; v < B; ++v) {
            double sum = 0;
            for (int64_t d = 0; d < D; ++d) sum += double(x[u * D + d]) * x[v * D + d];
            S[u * B + v] = std::clamp(sum / (norms[u] * norms[v]), -1.0, 1.0);
        }
    }
    const auto kept = pair_slots(S.data(), y.data(), B, rule.whisker);
    const double expected = slot_sums(rule, kept, B)[0].log();
    EXPECT_NEAR(slots.sums().at(0).log(), expected, 1e-12);
    EXPECT_EQ(device.downloaded(), B * sizeof(LogSumExp<double>));

    const std::vector<SlotRow> rows(B, {1.0 / B, 20.0});
    slots.add_gradient(rows, device_x.data(), dxh.data());
    EXPECT_EQ(device.downloaded(), B * sizeof(LogSumExp<double>));
    const SlotDerivative derivative(rule, rows);
    std::vector<double> gradient(B * D, 0.0);
    for (const auto& [s, u, v] : kept) {
        for (int64_t d = 0; d < D; ++d) {
            gradient[u * D + d] += derivative(s, u, v) * x[v * D + d];
            gradient[v * D + d] += derivative(s, u, v) * x[u * D + d];
        }
    }
    const double largest =
        std::abs(*std::max_element(gradient.begin(), gradient.end(),
                                   [](double a, double b) { return std::abs(a) < std::abs(b); }));
    for (int64_t at = 0; at < B * D; ++at) EXPECT_NEAR(dxh[at], gradient[at], 1e-6 * largest) << at;
}

}  // namespace facet::test
