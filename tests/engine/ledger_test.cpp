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
    std::vector<LedgerEvent> events;
    const auto add = [&](const char* name, const char* detail, int64_t own) {
        LedgerEvent event{.name = name, .detail = detail, .place = {}};
        event.own = own;
        event.flops = 10;
        event.bytes = 20;
        events.push_back(event);
    };
    add("cheap", "(1)", 1'000'000);
    add("dear", "(2)", 5'000'000);
    add("dear", "(2)", 5'000'000);
    add("dear", "(3)", 2'000'000);
    const std::vector<LedgerEntry> entries = ledger_entries(events, name_and_detail);
    ASSERT_EQ(entries.size(), 3u);
    EXPECT_EQ(entries[0].name, "dear");
    EXPECT_EQ(entries[0].detail, "(2)");
    EXPECT_EQ(entries[0].calls, 2);
    EXPECT_EQ(entries[0].flops, 20);
    EXPECT_EQ(entries[0].bytes, 40);
    EXPECT_EQ(entries[0].seconds, 0.010);
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
    const auto events = ledger_stop();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_STREQ(events[0].name, "after");
}

TEST(Ledger, OwnTimesOfScopesWithinEachOtherAddUpToTheOuterOne) {
    ledger_start();
    {
        const LedgerScope outer("outer", 0, 0);
        spend("inner", "", 3);
        spend("inner", "", 2);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    const auto events = ledger_stop();
    ASSERT_EQ(events.size(), 3u);  // in the order of their start
    EXPECT_STREQ(events[0].name, "outer");
    EXPECT_EQ(events[0].own, events[0].duration - events[1].duration - events[2].duration);
    EXPECT_GE(events[0].own, 2'000'000);
    EXPECT_EQ(events[1].own, events[1].duration);
    EXPECT_GE(events[1].start, events[0].start);
    EXPECT_GE(events[2].start, events[1].start + events[1].duration);
}

TEST(Ledger, AnEventKnowsItsPlaceAndItsThread) {
    ledger_start();
    {
        const InPhase phase(Phase::Update);
        const InPart part("conv1");
        spend("here", "", 0);
    }
    std::thread([] { spend("beside", "", 0); }).join();
    const auto events = ledger_stop();
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].place.part, "conv1");
    EXPECT_EQ(events[0].place.phase, Phase::Update);
    EXPECT_EQ(events[0].thread, 0);
    EXPECT_EQ(events[1].place.part, "");
    EXPECT_EQ(events[1].thread, 1);
}

TEST(Ledger, AScopeThatOutlivesTheLedgerIsNotRecordedAndHarmsNothing) {
    ledger_start();
    {
        const LedgerScope outer("outer", 0, 0);
        EXPECT_TRUE(ledger_stop().empty());
        ledger_start();
        spend("inner", "", 0);
    }
    const auto events = ledger_stop();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_STREQ(events[0].name, "inner");
}

TEST(Ledger, CountsInstructionsOfAScopeWithoutThoseOfTheScopesInIt) {
    int64_t executed = 0;
    ledger_start([&] { return executed; });
    {
        const LedgerScope outer("outer", 0, 0);
        executed += 5;
        {
            const LedgerScope inner("inner", 0, 0);
            executed += 7;
        }
        executed += 1;
    }
    const auto events = ledger_stop();
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].instructions, 6);
    EXPECT_EQ(events[1].instructions, 7);
}

// A device whose work takes as many seconds as its marks are apart.
class Marks : public DeviceClock {
public:
    int64_t mark() override { return made_++; }
    double seconds_between(int64_t a, int64_t b) override { return static_cast<double>(b - a); }
    void forget_marks() override { made_ = 0; }
    void open_range(const char* name) override { ranges += std::string("(") + name; }
    void close_range() override { ranges += ")"; }

    std::string ranges;

private:
    int64_t made_ = 0;
};

TEST(Ledger, ADeviceBesideTheHostGivesItsOwnTimes) {
    Marks device;
    const auto work = [&](const char* name) {
        const LedgerScope scope(
            name, 1, 2, [] { return std::string(); }, &device);
    };
    ledger_start();
    work("first");
    work("second");
    const auto events = ledger_stop();
    ASSERT_EQ(events.size(), 2u);
    EXPECT_TRUE(events[0].on_device && events[1].on_device);
    EXPECT_EQ(events[0].duration, 1'000'000'000);
    EXPECT_EQ(events[1].duration, 1'000'000'000);
    EXPECT_EQ(events[1].start - events[0].start, 2'000'000'000);
    EXPECT_EQ(device.ranges, "(first)(second)");
    EXPECT_EQ(device.mark(), 0);
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
    for (const LedgerEvent& event : ledger_stop()) {
        if (std::string(event.name) == "conv_forward") conv += event.flops;
        if (std::string(event.name) == "gemm") gemm += event.flops;
    }
    EXPECT_EQ(conv, 2 * 480 * 27);
    EXPECT_EQ(gemm, 2 * 15 * 15 * 9);
}

}  // namespace
}  // namespace facet::test
