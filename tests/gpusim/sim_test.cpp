// The simulator: right kernels give their results in every order, and every fault is reported.
#include "tests/gpusim/sim.h"

#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "tests/gpusim/orders.h"
#include "tests/gpusim/samples.h"

using gpusim::DeviceArray;
using gpusim::in_every_order;

namespace {

std::vector<float> ramp(int n) {
    std::vector<float> values(n);
    std::iota(values.begin(), values.end(), 0.0f);
    return values;
}

// What the launch reports; a failure of the test when it reports nothing.
std::string report_of(const std::function<void()>& launch) {
    try {
        launch();
    } catch (const gpusim::Failure& failure) {
        return failure.what();
    }
    ADD_FAILURE() << "nothing was reported";
    return "";
}

// Every part must be in the report of a launch on 64 floats, in every order.
void expect_report(void (*launch)(float*), const std::vector<std::string>& parts) {
    in_every_order([&] {
        DeviceArray<float> out(64);
        const std::string report = report_of([&] { launch(out.data()); });
        for (const std::string& part : parts)
            EXPECT_NE(report.find(part), std::string::npos) << "'" << part << "' in: " << report;
    });
}

}  // namespace

TEST(Simulator, RunsEveryThreadOnce) {
    in_every_order([] {
        for (const int n : {1, 127, 128, 129, 1000}) {
            std::vector<int> values(n);
            std::iota(values.begin(), values.end(), 7);
            const DeviceArray<int> in(values), out(n);
            samples::increment(in.data(), out.data(), n);
            for (int i = 0; i < n; ++i) ASSERT_EQ(out[i], i + 8);
        }
    });
}

TEST(Simulator, BarriersAndShufflesGiveTheSumOfABlock) {
    const DeviceArray<float> in(ramp(96)), out(5);
    in_every_order([&] {
        samples::block_sum(in.data(), out.data(), 5);
        for (int b = 0; b < 5; ++b) EXPECT_EQ(out[b], 95 * 96 / 2);
    });
}

TEST(Simulator, SyncwarpOrdersMemoryWithinAWarp) {
    const DeviceArray<float> in(ramp(32)), out(32);
    in_every_order([&] {
        samples::reverse_warp(in.data(), out.data());
        for (int i = 0; i < 32; ++i) EXPECT_EQ(out[i], 31 - i);
    });
}

TEST(Simulator, AtomicsOfSeveralBlocksAreNoRace) {
    std::vector<int> values(1000);
    for (int i = 0; i < 1000; ++i) values[i] = i * i % 8;
    std::vector<int> expected(8);
    for (const int value : values) ++expected[value];
    const DeviceArray<int> in(values);
    in_every_order([&] {
        const DeviceArray<int> counts(std::vector<int>(8));
        samples::histogram(in.data(), 1000, counts.data());
        EXPECT_EQ(counts.values(), expected);
    });
}

TEST(Simulator, BallotsAndSectionsOfAWarp) {
    std::vector<int> values(32);
    for (int i = 0; i < 32; ++i) values[i] = 3 * i + i / 4;
    unsigned odd = 0;
    for (int i = 0; i < 32; ++i) odd |= (values[i] & 1u) << i;
    const DeviceArray<int> in(values), out(32);
    const DeviceArray<unsigned> votes(1);
    in_every_order([&] {
        samples::vote(in.data(), votes.data(), out.data());
        EXPECT_EQ(votes[0], odd);
        for (int i = 0; i < 32; ++i) EXPECT_EQ(out[i], values[i / 8 * 8 + (i + 1) % 8]);
    });
}

TEST(Simulator, ReportsBarriersThatNotAllReach) {
    expect_report(samples::divergent_barrier,
                  {"divergent_barrier_kernel", "block (0,0,0)", "__syncthreads", "samples.cu:"});
    expect_report(samples::barrier_after_exit,
                  {"barrier_after_exit_kernel", "__syncthreads", "the kernel"});
}

TEST(Simulator, ReportsLanesThatMissTheirMask) {
    expect_report(samples::shuffle_without_lane, {"ffffffff", "lane"});
    expect_report(samples::shuffle_outside_mask, {"reads lane 9", "000000ff"});
    expect_report(samples::shuffle_not_in_mask, {"lacks the calling lane"});
    expect_report(samples::shuffle_absent_lanes, {"lane 20 does not take part"});
    expect_report(samples::divergent_warp, {"divergent_warp_kernel", "warp operation"});
}

