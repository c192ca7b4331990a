// The CUDA runtime's things, each owned by an object: streams, events, device and pinned memory.
//
// State of proof: without a device every one of them refuses with the library's words (tested). The
// calls have not run on a GPU yet.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>

#include "engine/cuda/cuda_check.h"
#include "engine/cuda/memory_pool.h"

namespace facet::cuda {

// Whether there is a GPU to run on: the one place that decides. `reason` says why there is none.
struct Presence {
    int devices = 0;
    std::string reason;
};
Presence find_devices();

class Event;

// A queue of work; it does not wait for the default stream.
class Stream {
public:
    Stream();

    cudaStream_t raw() const { return raw_.get(); }
    void synchronize() const;                 // the host waits until all work is done
    void wait_for(const Event& event) const;  // work enqueued from now on waits for the event

private:
    struct Destroy {
        void operator()(cudaStream_t stream) const { FACET_CUDA_WARN(cudaStreamDestroy(stream)); }
    };
    std::unique_ptr<std::remove_pointer_t<cudaStream_t>, Destroy> raw_;
};

// A mark in a stream's work. Reusable; recording again moves the mark.
class Event {
public:
    enum class Timing { No, Yes };  // without timing waiting is cheaper

    explicit Event(Timing timing = Timing::No);

    cudaEvent_t raw() const { return raw_.get(); }
    void record(const Stream& stream);
    void synchronize() const;  // the host waits until the stream has passed the mark
    bool has_passed() const;   // whether it has

private:
    struct Destroy {
        void operator()(cudaEvent_t event) const { FACET_CUDA_WARN(cudaEventDestroy(event)); }
    };
    std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, Destroy> raw_;
};

// Device time between two events that were made with timing and have passed.
double milliseconds_between(const Event& start, const Event& end);

// Memory of the current device.
class DeviceMemory : public MemorySource {
public:
    void* take(size_t bytes) override;
    void give_back(void* data) noexcept override;
};

// Host memory that the device copies from and to while the host goes on; costly to get.
class PinnedMemory : public MemorySource {
public:
    void* take(size_t bytes) override;
    void give_back(void* data) noexcept override;
};

// Enqueued copies. The host side must stay untouched until the stream has passed them, and is
// pinned if the copy is to run beside the host's work.
void copy_to_device(void* device, const void* host, size_t bytes, const Stream& stream);
void copy_to_host(void* host, const void* device, size_t bytes, const Stream& stream);
void copy_on_device(void* to, const void* from, size_t bytes, const Stream& stream);
void fill_zero(void* device, size_t bytes, const Stream& stream);

}  // namespace facet::cuda
