#include "tests/gpusim/fibers.h"

#include <sys/mman.h>

#include <cstdint>
#include <stdexcept>

#include "tests/gpusim/sim.h"

#ifndef __x86_64__
#error "the simulator switches stacks with x86-64 instructions; add those of this processor here"
#endif

// AddressSanitizer must be told of a switch of stacks. The declarations are weak: in a program
// without it they are null.
extern "C" {
__attribute__((weak)) void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom,
                                                          size_t size);
__attribute__((weak)) void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom,
                                                           size_t* size);
__attribute__((weak)) void __asan_unpoison_memory_region(const volatile void* begin, size_t size);

// What a fiber owns when it is abandoned in the middle, the text of a report say, is lost.
const char* __asan_default_options() { return "detect_leaks=0"; }

// Saves the registers that a function must preserve on the current stack and its pointer in *save;
// goes on from the stack pointer `to`, saved in the same way.
void gpusim_switch_stack(void** save, void* to);
}

__asm__(R"(
.text
.globl gpusim_switch_stack
.type gpusim_switch_stack,@function
gpusim_switch_stack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp,(%rdi)
    movq %rsi,%rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size gpusim_switch_stack,.-gpusim_switch_stack
)");

namespace gpusim {
namespace {

constexpr size_t kStackBytes = 128 << 10;  // AddressSanitizer's frames are large
constexpr size_t kGuardBytes = 4096;       // an overflow faults instead of reaching the next stack

struct Fiber {
    void* stack_pointer;
    void* fake_stack;  // AddressSanitizer's
};
Fiber fibers[kFibers];
Fiber* current;

// The stack of the scheduler, to which fibers return.
Fiber scheduler;
const void* scheduler_bottom;
size_t scheduler_bytes;

// All stacks, side by side; pages are taken from the system when they are first touched.
char* stacks() {
    static char* const memory = [] {
        void* all = mmap(nullptr, kFibers * kStackBytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (all == MAP_FAILED) throw std::runtime_error("no memory for the stacks of fibers");
        for (int i = 0; i < kFibers; ++i)
            mprotect(static_cast<char*>(all) + i * kStackBytes, kGuardBytes, PROT_NONE);
        return static_cast<char*>(all);
    }();
    return memory;
}

char* stack_of(const Fiber& fiber) { return stacks() + (&fiber - fibers) * kStackBytes; }

// The first function on a fiber's stack would return here: to nothing.
using Body = void (*)();
Body bodies[kFibers];

void first_frame() {
    if (__sanitizer_finish_switch_fiber) {
        __sanitizer_finish_switch_fiber(nullptr, &scheduler_bottom, &scheduler_bytes);
    }
    bodies[current - fibers]();
}

void to_scheduler(bool for_good) {
    Fiber* self = current;
    if (__sanitizer_start_switch_fiber) {
        __sanitizer_start_switch_fiber(for_good ? nullptr : &self->fake_stack, scheduler_bottom,
                                       scheduler_bytes);
    }
    gpusim_switch_stack(&self->stack_pointer, scheduler.stack_pointer);
    if (__sanitizer_finish_switch_fiber) {
        __sanitizer_finish_switch_fiber(self->fake_stack, &scheduler_bottom, &scheduler_bytes);
    }
}

}  // namespace

void start_fiber(int i, Body body) {
    bodies[i] = body;
    // What gpusim_switch_stack expects to find: six registers, then where to go on. One word above
    // it, so that the stack is aligned as at any function's entry.
    auto* top = reinterpret_cast<void**>(stack_of(fibers[i]) + kStackBytes - 64);
    *--top = nullptr;
    *--top = reinterpret_cast<void*>(&first_frame);
    for (int k = 0; k < 6; ++k) *--top = nullptr;
    fibers[i] = {top, nullptr};
}

void resume_fiber(int i) {
    current = &fibers[i];
    if (__sanitizer_start_switch_fiber) {
        __sanitizer_start_switch_fiber(&scheduler.fake_stack, stack_of(*current) + kGuardBytes,
                                       kStackBytes - kGuardBytes);
    }
    gpusim_switch_stack(&scheduler.stack_pointer, current->stack_pointer);
    if (__sanitizer_finish_switch_fiber) {
        __sanitizer_finish_switch_fiber(scheduler.fake_stack, nullptr, nullptr);
    }
}

void pause_fiber() { to_scheduler(false); }

void finish_fiber() {
    to_scheduler(true);
    __builtin_unreachable();
}

bool under_address_sanitizer() { return __asan_unpoison_memory_region != nullptr; }

bool on_fiber_stack(const void* address) {
    const auto at = reinterpret_cast<uintptr_t>(address);
    return at - reinterpret_cast<uintptr_t>(stacks()) < kFibers * kStackBytes;
}

void forget_fiber_stacks() {
    if (__asan_unpoison_memory_region) {
        for (const Fiber& fiber : fibers)
            __asan_unpoison_memory_region(stack_of(fiber) + kGuardBytes, kStackBytes - kGuardBytes);
    }
}

}  // namespace gpusim
