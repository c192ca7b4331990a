// Copies between arrays of the host and device memory, through pinned blocks, so that the host goes
// on while the device copies.
//
// Verified with a double of the runtime (tests/gpudoubles), not yet run on a GPU.
#pragma once

#include <deque>
#include <span>

#include "engine/cuda/memory_pool.h"
#include "engine/cuda/runtime.h"
#include "engine/download.h"

namespace facet::cuda {

class Transfers {
public:
    // The stream of the device's work and the pool of pinned memory outlive it.
    Transfers(const Stream& work, MemoryPool& pinned) : work_(work), pinned_(pinned) {}

    // In the order of the work. `host` may be changed as soon as it returns.
    void upload(void* device, const void* host, size_t bytes);
    // Beside the work that is enqueued after it, on a stream of its own; work that needs the copy
    // is enqueued after await_uploads().
    void upload_beside(void* device, const void* host, size_t bytes);
    void await_uploads();
    // Waits for all work before it, once for all the pieces; not at all if they are empty.
    void download(std::span<const Download> pieces);
    void download(void* host, const void* device, size_t bytes) {
        const Download piece{host, device, bytes};
        download({&piece, 1});
    }

private:
    struct Pending {
        Event passed;
        Block staging;
    };

    void enqueue(void* device, const void* host, size_t bytes, const Stream& stream);
    void forget_passed();

    const Stream& work_;
    MemoryPool& pinned_;
    Stream beside_;
    Event work_before_, uploaded_;
    bool waiting_ = false;         // an upload beside the work has not been waited for
    std::deque<Pending> pending_;  // staging blocks that a copy may still read
};

}  // namespace facet::cuda
