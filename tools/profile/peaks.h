// What the machine can do at most, measured: the two lines of a roofline.
#pragma once

namespace facet::profile {

struct Peaks {
    double flops = 0;      // multiply-adds in registers, counted as two, on all threads; a second
    double bandwidth = 0;  // bytes a second of a = b + s c over arrays far larger than the caches
};

// Takes about a second. The best of several runs: others on the machine only take away.
Peaks measure_peaks();

}  // namespace facet::profile
