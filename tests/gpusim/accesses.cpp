// Checks every access of an instrumented kernel: is the memory its own, is it aligned, does it
// race with another thread's.
//
// -fsanitize=thread makes a kernel call __tsan_read4(address) and so on before each access; the
// functions are defined at the end of this file. Two accesses of one place race when at least one
// writes, not both are atomic, and nothing orders them:
//   threads of one block     a __syncthreads lies between, or in one warp a __syncwarp
//   threads of two blocks    nothing within a launch orders them
// What is remembered a place is the last write and four readers, enough to find a race of any two
// threads whatever the order in which they ran.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <unordered_map>

#include "tests/gpusim/fibers.h"
#include "tests/gpusim/sim.h"
#include "tests/gpusim/state.h"

namespace gpusim {
namespace {

struct Access {
    uint64_t block = 0;
    int thread = -1;  // -1: there was none
    unsigned barrier_epoch = 0, warp_epoch = 0;
    uint8_t bytes = 0;  // which of the word's four
    bool atomic = false;
    const void* code = nullptr;

    int warp() const { return thread / 32; }
};

// A word of four bytes. Readers: the last one; and the last before it in another thread of its
// warp, in another warp of its block, in another block.
struct Word {
    Access write;
    Access readers[4];
};

bool instrumented = false;
uint64_t access_count = 0;
std::unordered_map<uintptr_t, Word> words;
std::string races;
int race_count = 0;

void remember_reader(Word& word, const Access& access) {
    const Access last = word.readers[0];
    if (last.thread >= 0) {
        if (last.block != access.block) {
            word.readers[3] = last;
        } else if (last.warp() != access.warp()) {
            word.readers[2] = last;
        } else if (last.thread != access.thread) {
            word.readers[1] = last;
        }
    }
    word.readers[0] = access;
}

bool race(const Access& before, const Access& now, bool shared) {
    if (before.thread < 0 || !(before.bytes & now.bytes)) return false;
    if (before.atomic && now.atomic) return false;
    if (before.block != now.block) return !shared;  // every block has its own shared memory
    if (before.thread == now.thread || before.barrier_epoch != now.barrier_epoch) return false;
    return before.warp() != now.warp() || before.warp_epoch == now.warp_epoch;
}

std::string describe_access(const char* kind, const Access& access) {
    const unsigned n = static_cast<unsigned>(access.thread);
    const uint3 thread{n % run.block.x, n / run.block.x % run.block.y,
                       n / (run.block.x * run.block.y)};
    const auto b = access.block;
    const uint3 block{static_cast<unsigned>(b % run.grid.x),
                      static_cast<unsigned>(b / run.grid.x % run.grid.y),
                      static_cast<unsigned>(b / run.grid.x / run.grid.y)};
    return fmt::format("{}{} by thread {} of block {} at {}", access.atomic ? "atomic " : "", kind,
                       describe(thread), describe(block), source_line(access.code));
}

void report_race(const char* kind_before, const Access& before, const char* kind_now,
                 const Access& now, bool shared) {
    if (++race_count > 3) return;  // one missing barrier makes thousands
    races += fmt::format("race in kernel {}, {} memory: {}, then {}, and nothing orders them\n",
                         run.kernel, shared ? "shared" : "global",
                         describe_access(kind_before, before), describe_access(kind_now, now));
}

// The bytes of [address, address + size) in the four-byte word that begins at `word`, as bits.
uint8_t bytes_in_word(uintptr_t word, uintptr_t address, size_t size) {
    uint8_t bits = 0;
    for (int i = 0; i < 4; ++i)
        if (word + i >= address && word + i < address + size) bits |= 1 << i;
    return bits;
}

void check_race(uintptr_t address, size_t size, bool is_write, bool is_atomic, bool shared,
                const void* code) {
    const Thread& thread = *run.current;
    Access access{run.block_number,
                  thread.number,
                  run.barrier_epoch,
                  run.warps[thread.number / 32].epoch,
                  uint8_t{0},
                  is_atomic,
                  code};
    for (uintptr_t at = address & ~uintptr_t{3}; at < address + size; at += 4) {
        Word& word = words[at];
        access.bytes = bytes_in_word(at, address, size);
        const char* kind = is_write ? "write" : "read";
        if (race(word.write, access, shared)) {
            report_race("write", word.write, kind, access, shared);
        } else if (is_write) {
            for (const Access& reader : word.readers) {
                if (!race(reader, access, shared)) continue;
                report_race("read", reader, kind, access, shared);
                break;
            }
        } else if (shared && (word.write.thread < 0 || word.write.block != access.block)) {
            fail("reads shared memory that no thread of its block has written, at " +
                 source_line(code));
        }
        if (is_write) {
            word.write = access;
        } else {
            remember_reader(word, access);
        }
    }
}

[[noreturn]] void fail_illegal(uintptr_t address, size_t size, bool is_write, const void* code) {
    const Allocation before = allocation_before(address);
    const uintptr_t end = before.begin + before.bytes;
    const bool near = before.bytes > 0 && address + size > end && address < end + 4096;
    fail(fmt::format("{} {} bytes outside device memory at {}: {}", is_write ? "writes" : "reads",
                     size, source_line(code),
                     near ? fmt::format("{} bytes past the start of an allocation of {} bytes",
                                        address - before.begin, before.bytes)
                          : "a host pointer, or none at all"));
}

bool contains(uintptr_t begin, size_t bytes, uintptr_t address, size_t size) {
    return address >= begin && address + size <= begin + bytes;
}

// `alignment`: what the address must be a multiple of.
void check(const void* pointer, size_t size, size_t alignment, bool is_write, bool is_atomic,
           const void* code) {
    if (!run.active || !run.current || on_fiber_stack(pointer)) return;
    const auto address = reinterpret_cast<uintptr_t>(pointer);
    const auto parameters = reinterpret_cast<uintptr_t>(run.parameters);
    if (contains(parameters, run.parameter_bytes, address, size)) return;
    ++access_count;

    const auto dynamic = reinterpret_cast<uintptr_t>(run.shared);
    const bool shared =
        contains(dynamic, run.shared_bytes, address, size) || in_static_shared(address);
    if (!shared) {
        if (in_program(address) && !is_write) return;  // constants
        const Allocation allocation = allocation_before(address);
        if (!contains(allocation.begin, allocation.bytes, address, size))
            fail_illegal(address, size, is_write, code);
    }
    if (address % alignment != 0) {
        fail(fmt::format("{} {} bytes at an address that is not a multiple of {}, at {}",
                         is_write ? "writes" : "reads", size, alignment, source_line(code)));
    }
    check_race(address, size, is_write, is_atomic, shared, code);
}

}  // namespace

void (*after_launch)() = nullptr;

bool kernels_are_instrumented() { return instrumented; }
uint64_t accesses_checked() { return access_count; }

void begin_access_checks() {
    words.clear();  // launches on one stream are ordered
    races.clear();
    race_count = 0;
}

void end_access_checks() {
    if (race_count > 0) throw Failure(fmt::format("{}{} races in all", races, race_count));
    if (after_launch) after_launch();
}

void note_atomic(const void* address, int bytes) {
    if (instrumented) check(address, bytes, bytes, true, true, __builtin_return_address(0));
}

std::string source_line(const void* code) {
    // The address is where the access returns to: one byte before it is still in the access.
    const auto offset = reinterpret_cast<uintptr_t>(code) - 1 - program_begin();
    const std::string command =
        fmt::format("addr2line -s -e /proc/{}/exe {:#x} 2>/dev/null", getpid(), offset);
    std::string line;
    if (FILE* output = popen(command.c_str(), "r")) {
        char text[256] = "";
        if (fgets(text, sizeof text, output)) line = text;
        pclose(output);
    }
    const size_t end = line.find_first_of(" \n");
    return line.empty() ? "an unknown line" : line.substr(0, end);
}

}  // namespace gpusim

