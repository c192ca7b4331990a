#include "engine/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>

#include "engine/out_of_memory.h"

namespace facet {
namespace {

constexpr size_t cache_line = 64;
constexpr size_t huge_page = size_t{2} << 20;
constexpr size_t page = 4096;

size_t rounded_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

class Pool {
public:
    // The smallest cached block that wastes at most an eighth, else a new one.
    std::pair<void*, size_t> take(size_t bytes) {
        const std::scoped_lock lock(mutex_);
        const size_t wanted = rounded_up(bytes, cache_line);
        auto block = free_.lower_bound(wanted);
        if (block != free_.end() && block->first <= wanted + wanted / 8) {
            const auto [capacity, data] = *block;
            free_.erase(block);
            cached_ -= capacity;
            count(capacity);
            return {data, capacity};
        }
        void* data = fresh(wanted);
        count(wanted);
        return {data, wanted};
    }

    void give_back(void* data, size_t capacity) {
        const std::scoped_lock lock(mutex_);
        in_use_ -= capacity;
        cached_ += capacity;
        free_.emplace(capacity, data);
    }

    void release() {
        const std::scoped_lock lock(mutex_);
        release_locked();
    }

    MemoryUse use() {
        const std::scoped_lock lock(mutex_);
        return {in_use_, peak_, cached_};
    }

    void reset_peak() {
        const std::scoped_lock lock(mutex_);
        peak_ = in_use_;
    }

private:
    void* fresh(size_t bytes) {
        const bool large = bytes >= 2 * huge_page;
        const size_t alignment = large ? huge_page : cache_line;
        const size_t rounded = rounded_up(bytes, alignment);
        void* data = std::aligned_alloc(alignment, rounded);
        if (!data) {
            release_locked();
            data = std::aligned_alloc(alignment, rounded);
        }
        if (!data) {
            throw OutOfMemory(fmt::format("out of memory: could not allocate {} MiB, {} MiB in use",
                                          bytes >> 20, in_use_ >> 20));
        }
        if (large) madvise(data, rounded, MADV_HUGEPAGE);
        return data;
    }

    void release_locked() {
        for (const auto& [capacity, data] : free_) std::free(data);
        free_.clear();
        cached_ = 0;
    }

    void count(size_t bytes) {
        in_use_ += bytes;
        peak_ = std::max(peak_, in_use_);
    }

    std::mutex mutex_;
    std::multimap<size_t, void*> free_;  // capacity in bytes -> block
    size_t in_use_ = 0, peak_ = 0, cached_ = 0;
};

// Never destroyed: buffers held by objects of static life time may outlive everything else.
Pool& pool() {
    static Pool* const instance = new Pool;
    return *instance;
}

}  // namespace

// Small blocks are left to malloc, which serves each thread by itself: proofs make millions of them
// on all threads, and would wait for the pool's lock.
Buffer::Buffer(size_t bytes) {
    if (bytes > page) {
        std::tie(data_, capacity_) = pool().take(bytes);
        return;
    }
    capacity_ = rounded_up(std::max<size_t>(bytes, 1), cache_line);
    data_ = std::aligned_alloc(cache_line, capacity_);
    if (!data_) throw OutOfMemory("out of memory");
}

Buffer::~Buffer() {
    if (data_ && capacity_ > page) {
        pool().give_back(data_, capacity_);
    } else {
        std::free(data_);
    }
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), capacity_(std::exchange(other.capacity_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    return *this;
}

std::shared_ptr<void> share_buffer(size_t bytes) {
    const auto buffer = std::make_shared<Buffer>(bytes);
    return {buffer, buffer->data()};
}

MemoryUse memory_use() { return pool().use(); }
void reset_peak_memory() { pool().reset_peak(); }
void release_cached_memory() { pool().release(); }

}  // namespace facet
