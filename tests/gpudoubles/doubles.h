// Doubles of the CUDA runtime, of cuBLAS and of cuDNN's execution: the CUDA device's own code,
// compiled against NVIDIA's headers, is linked with these in the libraries' place and runs on the
// CPU.
//
// What they are strict about:
//   - Work is lazy. A copy, a kernel, a product is only queued; it runs when the host waits for it,
//     as late as a GPU could run it (queue.h). Who reads a result too early, or writes a buffer
//     that a queued copy still reads, gets wrong numbers. Streams are ordered by events alone.
//   - Device memory cannot be touched by host code: it is mapped without access but while queued
//     work runs (memory.h). Fresh blocks and freed ones hold NaN.
//   - Arguments that the real libraries refuse or that would overrun an allocation are refused and
//     reported.
//   - A program that ends with reports that nobody took prints them and fails.
//
// Kernels are compiled for the simulated GPU (tests/gpusim), without its checks of every access.
// cuDNN's descriptors, heuristics and plans are the real library's, for a described H100; only the
// execution of a plan is a double's, from what was said to the library about the operation.
//
// What this does not show: that the libraries compute what the doubles compute, and speed.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace gpudoubles {

// When queued work runs. A right program computes the same with both.
enum class Schedule {
    Late,  // only what the host's wait demands, of other streams only what events demand
    Early  // at once
};
void set_schedule(Schedule schedule);

// Pieces of work that are queued and have not run.
size_t waiting_work();

// What was done wrong since the last call, a line each. Lines that nobody takes are printed when
// the program ends, and it fails.
std::vector<std::string> take_reports();

// What exists now, for who compares it with what existed before.
struct Holdings {
    size_t device_blocks, pinned_blocks, streams, events, graphs, handles;
    bool operator==(const Holdings&) const = default;
};
Holdings holdings();

// Bytes of device memory that can be allocated at a time; 8 GiB at the start.
void set_memory_limit(size_t bytes);

// Thrown where no status can be returned, for example by queued work that cannot run.
class Misuse : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Faults of a caller, put in on the way to the libraries: a test that matters must fail with them.
// The environment variable FACET_DOUBLES_FAULT names one for a whole program.
enum class Fault {
    None,
    ShiftedPadding,   // "shifted-padding": all padding of a convolution after, none before
    PlainStrides,     // "plain-strides": a convolution's first tensor as if channels came first
    IgnoredBeta,      // "ignored-beta": convolutions overwrite where they should add
    TransposedGemm,   // "transposed-gemm": the first operand the other way round
    LostWait,         // "lost-wait": a stream does not wait for an event
    LostSynchronise,  // "lost-synchronise": the host does not wait for a stream
    StaleUpload       // "stale-upload": a second copy to the same device memory does not happen
};
Fault set_fault(Fault fault);  // returns the one before

}  // namespace gpudoubles
