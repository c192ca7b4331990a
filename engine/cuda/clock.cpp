#include "engine/cuda/clock.h"

#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>
#define FACET_HAS_NVTX 1
#else
#define FACET_HAS_NVTX 0
#endif

namespace facet::cuda {

int64_t Clock::mark() {
    if (used_ == events_.size()) events_.emplace_back(Event::Timing::Yes);
    events_[used_].record(stream_);
    return static_cast<int64_t>(used_++);
}

double Clock::seconds_between(int64_t a, int64_t b) {
    events_.at(b).synchronize();
    return milliseconds_between(events_.at(a), events_.at(b)) * 1e-3;
}

void Clock::open_range([[maybe_unused]] const char* name) {
#if FACET_HAS_NVTX
    nvtxRangePushA(name);
#endif
}

void Clock::close_range() {
#if FACET_HAS_NVTX
    nvtxRangePop();
#endif
}

}  // namespace facet::cuda
