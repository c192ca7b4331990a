// The CUDA runtime's double: the device, errors, memory, copies. Streams: cudart_streams.cpp.
#include "tests/gpudoubles/cudart.h"

#include <fmt/format.h>

#include <cstring>
#include <set>
#include <utility>

#include "tests/gpudoubles/memory.h"
#include "tests/gpudoubles/queue.h"
#include "tests/gpudoubles/reports.h"
#include "tests/gpusim/sim.h"

namespace gpudoubles {
namespace {

cudaError_t last_error = cudaSuccess;

cudaError_t failed(cudaError_t status) { return last_error = status; }

// Launches of kernels come here from the simulated GPU.
void enqueue_kernel(CUstream_st* stream, const char* kernel, std::function<void()> run) {
    const Call call;
    enqueue_on(stream, kernel, std::move(run));
}
[[maybe_unused]] const bool hooked = (gpusim::set_queue(enqueue_kernel), true);

// Empty if a copy's pointers are where its kind says, else what is wrong.
std::string copy_fault(const void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
    const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    if (!to_device && !from_device) return "only copies from or to the device are known here";
    if (!to_device && on_device(to)) return "the target is device memory, the kind says host";
    if (!from_device && on_device(from)) return "the source is device memory, the kind says host";
    if ((!to_device && !to) || (!from_device && !from)) return "a null pointer";
    std::string fault;
    if (to_device) fault = device_range_fault(to, bytes);
    if (fault.empty() && from_device) fault = device_range_fault(from, bytes);
    return fault;
}

// For Fault::StaleUpload: whether this device memory was copied to before.
bool uploaded_before(const void* to) {
    static std::set<const void*> targets;
    return !targets.insert(to).second;
}

}  // namespace

cudaError_t refuse(cudaError_t status, const std::string& what) {
    report(what);
    return failed(status);
}

void enqueue_on(cudaStream_t stream, std::string name, std::function<void()> run) {
    Stream* const found = find_stream(stream);
    if (!found) throw Misuse(name + " on a stream that does not exist");
    enqueue(*found, {.name = std::move(name), .run = std::move(run)});
}

}  // namespace gpudoubles

using namespace gpudoubles;

extern "C" {

// --- the device ---

cudaError_t cudaGetDeviceCount(int* count) {
    *count = 1;
    return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
    *device = 0;
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
    return device == 0 ? cudaSuccess : refuse(cudaErrorInvalidDevice, "cudaSetDevice");
}
cudaError_t cudaDriverGetVersion(int* version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}
// Figures of the described device (tests/plans/devices/h100.json).
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
    if (device != 0) return refuse(cudaErrorInvalidDevice, "cudaGetDeviceProperties");
    *properties = {};
    std::strcpy(properties->name, "doubled NVIDIA H100");
    properties->major = 9;
    properties->multiProcessorCount = 132;
    properties->warpSize = 32;
    properties->maxThreadsPerBlock = 1024;
    properties->totalGlobalMem = device_memory_limit();
    return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
    cudaDeviceProp properties;
    if (const cudaError_t status = cudaGetDeviceProperties(&properties, device)) return status;
    switch (attribute) {
        case cudaDevAttrComputeCapabilityMajor:
            *value = properties.major;
            return cudaSuccess;
        case cudaDevAttrComputeCapabilityMinor:
            *value = properties.minor;
            return cudaSuccess;
        case cudaDevAttrMultiProcessorCount:
            *value = properties.multiProcessorCount;
            return cudaSuccess;
        default:
            return refuse(cudaErrorInvalidValue, "cudaDeviceGetAttribute: not known here");
    }
}
cudaError_t cudaDeviceSynchronize() {
    const Call call;
    if (any_strict_capture())
        return refuse(cudaErrorStreamCaptureUnsupported, "wait during a capture");
    finish_all();
    return cudaSuccess;
}

// --- errors ---

cudaError_t cudaGetLastError() {
    const Call call;
    return std::exchange(last_error, cudaSuccess);
}
cudaError_t cudaPeekAtLastError() { return last_error; }

