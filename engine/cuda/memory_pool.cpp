#include "engine/cuda/memory_pool.h"

#include <algorithm>
#include <new>
#include <tuple>
#include <utility>

#include "engine/out_of_memory.h"

namespace facet::cuda {

Block::~Block() {
    if (data_) pool_->give_back(data_, capacity_);
}

Block::Block(Block&& other) noexcept
    : pool_(other.pool_),
      data_(std::exchange(other.data_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Block& Block::operator=(Block&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    return *this;
}

Block MemoryPool::allocate(size_t bytes) {
    const std::scoped_lock lock(mutex_);
    size_t capacity = (std::max<size_t>(bytes, 1) + granularity - 1) / granularity * granularity;
    void* data = nullptr;
    const auto cached = free_.lower_bound(capacity);
    if (cached != free_.end() && cached->first <= capacity + capacity / 8) {
        std::tie(capacity, data) = *cached;
        free_.erase(cached);
        use_.cached -= capacity;
    } else {
        data = fresh(capacity);
    }
    use_.in_use += capacity;
    use_.peak = std::max(use_.peak, use_.in_use);
    return {*this, data, capacity};
}

void* MemoryPool::fresh(size_t capacity) {
    void* data = source_.take(capacity);
    if (!data && shortage_ == Shortage::Release && !free_.empty()) {
        release_cached_locked();
        data = source_.take(capacity);
    }
    if (!data) {
        throw OutOfMemory(
            fmt::format("out of device memory: {} MiB asked for, {} MiB in use, {} MiB cached",
                        capacity >> 20, use_.in_use >> 20, use_.cached >> 20));
    }
    return data;
}

void MemoryPool::give_back(void* data, size_t capacity) noexcept {
    const std::scoped_lock lock(mutex_);
    use_.in_use -= capacity;
    try {
        free_.emplace(capacity, data);
        use_.cached += capacity;
    } catch (const std::bad_alloc&) {  // no host memory to remember it by
        source_.give_back(data);
    }
}

MemoryUse MemoryPool::use() const {
    const std::scoped_lock lock(mutex_);
    return use_;
}

void MemoryPool::reset_peak() {
    const std::scoped_lock lock(mutex_);
    use_.peak = use_.in_use;
}

void MemoryPool::release_cached() {
    const std::scoped_lock lock(mutex_);
    release_cached_locked();
}

void MemoryPool::release_cached_locked() {
    for (const auto& [capacity, data] : free_) source_.give_back(data);
    free_.clear();
    use_.cached = 0;
}

}  // namespace facet::cuda
