// Device time for the ledger: events in the stream's work. Ranges are shown to NVIDIA's profilers
// (NVTX) where the toolkit has their header.
//
// Verified with doubles of the CUDA runtime, not yet run on a GPU.
#pragma once

#include <vector>

#include "engine/cuda/runtime.h"
#include "engine/ledger.h"

namespace facet::cuda {

class Clock final : public DeviceClock {
public:
    explicit Clock(const Stream& stream) : stream_(stream) {}  // which outlives it

    int64_t mark() override;
    double seconds_between(int64_t a, int64_t b) override;
    void forget_marks() override { used_ = 0; }  // their events are used again
    void open_range(const char* name) override;
    void close_range() override;

private:
    const Stream& stream_;
    std::vector<Event> events_;
    size_t used_ = 0;
};

}  // namespace facet::cuda