const char* cudaGetErrorName(cudaError_t status) {
    switch (status) {
        case cudaSuccess:
            return "cudaSuccess";
        case cudaErrorInvalidValue:
            return "cudaErrorInvalidValue";
        case cudaErrorMemoryAllocation:
            return "cudaErrorMemoryAllocation";
        case cudaErrorInvalidDevice:
            return "cudaErrorInvalidDevice";
        case cudaErrorInvalidResourceHandle:
            return "cudaErrorInvalidResourceHandle";
        case cudaErrorNotReady:
            return "cudaErrorNotReady";
        case cudaErrorStreamCaptureUnsupported:
            return "cudaErrorStreamCaptureUnsupported";
        default:
            return "cudaErrorUnknown";
    }
}
const char* cudaGetErrorString(cudaError_t status) {
    return status == cudaSuccess ? "no error" : "refused by the doubled runtime";
}

// --- memory ---

cudaError_t cudaMalloc(void** data, size_t bytes) {
    const Call call;
    if (any_strict_capture())
        return refuse(cudaErrorStreamCaptureUnsupported, "cudaMalloc in a capture");
    *data = nullptr;
    if (bytes == 0) return cudaSuccess;
    *data = allocate_device(bytes);
    return *data ? cudaSuccess : failed(cudaErrorMemoryAllocation);
}
cudaError_t cudaFree(void* data) {
    const Call call;
    if (!data) return cudaSuccess;
    finish_all();  // as the real one, which is why memory is pooled
    if (free_device(data)) return cudaSuccess;
    return refuse(cudaErrorInvalidValue,
                  fmt::format("cudaFree: {} is not allocated", fmt::ptr(data)));
}
cudaError_t cudaHostAlloc(void** data, size_t bytes, unsigned) {
    const Call call;
    *data = allocate_pinned(bytes);
    return *data ? cudaSuccess : failed(cudaErrorMemoryAllocation);
}
cudaError_t cudaMallocHost(void** data, size_t bytes) { return cudaHostAlloc(data, bytes, 0); }
cudaError_t cudaFreeHost(void* data) {
    const Call call;
    if (!data) return cudaSuccess;
    finish_all();
    if (free_pinned(data)) return cudaSuccess;
    return refuse(cudaErrorInvalidValue,
                  fmt::format("cudaFreeHost: {} is not allocated", fmt::ptr(data)));
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
    const Call call;
    *total = device_memory_limit();
    *free = *total - device_bytes_in_use();
    return cudaSuccess;
}

// --- copies ---

// Memory that is not pinned is treated like memory that is, although the real runtime reads it at
// once: whoever relies on that waits for nothing and pays for a copy.
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
    const Call call;
    if (bytes == 0) return cudaSuccess;
    const std::string fault = copy_fault(to, from, bytes, kind);
    if (!fault.empty()) return refuse(cudaErrorInvalidValue, "cudaMemcpyAsync: " + fault);
    if (faulty(Fault::StaleUpload) && kind == cudaMemcpyHostToDevice && uploaded_before(to))
        return cudaSuccess;
    enqueue_on(stream, "a copy", [=] { std::memmove(to, from, bytes); });
    return cudaSuccess;
}
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
    const Call call;
    if (any_strict_capture())
        return refuse(cudaErrorStreamCaptureUnsupported, "cudaMemcpy in a capture");
    const cudaError_t status = cudaMemcpyAsync(to, from, bytes, kind, nullptr);
    if (status == cudaSuccess) finish(*find_stream(nullptr));
    return status;
}
cudaError_t cudaMemsetAsync(void* data, int value, size_t bytes, cudaStream_t stream) {
    const Call call;
    if (bytes == 0) return cudaSuccess;
    const std::string fault = device_range_fault(data, bytes);
    if (!fault.empty()) return refuse(cudaErrorInvalidValue, "cudaMemsetAsync: " + fault);
    enqueue_on(stream, "cudaMemsetAsync", [=] { std::memset(data, value, bytes); });
    return cudaSuccess;
}

}  // extern "C"
