// A simulated GPU: runs CUDA kernels on the CPU and reports what they do wrong.
//
// Every CUDA thread is a fiber (fibers.h), every block runs alone, one after the other, in one
// thread of the operating system (scheduler.cpp). A thread runs until it waits at a barrier or a
// warp operation, so that the order in which threads run is the simulator's choice: forward,
// reverse or random. A kernel whose result depends on the order is wrong.
//
// Two builds of the same kernels look further (Makefile, test-gpusim):
//   -fsanitize=address   accesses beyond an array are caught by the compiler's own checks
//   -fsanitize=thread    the compiler calls a function at each access; they are those of
//                        accesses.cpp, libtsan is not linked. Found in any order, without luck:
//                        races, accesses outside device memory, host pointers, misaligned
//                        accesses, reads of shared memory that nobody has written.
//
// What this does not show: nvcc's code, the GPU's memory model (weak ordering), rounding of its
// own functions, races between blocks that only communicate through atomics and fences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <vector>

struct CUstream_st;  // cudaStream_t points to one

namespace gpusim {

enum class Order { Forward, Reverse, Random };

// The order of the threads (and of the blocks, but for Random) in the launches that follow.
void set_order(Order order, uint64_t seed = 1);

// Who gets the launches that follow: `run` runs the kernel, once or more, at any later time. Null,
// as at the start: they run at once, whatever their stream.
using Queue = void (*)(CUstream_st* stream, const char* kernel, std::function<void()> run);
void set_queue(Queue queue);

// Thrown by a launch: what was wrong, with the kernel, the block and the thread.
class Failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Whether the kernels of this program report their accesses (-fsanitize=thread).
bool kernels_are_instrumented();

// Whether this program was linked with AddressSanitizer.
bool under_address_sanitizer();

uint64_t threads_run();       // since the program started
uint64_t accesses_checked();  // 0 unless the kernels are instrumented

// Device memory: the only memory that a kernel may touch besides shared memory and its own stack.
void* allocate(size_t bytes);
void release(void* memory);

// An array in device memory. The simulated GPU shares the CPU's addresses: tests read and write it
// directly. Starts as bytes of ones, which are NaN in every floating-point type.
template <class T>
class DeviceArray {
public:
    explicit DeviceArray(size_t count)
        : data_(static_cast<T*>(allocate(count * sizeof(T)))), count_(count) {
        std::memset(static_cast<void*>(data_), 0xFF, count * sizeof(T));
    }
    explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
        for (size_t i = 0; i < count_; ++i) data_[i] = values[i];
    }
    ~DeviceArray() { release(data_); }
    DeviceArray(const DeviceArray&) = delete;
    DeviceArray& operator=(const DeviceArray&) = delete;

    T* data() const { return data_; }
    size_t size() const { return count_; }
    T& operator[](size_t i) const { return data_[i]; }
    std::vector<T> values() const { return std::vector<T>(data_, data_ + count_); }

private:
    T* data_;
    size_t count_;
};

}  // namespace gpusim
