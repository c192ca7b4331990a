// How much memory a piece of work takes at its peak, as the system counts it.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace facet::bench {

// A value of /proc/self/status in MiB; 0 where there is none.
inline double status_mib(const std::string& key) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) / 1024;
    }
    return 0;
}

// MiB that became resident while `work` ran, beyond what was resident before; freed memory is given
// back to the system first, so that it cannot serve unseen. -1 where the system does not allow the
// peak to be reset (/proc/self/clear_refs).
template <class Work>
double peak_mib_of(Work work) {
    malloc_trim(0);
    {
        std::ofstream reset("/proc/self/clear_refs");
        reset << "5" << std::flush;
        if (!reset) {
            work();
            return -1;
        }
    }
    const double before = status_mib("VmRSS");
    work();
    return std::max(0.0, status_mib("VmHWM") - before);
}

}  // namespace facet::bench
