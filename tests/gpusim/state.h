// What the parts of the simulator know of the launch that is running.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <vector>

#include "tests/gpusim/include/cuda_runtime.h"

namespace gpusim {

enum class Waiting { ForNothing, AtBarrier, AtWarpOperation, Exited };

struct Thread {
    uint3 index;  // threadIdx
    int number;   // x fastest, then y, then z; warps are runs of 32
    Waiting waiting = Waiting::ForNothing;
    Place place = {nullptr, 0};  // of its last barrier or warp operation
};

// The lanes that named one mask in a warp operation. A fast lane may come to the next operation
// while a slow one still reads this one's words, never further: two sets of words are enough.
struct LaneGroup {
    unsigned mask;
    unsigned arrived = 0;
    int turn = 0;
    uint64_t words[2][32] = {};
    Place place = {nullptr, 0};
};

struct Warp {
    unsigned lanes = 0;   // that exist
    unsigned exited = 0;  // that have left the kernel
    unsigned epoch = 0;   // rises when all lanes pass a __syncwarp
    std::list<LaneGroup> groups;
};

struct Run {
    bool active = false;
    std::string kernel;
    dim3 grid, block;
    void* parameters = nullptr;  // the kernel's arguments
    size_t parameter_bytes = 0;
    void* shared = nullptr;  // dynamic shared memory
    size_t shared_bytes = 0;

    uint3 block_index{};
    uint64_t block_number = 0;
    std::vector<Thread> threads;
    std::vector<Warp> warps;
    std::deque<int> ready;  // threads that wait for nothing, in the order they became so
    Thread* current = nullptr;
    int at_barrier = 0, exited = 0;
    Place barrier_place = {nullptr, 0};  // where the first one waits
    unsigned barrier_epoch = 0;          // rises when all threads pass a __syncthreads

    std::string failure;  // not empty: the launch is being abandoned
};
extern Run run;

void make_ready(Thread& thread);

// Called on a thread: it waits, others run.
void wait(Waiting what, Place place);

// Called on a thread that did something wrong: the launch is abandoned and throws Failure.
[[noreturn]] void fail(std::string what);

bool same(const Place& a, const Place& b);
std::string describe(const uint3& index);   // "(1,2,3)"
std::string describe(const Place& place);   // "reduce.cuh:12"
std::string source_line(const void* code);  // of an instruction's address, "file:line"

// warp.cpp: what an exit means for the lanes that wait for this one.
void leave_warp(const Thread& thread);

const char* order_name();  // of the threads: "forward", "reverse", "random"

// accesses.cpp: forgets the accesses of earlier launches; throws Failure if this one raced.
void begin_access_checks();
void end_access_checks();
// Called after a launch in which nothing was wrong; null at the start.
extern void (*after_launch)();

// memory.cpp
struct Allocation {
    uintptr_t begin;
    size_t bytes;
};
// The last allocation that begins at or before an address; bytes = 0 if there is none.
Allocation allocation_before(uintptr_t address);
// Whether bytes lie in the program's zero-initialised variables, where static __shared__ arrays
// are.
bool in_static_shared(uintptr_t address);
uintptr_t program_begin();  // where it was loaded
bool in_program(uintptr_t address);

}  // namespace gpusim
