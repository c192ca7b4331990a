#include "engine/cuda/runtime.h"

#include <cstdio>

#include "engine/error.h"

namespace facet::cuda {
namespace {

std::string describe(cudaError_t status, const char* call, const std::source_location& where) {
    return fmt::format("{} failed: {} ({}): {} [{}:{}]", call, cudaGetErrorName(status),
                       static_cast<int>(status), cudaGetErrorString(status), where.file_name(),
                       where.line());
}

}  // namespace

void check_cuda(cudaError_t status, const char* call, std::source_location where) {
    if (status != cudaSuccess) throw Error(describe(status, call, where));
}

void warn_cuda(cudaError_t status, const char* call, std::source_location where) noexcept {
    // At the end of a process the runtime goes before the last objects do.
    if (status == cudaSuccess || status == cudaErrorCudartUnloading) return;
    std::fprintf(stderr, "facet: warning: %s failed: %s (%d) [%s:%u]\n", call,
                 cudaGetErrorName(status), static_cast<int>(status), where.file_name(),
                 static_cast<unsigned>(where.line()));
}

// Without a driver the call fails and leaves the count as it was.
Presence find_devices() {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess) {
        cudaGetLastError();  // the next check must not see this one
        return {0, cudaGetErrorString(status)};
    }
    if (count == 0) return {0, "the driver reports no device"};
    return {count, ""};
}

Stream::Stream() {
    cudaStream_t stream = nullptr;
    FACET_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    raw_.reset(stream);
}
void Stream::synchronize() const { FACET_CUDA(cudaStreamSynchronize(raw())); }
void Stream::wait_for(const Event& event) const {
    FACET_CUDA(cudaStreamWaitEvent(raw(), event.raw(), cudaEventWaitDefault));
}

Event::Event(Timing timing) {
    cudaEvent_t event = nullptr;
    const unsigned flags = timing == Timing::Yes ? cudaEventDefault : cudaEventDisableTiming;
    FACET_CUDA(cudaEventCreateWithFlags(&event, flags));
    raw_.reset(event);
}
void Event::record(const Stream& stream) { FACET_CUDA(cudaEventRecord(raw(), stream.raw())); }
void Event::synchronize() const { FACET_CUDA(cudaEventSynchronize(raw())); }
bool Event::has_passed() const {
    const cudaError_t status = cudaEventQuery(raw());
    if (status == cudaErrorNotReady) return false;
    check_cuda(status, "cudaEventQuery");
    return true;
}

double milliseconds_between(const Event& start, const Event& end) {
    float milliseconds = 0;
    FACET_CUDA(cudaEventElapsedTime(&milliseconds, start.raw(), end.raw()));
    return milliseconds;
}

// What `call` said about an allocation: nullptr if memory is exhausted, an Error for all else.
static void* allocated(cudaError_t status, void* data, const char* call) {
    if (status == cudaErrorMemoryAllocation) {
        cudaGetLastError();  // the pool may succeed after freeing; this error is not passed on
                             // later
        return nullptr;
    }
    check_cuda(status, call);
    return data;
}

void* DeviceMemory::take(size_t bytes) {
    void* data = nullptr;
    const cudaError_t status = cudaMalloc(&data, bytes);
    return allocated(status, data, "cudaMalloc");
}
void DeviceMemory::give_back(void* data) noexcept { FACET_CUDA_WARN(cudaFree(data)); }

void* PinnedMemory::take(size_t bytes) {
    void* data = nullptr;
    const cudaError_t status = cudaHostAlloc(&data, bytes, cudaHostAllocDefault);
    return allocated(status, data, "cudaHostAlloc");
}
void PinnedMemory::give_back(void* data) noexcept { FACET_CUDA_WARN(cudaFreeHost(data)); }

void copy_to_device(void* device, const void* host, size_t bytes, const Stream& stream) {
    FACET_CUDA(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream.raw()));
}
void copy_to_host(void* host, const void* device, size_t bytes, const Stream& stream) {
    FACET_CUDA(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream.raw()));
}
void copy_on_device(void* to, const void* from, size_t bytes, const Stream& stream) {
    FACET_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream.raw()));
}
void fill_zero(void* device, size_t bytes, const Stream& stream) {
    FACET_CUDA(cudaMemsetAsync(device, 0, bytes, stream.raw()));
}

}  // namespace facet::cuda
