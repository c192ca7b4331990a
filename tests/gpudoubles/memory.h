// The memory of the doubled device, and what is known of host memory that it may copy from.
#pragma once

#include <cstddef>
#include <string>

namespace gpudoubles {

struct Allocation {
    char* begin = nullptr;
    size_t bytes = 0;
    bool live = false;
};

// Null when the limit is reached. Aligned to 256 bytes. Holds NaN, after it is freed too; its
// address is not used again.
void* allocate_device(size_t bytes);
// False when that address was not allocated, or is freed already.
bool free_device(void* data);

bool on_device(const void* address);  // live, freed, or between allocations
// The allocation, live or freed, that an address lies in; bytes = 0 if there is none.
Allocation find_allocation(const void* address);
// Empty if [address, address + bytes) lies in one live allocation, else what is wrong.
std::string device_range_fault(const void* address, size_t bytes);

void* allocate_pinned(size_t bytes);
bool free_pinned(void* data);

size_t device_bytes_in_use();
size_t device_memory_limit();
size_t device_blocks();  // live
size_t pinned_blocks();

// While one exists the host's processor may access device memory: queued work runs. They nest.
class Unlocked {
public:
    Unlocked();
    ~Unlocked();
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;
};
// The work that runs now, named when it touches device memory that is not allocated.
void name_running_work(const std::string& name);

}  // namespace gpudoubles
