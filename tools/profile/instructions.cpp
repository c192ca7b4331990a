#include "tools/profile/instructions.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/error.h"

namespace facet::profile {

InstructionCounter::InstructionCounter() {
    perf_event_attr what{};
    what.type = PERF_TYPE_HARDWARE;
    what.size = sizeof what;
    what.config = PERF_COUNT_HW_INSTRUCTIONS;
    what.exclude_kernel = 1;
    what.exclude_hv = 1;
    // This thread, on whatever core it runs.
    file_ = static_cast<int>(syscall(SYS_perf_event_open, &what, 0, -1, -1, 0));
    if (file_ < 0) why_not_ = fmt::format("perf_event_open: {}", std::strerror(errno));
}

InstructionCounter::~InstructionCounter() {
    if (file_ >= 0) close(file_);
}

int64_t InstructionCounter::read() const {
    int64_t count = 0;
    FACET_CHECK(::read(file_, &count, sizeof count) == sizeof count,
                "instruction counter: it cannot be read: {}", std::strerror(errno));
    return count;
}

}  // namespace facet::profile
