#include "engine/ledger.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/engine/fixtures.h"

namespace facet::test {
namespace {

void spend(const char* name, const char* detail, int milliseconds) {
    const LedgerScope scope(name, 10, 20, [&] { return std::string(detail); });
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

TEST(Ledger, AddsUpCallsOfOneNameAndDetailCostliestFirst) {
    ledger_start();
    spend("cheap", "(1)", 0);
    spend("dear", "(2)", 5);
    spend("dear", "(2)", 5);
    spend("dear", "(3)", 2);
    const std::vector<LedgerEntry> entries = ledger_stop();
    ASSERT_EQ(entries.size(), 3u);
    EXPECT_EQ(entries[0].name, "dear");
    EXPECT_EQ(entries[0].detail, "(2)");
    EXPECT_EQ(entries[0].calls, 2);
    EXPECT_EQ(entries[0].flops, 20);
    EXPECT_EQ(entries[0].bytes, 40);
    EXPECT_GE(entries[0].seconds, 0.010);
    EXPECT_EQ(entries[1].detail, "(3)");
    EXPECT_EQ(entries[2].name, "cheap");
}

TEST(Ledger, RecordsNothingAndDescribesNothingWhileOff) {
    EXPECT_FALSE(ledger_is_on());
    {
        const LedgerScope scope("off", 1, 1, []() -> std::string {
            ADD_FAILURE() << "the detail was asked for";
            return "";
        });
    }
    ledger_start();
    EXPECT_TRUE(ledger_is_on());
    EXPECT_TRUE(ledger_stop().empty());
    EXPECT_FALSE(ledger_is_on());
}

TEST(Ledger, StartingForgetsWhatWasRecorded) {
    ledger_start();
    spend("before", "", 0);
    ledger_start();
    spend("after", "", 0);
    const auto entries = ledger_stop();
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0].name, "after");
}

// y has 2 * 5 * 8 * 6 = 480 elements, each a sum over 3 channels and 3x3 kernels: 27 products.
TEST(Ledger, TheCpuDeviceRecordsItsPrimitives) {
    Device& device = cpu_device();
    const Tensor x = random_tensor(device, {2, 3, 8, 6}, 1, Layout::Map);
    const Tensor w = random_tensor(device, {5, 3, 3, 3}, 2), y(device, {2, 5, 8, 6}, Layout::Map);
    device.conv_forward(x, w, {1, 1}, y);  // prepares the convolution
    ledger_start();
    device.conv_forward(x, w, {1, 1}, y);
    const Tensor rows = w.reshape({15, 9});
    device.gemm(Transpose::No, Transpose::Yes, 1, rows, rows, 0, Tensor(device, {15, 15}));
    double conv = 0, gemm = 0;
    for (const LedgerEntry& entry : ledger_stop()) {
        if (entry.name == "conv_forward") conv += entry.flops;
        if (entry.name == "gemm") gemm += entry.flops;
    }
    EXPECT_EQ(conv, 2 * 480 * 27);
    EXPECT_EQ(gemm, 2 * 15 * 15 * 9);
}

}  // namespace
}  // namespace facet::test
