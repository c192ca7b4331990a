#include "engine/memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "engine/out_of_memory.h"

namespace facet {
namespace {

// Odd sizes, so that no other test's blocks fit.
constexpr size_t kSize = 1234567;

TEST(Memory, ABlockThatGoesIsUsedAgain) {
    release_cached_memory();
    void* first;
    {
        Buffer buffer(kSize);
        first = buffer.data();
    }
    EXPECT_GE(memory_use().cached, kSize);
    Buffer again(kSize);
    EXPECT_EQ(again.data(), first);
    EXPECT_EQ(memory_use().cached, 0u);
}

TEST(Memory, ABlockIsNotUsedForSomethingMuchSmaller) {
    release_cached_memory();
    { Buffer buffer(kSize); }
    const size_t cached = memory_use().cached;
    Buffer small(kSize / 2);
    EXPECT_EQ(memory_use().cached, cached);
}

TEST(Memory, UseAndPeakAreCounted) {
    reset_peak_memory();
    const MemoryUse before = memory_use();
    EXPECT_EQ(before.peak, before.in_use);
    {
        Buffer a(kSize), b(kSize);
        EXPECT_GE(memory_use().in_use, before.in_use + 2 * kSize);
    }
    const MemoryUse after = memory_use();
    EXPECT_EQ(after.in_use, before.in_use);
    EXPECT_GE(after.peak, before.in_use + 2 * kSize);
    { Buffer less(kSize); }
    EXPECT_EQ(memory_use().peak, after.peak);
    reset_peak_memory();
    EXPECT_EQ(memory_use().peak, memory_use().in_use);
}

TEST(Memory, ReleaseGivesEverythingBack) {
    { Buffer buffer(kSize); }
    release_cached_memory();
    EXPECT_EQ(memory_use().cached, 0u);
}

TEST(Memory, BlocksAreAligned) {
    for (const size_t bytes : {size_t{1}, size_t{63}, size_t{65}, kSize, size_t{9} << 20}) {
        Buffer buffer(bytes);
        const size_t alignment = bytes >= (size_t{4} << 20) ? size_t{2} << 20 : 64;
        EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % alignment, 0u) << bytes;
        std::memset(buffer.data(), 1, bytes);
    }
}

TEST(Memory, MovingABufferMovesTheBlock) {
    const size_t before = memory_use().in_use;
    {
        Buffer a(kSize);
        void* block = a.data();
        Buffer b(std::move(a));
        EXPECT_EQ(b.data(), block);
        Buffer c(kSize);
        c = std::move(b);
        EXPECT_EQ(c.data(), block);
    }
    EXPECT_EQ(memory_use().in_use, before);
}

TEST(Memory, ExhaustionIsAnErrorThatTellsHowMuchWasAskedFor) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the address sanitizer ends the program at such a request";
#endif
    try {
        Buffer buffer(size_t{1} << 60);
        FAIL() << "an exbibyte was given";
    } catch (const OutOfMemory& error) {
        EXPECT_NE(std::string(error.what()).find("out of memory"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("1099511627776 MiB"), std::string::npos);
    }
}

TEST(Memory, ThreadsMayTakeAndGiveBackAtOnce) {
    const size_t before = memory_use().in_use;
    const auto work = [](unsigned char mark) {
        for (int i = 0; i < 500; ++i) {
            Buffer buffer(1000 + 64 * (i % 7));
            auto* bytes = static_cast<unsigned char*>(buffer.data());
            std::memset(bytes, mark, 1000);
            for (int k = 0; k < 1000; ++k) ASSERT_EQ(bytes[k], mark);
        }
    };
    std::vector<std::thread> threads;
    for (unsigned char mark = 1; mark <= 4; ++mark) threads.emplace_back(work, mark);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(memory_use().in_use, before);
}

}  // namespace
}  // namespace facet
