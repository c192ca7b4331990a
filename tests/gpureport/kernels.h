// What the compiler says about a kernel, and what follows from it.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace facet::cuda {

// What PTX says of a kernel.
struct PtxFacts {
    int block_threads = 0;                        // the launch bound, ".maxntid 256"
    double flops_float32 = 0, flops_float64 = 0;  // of each instruction once, a multiply-add is two
};

struct KernelUse {
    std::string symbol;        // mangled
    std::string name;          // "rows_kernel<4>", without namespaces and parameters
    std::string architecture;  // "sm_90"
    int registers = 0;         // a thread
    int barriers = 0;
    int shared_bytes = 0;  // static, a block
    int stack_bytes = 0;   // a thread; 0 unless something does not fit in registers
    int spill_bytes = 0;   // stores and loads
    PtxFacts ptx;
};

// A kernel's name of its mangled one: without result type, namespaces and parameters. nvcc and the
// simulator's compiler name unnamed namespaces differently, this does not show them.
std::string short_name(const std::string& symbol);

// Reads what `ptxas -v` printed. Throws Error when a kernel's lines are incomplete.
std::vector<KernelUse> parse_ptxas(const std::string& log);

// By symbol. Where one is there for several architectures, the last counts.
std::map<std::string, PtxFacts> parse_ptx(const std::string& ptx);

// A device's limits and data-sheet figures.
struct DeviceLimits {
    std::string name, architecture;
    int major, minor;
    int multiprocessors, threads_a_multiprocessor, blocks_a_multiprocessor;
    int registers_a_multiprocessor;
    size_t shared_a_block, shared_a_block_optin, shared_reserved;
};

// Reads tests/plans/devices/<name>.json. Throws Error when a field is missing.
DeviceLimits read_limits(const std::string& path);

struct Occupancy {
    int blocks = 0;          // resident on a multiprocessor
    double share = 0;        // of the threads that could be resident
    std::string limited_by;  // "registers", "threads", "blocks", "shared memory"
};

// NVIDIA's own calculation (cuda_occupancy.h). Computed, not measured.
Occupancy occupancy(const KernelUse& kernel, const DeviceLimits& device);

}  // namespace facet::cuda
