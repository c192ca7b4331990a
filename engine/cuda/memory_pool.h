// Memory that is kept for reuse, whatever it is that hands it out: cudaMalloc waits for the whole
// device, so after the first step of a run none may be left.
//
// Blocks are reused in the order of the host's calls. That is right for one stream; a block that
// another stream still reads must be held until that stream's event has been waited for.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>

#include "engine/memory.h"

namespace facet::cuda {

// Where a pool gets its memory.
class MemorySource {
public:
    virtual ~MemorySource() = default;
    virtual void* take(size_t bytes) = 0;  // nullptr when there is not so much
    virtual void give_back(void* data) noexcept = 0;
};

class MemoryPool;

// A block of a pool, given back to it when it goes. Move-only; the pool outlives it.
class Block {
public:
    Block() = default;
    ~Block();
    Block(Block&& other) noexcept;
    Block& operator=(Block&& other) noexcept;
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;

    void* data() const { return data_; }

private:
    friend class MemoryPool;
    Block(MemoryPool& pool, void* data, size_t capacity)
        : pool_(&pool), data_(data), capacity_(capacity) {}

    MemoryPool* pool_ = nullptr;
    void* data_ = nullptr;
    size_t capacity_ = 0;  // bytes
};

class MemoryPool {
public:
    // Capacities are multiples of this many bytes.
    static constexpr size_t granularity = 512;

    // What becomes of cached blocks when the source has no more.
    enum class Shortage {
        Release,
        Keep  // recorded work reads and writes them whenever it is replayed
    };

    explicit MemoryPool(MemorySource& source, Shortage shortage = Shortage::Release)
        : source_(source), shortage_(shortage) {}
    ~MemoryPool() { release_cached(); }
    MemoryPool(const MemoryPool&) = delete;
    MemoryPool& operator=(const MemoryPool&) = delete;

    // Contents undefined. A cached block that wastes at most an eighth, else a new one. When the
    // source has no more, the cached blocks go back to it (Shortage::Release) and it is asked
    // again; throws Error when that does not help either.
    Block allocate(size_t bytes);

    MemoryUse use() const;  // peak: since the start or reset_peak()
    void reset_peak();
    void release_cached();

private:
    friend class Block;
    void give_back(void* data, size_t capacity) noexcept;
    void* fresh(size_t capacity);
    void release_cached_locked();

    MemorySource& source_;
    const Shortage shortage_;
    mutable std::mutex mutex_;
    std::multimap<size_t, void*> free_;  // by capacity
    MemoryUse use_{};
};

}  // namespace facet::cuda
