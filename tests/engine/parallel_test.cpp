// Parallel loops: every iteration once, whatever the number of threads and whoever is late.
#include "engine/parallel.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "engine/error.h"

namespace facet {
namespace {

constexpr int64_t much = kParallelWork + 1;

class Parallel : public ::testing::TestWithParam<int> {
protected:
    void SetUp() override { use_threads(GetParam()); }
    void TearDown() override { use_threads(before_); }

private:
    const int before_ = max_threads();
};

INSTANTIATE_TEST_SUITE_P(Threads, Parallel, ::testing::Values(1, 2, 3, 7));

TEST_P(Parallel, EveryIterationRunsOnce) {
    for (const int64_t n : {0, 1, 2, 3, 63, 64, 65, 127, 1000}) {
        std::vector<std::atomic<int>> runs(n);
        parallel_for(n, much, [&](int64_t i) { ++runs[i]; });
        for (int64_t i = 0; i < n; ++i) ASSERT_EQ(runs[i], 1) << "iteration " << i << " of " << n;
    }
}

TEST_P(Parallel, EveryElementIsVisitedOnce) {
    for (const int64_t n : {int64_t{0}, int64_t{1}, kParallelWork - 1, kParallelWork,
                            kParallelWork + 1, 5 * kParallelWork + 17}) {
        std::vector<int> visits(n, 0);
        parallel_elements(n, [&](int64_t i) { ++visits[i]; });
        ASSERT_EQ(std::count(visits.begin(), visits.end(), 1), n) << n << " elements";
    }
}

// A thread that is late must neither miss a loop nor take a piece of the next for one of its own.
TEST_P(Parallel, ManyShortLoopsInARow) {
    std::vector<int64_t> values(8);
    for (int64_t loop = 1; loop <= 20'000; ++loop) {
        parallel_for(8, much, [&, loop](int64_t i) { values[i] += loop * (i + 1); });
    }
    const int64_t sum = int64_t{20'000} * 20'001 / 2;
    for (int64_t i = 0; i < 8; ++i) EXPECT_EQ(values[i], sum * (i + 1));
}

TEST_P(Parallel, WorkersThatSleptComeBack) {
    std::atomic<int> runs = 0;
    for (int loop = 0; loop < 5; ++loop) {
        parallel_for(64, much, [&](int64_t) { ++runs; });
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(runs, 5 * 64);
}

TEST_P(Parallel, WhatAnIterationThrowsIsThrownOnAndTheOthersHaveRun) {
    std::vector<std::atomic<int>> runs(100);
    const auto loop = [&] {
        parallel_for(100, much, [&](int64_t i) {
            ++runs[i];
            if (i == 37) throw std::runtime_error("37");
        });
    };
    EXPECT_THROW(loop(), std::runtime_error);
    EXPECT_EQ(std::accumulate(runs.begin(), runs.begin() + 37, 0), 37);
    EXPECT_EQ(runs[99], 1);
    parallel_for(100, much, [&](int64_t i) { ++runs[i]; });  // the pool is as it was
    EXPECT_EQ(runs[99], 2);
}

TEST_P(Parallel, ALoopInsideALoopRunsOnItsThread) {
    std::vector<std::atomic<int>> runs(16 * 16);
    parallel_for(16, much, [&](int64_t i) {
        const auto thread = std::this_thread::get_id();
        parallel_for(16, much, [&](int64_t j) {
            EXPECT_EQ(std::this_thread::get_id(), thread);
            ++runs[16 * i + j];
        });
    });
    for (const auto& count : runs) EXPECT_EQ(count, 1);
}

TEST_P(Parallel, LoopsOfTwoThreadsAtOnce) {
    std::vector<std::atomic<int>> mine(1000), other(1000);
    const auto fill = [](std::vector<std::atomic<int>>& runs) {
        for (int loop = 0; loop < 200; ++loop) {
            parallel_for(1000, much, [&](int64_t i) { ++runs[i]; });
        }
    };
    std::thread second([&] { fill(other); });
    fill(mine);
    second.join();
    for (int64_t i = 0; i < 1000; ++i) {
        ASSERT_EQ(mine[i], 200);
        ASSERT_EQ(other[i], 200);
    }
}

TEST(Threads, SeveralWorkOnOneLoop) {
    const int before = max_threads();
    use_threads(3);
    // The first two pieces each wait for the other to begin: one thread alone would never end.
    std::atomic<int> begun = 0;
    parallel_for(2, much, [&](int64_t) {
        ++begun;
        while (begun < 2) std::this_thread::yield();
    });
    EXPECT_EQ(begun, 2);
    use_threads(before);
}

// oneDNN's products, which the heads call piece by piece, use OpenMP.
TEST_P(Parallel, OpenMpHasOneThreadInsideAndTheOldNumberAfter) {
    std::atomic<int> most = 0;
    parallel_for(64, much, [&](int64_t) {
        if (omp_get_max_threads() > 1 && GetParam() > 1) most = omp_get_max_threads();
    });
    EXPECT_EQ(most, 0);
    EXPECT_EQ(max_threads(), GetParam());
}

TEST(Threads, FewerThanOneIsRefused) {
    EXPECT_THROW(use_threads(0), UsageError);
    EXPECT_THROW(use_threads(-1), UsageError);
}

}  // namespace
}  // namespace facet
