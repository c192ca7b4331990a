// Device memory, and what else an address can be.
#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <new>

#include "tests/gpusim/sim.h"
#include "tests/gpusim/state.h"

// Set by the linker: where the program begins, where its zero-initialised variables are.
extern "C" char __executable_start, __bss_start, _end;

namespace gpusim {
namespace {

std::map<uintptr_t, size_t>& allocations() {
    static std::map<uintptr_t, size_t> all;
    return all;
}

}  // namespace

void* allocate(size_t bytes) {
    void* memory = std::malloc(bytes);  // exactly, so that AddressSanitizer sees the end
    if (!memory) throw std::bad_alloc();
    allocations()[reinterpret_cast<uintptr_t>(memory)] = bytes;
    return memory;
}

void release(void* memory) {
    allocations().erase(reinterpret_cast<uintptr_t>(memory));
    std::free(memory);
}

void require_aligned(const void* address, int bytes, Place place) {
    if (reinterpret_cast<uintptr_t>(address) % bytes == 0) return;
    fail(fmt::format("accesses {} bytes at an address that is not a multiple of {}, at {}", bytes,
                     bytes, describe(place)));
}

Allocation allocation_before(uintptr_t address) {
    auto after = allocations().upper_bound(address);
    if (after == allocations().begin()) return {0, 0};
    --after;
    return {after->first, after->second};
}

bool in_static_shared(uintptr_t address) {
    return address >= reinterpret_cast<uintptr_t>(&__bss_start) &&
           address < reinterpret_cast<uintptr_t>(&_end);
}

uintptr_t program_begin() { return reinterpret_cast<uintptr_t>(&__executable_start); }

bool in_program(uintptr_t address) {
    return address >= program_begin() && address < reinterpret_cast<uintptr_t>(&_end);
}

}  // namespace gpusim
