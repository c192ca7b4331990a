// The dialect of C++ that CUDA kernels are written in, for an ordinary compiler.
//
// The simulator's build puts this folder on the include path, so that a kernel's
// `#include <cuda_runtime.h>` finds this file where nvcc finds NVIDIA's. Keywords become nothing or
// plain C++, threadIdx and its like ask the simulator, barriers and shuffles hand control to it.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>

#include "cuda_runtime_api.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
// One block runs at a time, in one thread of the operating system: a static local is its storage.
#define __shared__ static

struct uint3 {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};

namespace gpusim {

// Where in the source a kernel called; filled in by default arguments.
struct Place {
    const char* file;
    int line;
    static constexpr Place here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
        return {file, line};
    }
};

uint3 thread_index();
uint3 block_index();
dim3 block_size();
dim3 grid_size();
void* dynamic_shared();  // exactly the bytes of the launch, 16-byte aligned

void barrier(Place place);  // of the block

// What the lanes of a mask brought to a warp operation, a word a lane. Valid until this lane's
// next warp operation. `orders_memory`: reads and writes before it happen before those after it.
const uint64_t* exchange(unsigned mask, uint64_t word, bool orders_memory, Place place);
int lane();
[[noreturn]] void fail_shuffle(unsigned mask, int source, Place place);

// A vector access needs an address that is a multiple of its size. The compiler may split it into
// smaller ones that do not, so kernels state it (FACET_ALIGNED).
void require_aligned(const void* address, int bytes, Place place);

// Tells the race checker of an atomic access, which races with plain ones only.
void note_atomic(const void* address, int bytes);

// Values travel between lanes as 64-bit words.
template <class T>
__attribute__((no_sanitize("thread"))) uint64_t to_word(T value) {
    static_assert(sizeof(T) <= sizeof(uint64_t) && std::is_trivially_copyable_v<T>);
    uint64_t word = 0;
    std::memcpy(&word, &value, sizeof(T));
    return word;
}

// The value that lane `source` of the caller's section of `width` lanes holds; the caller's own
// where the section has no such lane.
template <class T>
__attribute__((no_sanitize("thread"))) T shuffle(unsigned mask, T value, int offset, int width,
                                                 Place place) {
    const uint64_t* words = exchange(mask, to_word(value), false, place);
    if (offset < 0 || offset >= width) return value;
    const int source = (lane() & ~(width - 1)) + offset;
    if (!(mask >> source & 1)) fail_shuffle(mask, source, place);
    T found;
    std::memcpy(&found, &words[source], sizeof(T));
    return found;
}

template <class T, class Update>
__attribute__((no_sanitize("thread"))) T atomically(T* address, Update update) {
    note_atomic(address, sizeof(T));
    const T old = *address;
    *address = update(old);
    return old;
}

// A kernel with its grid and its arguments, copied as a real launch copies them.
struct Call {
    const char* kernel;
    dim3 grid, block;
    size_t shared_bytes;
    void (*body)(void* parameters);
    void* parameters;
    size_t parameter_bytes;
    void (*release)(void* parameters);
};

// Runs the call, or hands it to whoever keeps the streams (sim.h, set_queue); then releases it.
void launch(const Call& call, cudaStream_t stream);

// A launch waiting for its arguments.
template <class... Parameters>
struct Launch {
    void (*kernel)(Parameters...);
    const char* name;
    dim3 grid, block;
    size_t shared_bytes;
    cudaStream_t stream;

    struct Packed {
        void (*kernel)(Parameters...);
        std::tuple<Parameters...> arguments;
    };
    template <class... Arguments>
    void operator()(Arguments&&... arguments) const {
        auto* const packed = new Packed{kernel, std::tuple<Parameters...>(arguments...)};
        const auto body = [](void* p) {
            std::apply(static_cast<Packed*>(p)->kernel, static_cast<Packed*>(p)->arguments);
        };
        const auto release = [](void* p) { delete static_cast<Packed*>(p); };
        launch({name, grid, block, shared_bytes, body, packed, sizeof(Packed), release}, stream);
    }
};

template <class... Parameters>
Launch<Parameters...> prepare_launch(void (*kernel)(Parameters...), const char* name, dim3 grid,
                                     dim3 block, size_t shared_bytes, cudaStream_t stream) {
    return {kernel, name, grid, block, shared_bytes, stream};
}

}  // namespace gpusim

#define GPUSIM_LAUNCH(kernel, grid, block, shared_bytes, stream) \
    gpusim::prepare_launch(kernel, #kernel, grid, block, shared_bytes, stream)

#define threadIdx (gpusim::thread_index())
#define blockIdx (gpusim::block_index())
#define blockDim (gpusim::block_size())
#define gridDim (gpusim::grid_size())
constexpr int warpSize = 32;

inline void __syncthreads(gpusim::Place place = gpusim::Place::here()) { gpusim::barrier(place); }
inline void __syncwarp(unsigned mask = ~0u, gpusim::Place place = gpusim::Place::here()) {
    gpusim::exchange(mask, 0, true, place);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32,
              gpusim::Place place = gpusim::Place::here()) {
    return gpusim::shuffle(mask, value, source & (width - 1), width, place);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int flip, int width = 32,
                  gpusim::Place place = gpusim::Place::here()) {
    return gpusim::shuffle(mask, value, (gpusim::lane() & (width - 1)) ^ flip, width, place);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   gpusim::Place place = gpusim::Place::here()) {
    const int own = gpusim::lane() & (width - 1);
    return gpusim::shuffle(mask, value, own + static_cast<int>(delta), width, place);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 gpusim::Place place = gpusim::Place::here()) {
    const int own = gpusim::lane() & (width - 1);
    return gpusim::shuffle(mask, value, own - static_cast<int>(delta), width, place);
}

unsigned __ballot_sync(unsigned mask, int predicate, gpusim::Place place = gpusim::Place::here());
inline int __any_sync(unsigned mask, int predicate, gpusim::Place place = gpusim::Place::here()) {
    return __ballot_sync(mask, predicate, place) != 0;
}
inline int __all_sync(unsigned mask, int predicate, gpusim::Place place = gpusim::Place::here()) {
    return __ballot_sync(mask, predicate, place) == mask;
}

template <class T>
T atomicAdd(T* address, T value) {
    return gpusim::atomically(address, [=](T old) { return old + value; });
}
template <class T>
T atomicMax(T* address, T value) {
    return gpusim::atomically(address, [=](T old) { return old < value ? value : old; });
}
template <class T>
T atomicCAS(T* address, T expected, T value) {
    return gpusim::atomically(address, [=](T old) { return old == expected ? value : old; });
}

template <class T>
T __ldg(const T* address) {
    return *address;
}
inline uint32_t __umulhi(uint32_t a, uint32_t b) {
    return static_cast<uint32_t>(static_cast<uint64_t>(a) * b >> 32);
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
