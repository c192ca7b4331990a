// The pool over host memory that counts and can run out.
#include "engine/cuda/memory_pool.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "engine/error.h"

namespace facet::cuda {
namespace {

class CountedMemory : public MemorySource {
public:
    explicit CountedMemory(size_t limit = size_t{1} << 30) : left_(limit) {}
    ~CountedMemory() override { EXPECT_TRUE(blocks_.empty()) << "blocks were not given back"; }

    void* take(size_t bytes) override {
        ++asked;
        if (bytes > left_) return nullptr;
        left_ -= bytes;
        void* data = std::malloc(bytes);
        blocks_[data] = bytes;
        return data;
    }
    void give_back(void* data) noexcept override {
        const auto block = blocks_.find(data);
        if (block == blocks_.end()) {
            ADD_FAILURE() << "given back what is not out";
            return;
        }
        left_ += block->second;
        blocks_.erase(block);
        std::free(data);
    }
    size_t out() const { return blocks_.size(); }

    int asked = 0;

private:
    size_t left_;
    std::map<void*, size_t> blocks_;
};

TEST(MemoryPool, ASecondStepAsksTheSourceForNothing) {
    CountedMemory memory;
    MemoryPool pool(memory);
    const auto step = [&] {
        const Block a = pool.allocate(1000), b = pool.allocate(70000), c = pool.allocate(1000);
        return std::set<void*>{a.data(), b.data(), c.data()};
    };
    const auto first = step();
    EXPECT_EQ(memory.asked, 3);
    EXPECT_EQ(first.size(), 3u);
    EXPECT_EQ(step(), first);
    EXPECT_EQ(memory.asked, 3);
}

TEST(MemoryPool, StatesUsePeakAndCache) {
    CountedMemory memory;
    MemoryPool pool(memory);
    {
        const Block a = pool.allocate(512);
        {
            const Block b = pool.allocate(1024);
            EXPECT_EQ(pool.use().in_use, 1536u);
        }
        EXPECT_EQ(pool.use().in_use, 512u);
        EXPECT_EQ(pool.use().cached, 1024u);
        EXPECT_EQ(pool.use().peak, 1536u);
        pool.reset_peak();
        EXPECT_EQ(pool.use().peak, 512u);
    }
    pool.release_cached();
    EXPECT_EQ(pool.use().in_use, 0u);
    EXPECT_EQ(pool.use().cached, 0u);
    EXPECT_EQ(memory.out(), 0u);
}

TEST(MemoryPool, RoundsUpAndReusesWhatWastesAnEighthAtMost) {
    CountedMemory memory;
    MemoryPool pool(memory);
    { const Block block = pool.allocate(9 * 512); }
    { const Block block = pool.allocate(8 * 512 - 3); }  // 8 units, 9 are at hand
    EXPECT_EQ(memory.asked, 1);
    { const Block block = pool.allocate(7 * 512); }  // 9 would waste two
    EXPECT_EQ(memory.asked, 2);
    { const Block block = pool.allocate(0); }
    EXPECT_EQ(pool.use().cached, (9u + 7u + 1u) * 512u);
}

TEST(MemoryPool, GivesTheCacheBackBeforeItGivesUp) {
    CountedMemory memory(4096);
    MemoryPool pool(memory);
    { const Block a = pool.allocate(2048), b = pool.allocate(2048); }
    EXPECT_EQ(pool.use().cached, 4096u);
    const Block whole = pool.allocate(4096);  // fits only when both have gone back
    EXPECT_NE(whole.data(), nullptr);
    EXPECT_EQ(pool.use().cached, 0u);
    EXPECT_THROW(pool.allocate(1), Error);
    EXPECT_EQ(pool.use().in_use, 4096u);
}

// A replay of recorded work reads and writes its scratch, which no Block holds any more.
TEST(MemoryPool, KeepsWhatRecordedWorkUses) {
    CountedMemory memory(4096);
    MemoryPool pool(memory, MemoryPool::Shortage::Keep);
    { const Block scratch = pool.allocate(2048); }
    EXPECT_THROW(pool.allocate(4096), Error);
    EXPECT_EQ(pool.use().cached, 2048u);
    EXPECT_EQ(memory.out(), 1u);
}

TEST(MemoryPool, BlocksMoveAndAreGivenBackOnce) {
    CountedMemory memory;
    MemoryPool pool(memory);
    {
        Block a = pool.allocate(512);
        Block b = std::move(a);
        EXPECT_EQ(a.data(), nullptr);
        Block c = pool.allocate(512);
        void* const kept = b.data();
        c = std::move(b);
        EXPECT_EQ(c.data(), kept);
        EXPECT_EQ(pool.use().in_use, 1024u);
    }
    EXPECT_EQ(pool.use().in_use, 0u);
    EXPECT_EQ(pool.use().cached, 1024u);
}

TEST(MemoryPool, ServesThreads) {
    CountedMemory memory;
    MemoryPool pool(memory);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (size_t i = 1; i <= 500; ++i) {
                const Block block = pool.allocate(i * 100);
                *static_cast<size_t*>(block.data()) = i;
                EXPECT_EQ(*static_cast<size_t*>(block.data()), i);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(pool.use().in_use, 0u);
}

}  // namespace
}  // namespace facet::cuda
