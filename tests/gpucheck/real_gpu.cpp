// What the kernel tests of tests/gpusim ask of the simulator, given by a GPU: the same tests then
// run on it. Their arrays lie in managed memory, which host and GPU share, and every launch is
// waited for.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdlib>

#include "engine/cuda/cuda_check.h"
#include "tests/gpusim/sim.h"

namespace gpusim {
namespace {

// Read when the driver starts, which is after this.
const int launches_block = setenv("CUDA_LAUNCH_BLOCKING", "1", 1);

}  // namespace

void* allocate(size_t bytes) {
    void* memory = nullptr;
    FACET_CUDA(cudaMallocManaged(&memory, std::max<size_t>(bytes, 1)));
    return memory;
}

void release(void* memory) {
    FACET_CUDA_WARN(cudaDeviceSynchronize());
    FACET_CUDA_WARN(cudaFree(memory));
}

void set_order(Order, uint64_t) {}  // the GPU's own

}  // namespace gpusim
