// What one launch of a kernel has to do at a stated shape.
#pragma once

#include <optional>
#include <string>

#include "tests/gpureport/kernels.h"
#include "tests/gpureport/peaks.h"

namespace facet::cuda {

struct Work {
    std::string shape;  // in words
    double bytes = 0;   // every array read or written once
    // A multiply-add is two; comparisons and conversions are none.
    double flops_float32 = 0, flops_float64 = 0;
};

// None for a kernel that is not in the table.
std::optional<Work> work_of(const KernelUse& kernel);

// The least time that a launch can take: that of its arithmetic or of its bytes. Computed from
// data-sheet figures; what a launch itself costs, some microseconds, is not in it.
double bound_seconds(const Work& work, const Peaks& peaks);

}  // namespace facet::cuda