// The compiler's callbacks.
#define GPUSIM_ACCESS(name, size, is_write)                                         \
    extern "C" void name(void* p) {                                                 \
        gpusim::check(p, size, size, is_write, false, __builtin_return_address(0)); \
    }
#define GPUSIM_ACCESSES(size)                               \
    GPUSIM_ACCESS(__tsan_read##size, size, false)           \
    GPUSIM_ACCESS(__tsan_write##size, size, true)           \
    GPUSIM_ACCESS(__tsan_unaligned_read##size, size, false) \
    GPUSIM_ACCESS(__tsan_unaligned_write##size, size, true)
GPUSIM_ACCESSES(1)
GPUSIM_ACCESSES(2)
GPUSIM_ACCESSES(4)
GPUSIM_ACCESSES(8)
GPUSIM_ACCESSES(16)

extern "C" {
void __tsan_init() { gpusim::instrumented = true; }
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_read_range(void* p, unsigned long size) {
    gpusim::check(p, size, 1, false, false, __builtin_return_address(0));
}
void __tsan_write_range(void* p, unsigned long size) {
    gpusim::check(p, size, 1, true, false, __builtin_return_address(0));
}
// clang's names for copies of structures and for arrays that are set.
// Of reference counts in the host's part of a file of kernels; kernels have atomicAdd().
int __tsan_atomic32_fetch_add(volatile int* at, int value, int /*order*/) {
    return __atomic_fetch_add(at, value, __ATOMIC_ACQ_REL);
}
void* __tsan_memcpy(void* to, const void* from, unsigned long size) {
    gpusim::check(from, size, 1, false, false, __builtin_return_address(0));
    gpusim::check(to, size, 1, true, false, __builtin_return_address(0));
    return std::memcpy(to, from, size);
}
void* __tsan_memmove(void* to, const void* from, unsigned long size) {
    gpusim::check(from, size, 1, false, false, __builtin_return_address(0));
    gpusim::check(to, size, 1, true, false, __builtin_return_address(0));
    return std::memmove(to, from, size);
}
void* __tsan_memset(void* to, int byte, unsigned long size) {
    gpusim::check(to, size, 1, true, false, __builtin_return_address(0));
    return std::memset(to, byte, size);
}
}
