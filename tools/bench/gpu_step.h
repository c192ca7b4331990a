// Whole training steps on a GPU.
#pragma once

#include "tools/bench/bench.h"
#include "tools/bench/workload.h"

namespace facet::bench {

// Prints how long a step takes on the GPU, between events on its stream, and on the host's clock.
void gpu_step(const StepBench& options, Workload& workload);

}  // namespace facet::bench
