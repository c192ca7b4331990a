// Fibers: functions with a stack of their own that can pause in the middle and go on later.
//
// One runs at a time; switching is a dozen instructions, so a block of 1024 CUDA threads costs
// little more than 1024 function calls.
#pragma once

#include <cstddef>

namespace gpusim {

constexpr int kFibers = 1024;  // the most threads a block may have

// Makes fiber `i` start anew: the next resume(i) calls body(). `body` must end in finish_fiber().
void start_fiber(int i, void (*body)());

// Runs fiber `i` until it pauses or finishes.
void resume_fiber(int i);

// Called on a fiber: back to the caller of resume_fiber.
void pause_fiber();
[[noreturn]] void finish_fiber();

// Whether an address lies on a fiber's stack: memory of one thread alone.
bool on_fiber_stack(const void* address);

// After fibers were left in the middle for good, forgets what AddressSanitizer knows of their
// stacks.
void forget_fiber_stacks();

}  // namespace gpusim
