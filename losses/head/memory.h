// The memory in which a head works: the host's, or that of a device that works beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/download.h"
#include "engine/ledger.h"

namespace facet {

// What is enqueued here is done in the order of the calls.
class HeadMemory {
public:
    virtual ~HeadMemory() = default;

    // Contents undefined; free when the last owner is gone and the work before that is done.
    virtual std::shared_ptr<void> allocate(std::size_t bytes) = 0;
    // The host's bytes may change once it returns.
    virtual void upload(void* to, const void* host, std::size_t bytes) = 0;
    // Waits until the bytes are there, once for all the pieces.
    virtual void download(std::span<const Download> pieces) = 0;
    void download(void* host, const void* from, std::size_t bytes) {
        const Download piece{host, from, bytes};
        download({&piece, 1});
    }
    // For scopes of the ledger; null: the host's.
    virtual DeviceClock* clock() { return nullptr; }
};

// `count` numbers in such a memory.
template <class T>
class HeadArray {
public:
    HeadArray() = default;
    HeadArray(HeadMemory& memory, std::int64_t count)
        : memory_(&memory), numbers_(memory.allocate(count * sizeof(T))), count_(count) {}
    HeadArray(HeadMemory& memory, const T* values, std::int64_t count) : HeadArray(memory, count) {
        memory.upload(data(), values, bytes());
    }

    T* data() const { return static_cast<T*>(numbers_.get()); }
    std::int64_t count() const { return count_; }
    std::size_t bytes() const { return count_ * sizeof(T); }

    // All of them to `values`, for HeadMemory::download().
    Download into(std::vector<T>& values) const {
        values.resize(count_);
        return {values.data(), data(), bytes()};
    }
    std::vector<T> to_vector() const {
        std::vector<T> values(count_);
        memory_->download(values.data(), data(), bytes());
        return values;
    }

private:
    HeadMemory* memory_ = nullptr;
    std::shared_ptr<void> numbers_;
    std::int64_t count_ = 0;
};

}  // namespace facet
