// Host memory for tensors: aligned blocks that are kept for reuse.
//
// Every training step asks for the same sizes in the same order, so after the first step no block
// comes from the operating system any more; fresh pages would cost more than the arithmetic on
// them. Blocks of 4 MiB and more are aligned to 2 MiB and ask for huge pages. Blocks of up to a
// page (4 KiB) are neither kept nor counted.
#pragma once

#include <cstddef>
#include <memory>

namespace facet {

// A block of host memory, given back to the pool when it goes. Move-only.
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(size_t bytes);  // contents undefined; throws Error when memory is exhausted
    ~Buffer();
    Buffer(Buffer&& other) noexcept;
    Buffer& operator=(Buffer&& other) noexcept;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    void* data() const { return data_; }

private:
    void* data_ = nullptr;
    size_t capacity_ = 0;  // bytes
};

// A block that is shared, for tensors.
std::shared_ptr<void> share_buffer(size_t bytes);

struct MemoryUse {
    size_t in_use;  // bytes held by live buffers
    size_t peak;    // the largest in_use since start or reset_peak_memory()
    size_t cached;  // bytes kept for reuse
};

MemoryUse memory_use();
void reset_peak_memory();
void release_cached_memory();  // gives every cached block back to the operating system

}  // namespace facet
