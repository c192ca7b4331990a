// What every kernel file includes first: one source for two compilers.
//
// nvcc compiles the kernels for the GPU. g++ compiles the same files for the simulator
// (tests/gpusim), whose folder tests/gpusim/include then stands in for CUDA's headers. What has
// no spelling that both accept is a macro here.
#pragma once

#include <cuda_runtime.h>

#if defined(__CUDACC__)
#define FACET_LAUNCH(kernel, grid, block, shared_bytes, stream) \
    (kernel)<<<(grid), (block), (shared_bytes), (stream)>>>
#define FACET_DYNAMIC_SHARED(T, name)                                     \
    extern __shared__ __align__(16) unsigned char dynamic_shared_bytes[]; \
    T* name = reinterpret_cast<T*>(dynamic_shared_bytes)
// Before a loop: two iterations at once. The compiler's own choice may take all registers and
// spill.
#define FACET_UNROLL_TWICE _Pragma("unroll 2")
// What a vector access demands of its address; only the simulator checks it.
#define FACET_ALIGNED(address, bytes) static_cast<void>(0)
#else
#define FACET_LAUNCH GPUSIM_LAUNCH
#define FACET_DYNAMIC_SHARED(T, name) T* name = static_cast<T*>(gpusim::dynamic_shared())
#define FACET_UNROLL_TWICE
#define FACET_ALIGNED(address, bytes) gpusim::require_aligned(address, bytes, gpusim::Place::here())
#endif