TEST(Simulator, ReportsAnInvalidLaunch) {
    EXPECT_NE(report_of(samples::too_many_threads).find("invalid launch"), std::string::npos);
}

TEST(Simulator, ReportsMisalignedVectors) {
    const DeviceArray<float> data(ramp(8)), out(32);
    const std::string report =
        report_of([&] { samples::read_misaligned_vector(data.data(), out.data()); });
    EXPECT_NE(report.find("not a multiple of 16"), std::string::npos) << report;
}

TEST(Simulator, RunsOnAfterAReport) {
    DeviceArray<float> out(64);
    report_of([&] { samples::divergent_barrier(out.data()); });
    const DeviceArray<int> in(std::vector<int>{41}), next(1);
    samples::increment(in.data(), next.data(), 1);
    EXPECT_EQ(next[0], 42);
}

TEST(AddressSanitizer, SeesTheEndOfAnArray) {
    // Kernels whose accesses the simulator itself checks do not get so far.
    const bool checked = gpusim::kernels_are_instrumented();
    if (checked || !gpusim::under_address_sanitizer()) GTEST_SKIP() << "not this build";
    const DeviceArray<float> data(40);
    EXPECT_DEATH(samples::write_past_end(data.data(), 40), "heap-buffer-overflow");
    DeviceArray<float> out(64);
    EXPECT_DEATH(samples::dynamic_overrun(out.data()), "heap-buffer-overflow");
}

// The checks below need the compiler's calls at each access.
class AccessChecks : public testing::Test {
protected:
    void SetUp() override {
        if (!gpusim::kernels_are_instrumented()) GTEST_SKIP() << "kernels are not instrumented";
    }
};

TEST_F(AccessChecks, ReportRacesOfABlock) {
    expect_report(samples::race_write_then_read, {"race", "race_write_then_read_kernel", "shared",
                                                  "by thread (5,0,0)", "samples.cu:"});
    expect_report(samples::race_read_then_write, {"race", "shared", "read by", "write by"});
}

TEST_F(AccessChecks, ReportRacesWithinAWarp) {
    expect_report(samples::race_within_warp, {"race", "shared", "samples.cu:"});
}

TEST_F(AccessChecks, ReportRacesBetweenBlocks) {
    expect_report(samples::race_between_blocks,
                  {"race", "global", "write by thread (0,0,0) of block (1,0,0)"});
}

TEST_F(AccessChecks, ReportUpdatesWithoutAtomics) {
    in_every_order([] {
        const DeviceArray<int> count(std::vector<int>{0});
        const std::string report = report_of([&] { samples::count_without_atomic(count.data()); });
        EXPECT_NE(report.find("race"), std::string::npos) << report;
    });
}

TEST_F(AccessChecks, ReportMemoryThatIsNotTheDevices) {
    in_every_order([] {
        const DeviceArray<float> data(40);
        const std::string end = report_of([&] { samples::write_past_end(data.data(), 40); });
        EXPECT_NE(end.find("160 bytes past the start of an allocation of 160"), std::string::npos)
            << end;
        EXPECT_NE(end.find("thread (8,0,0)"), std::string::npos) << end;
        std::vector<float> host(41);
        const std::string pointer = report_of([&] { samples::write_past_end(host.data(), 40); });
        EXPECT_NE(pointer.find("host pointer"), std::string::npos) << pointer;
    });
    expect_report(samples::dynamic_overrun, {"outside device memory"});
}

TEST_F(AccessChecks, ReportMisalignedAccesses) {
    const DeviceArray<float> data(ramp(8)), out(32);
    const std::string report =
        report_of([&] { samples::read_misaligned(data.data(), out.data()); });
    EXPECT_NE(report.find("not a multiple of 4"), std::string::npos) << report;
}

TEST_F(AccessChecks, ReportSharedMemoryThatNobodyWrote) {
    expect_report(samples::read_uninitialised_shared, {"no thread of its block has written"});
}

TEST_F(AccessChecks, CountWhatTheyChecked) {
    const uint64_t before = gpusim::accesses_checked();
    const DeviceArray<int> in(std::vector<int>(100)), out(100);
    samples::increment(in.data(), out.data(), 100);
    EXPECT_EQ(gpusim::accesses_checked() - before, 200u);
}
