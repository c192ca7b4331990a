// Device memory, and what else an address can be.
#include <fmt/format.h>
#include <sys/mman.h>

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

// Pages for an allocation and one more, so that no host memory begins where it ends.
size_t mapped_bytes(size_t bytes) {
    constexpr size_t page = 4096;
    return (bytes + page - 1) / page * page + page;
}

}  // namespace

void* allocate(size_t bytes) {
    void* memory = nullptr;
    if (under_address_sanitizer()) {
        memory = std::malloc(bytes);  // exactly, so that the sanitizer sees the end
    } else {
        memory = mmap(nullptr, mapped_bytes(bytes), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) memory = nullptr;
    }
    if (!memory) throw std::bad_alloc();
    allocations()[reinterpret_cast<uintptr_t>(memory)] = bytes;
    return memory;
}

void release(void* memory) {
    const auto allocation = allocations().find(reinterpret_cast<uintptr_t>(memory));
    if (under_address_sanitizer()) {
        std::free(memory);
    } else {
        munmap(memory, mapped_bytes(allocation->second));
    }
    allocations().erase(allocation);
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
