// Data-sheet figures of the GPUs that bounds are computed for.
#pragma once

namespace facet::cuda {

// Dense peaks in FLOP/s and bytes/s, from NVIDIA's data sheets (A100 80 GB SXM, H100 SXM, H200 SXM,
// HGX B200 divided by eight GPUs; tensor-core figures given with sparsity are halved).
struct Peaks {
    const char* name;
    double float64, float32, tf32, bfloat16, bandwidth;
    const char* limits;  // tests/plans/devices/<limits>.json; an H200 has the H100's chip
};
inline constexpr Peaks kPeaks[] = {{"A100", 9.7e12, 19.5e12, 156e12, 312e12, 2.039e12, "a100"},
                                   {"H100", 33.5e12, 66.9e12, 494.7e12, 989.4e12, 3.35e12, "h100"},
                                   {"H200", 33.5e12, 66.9e12, 494.7e12, 989.4e12, 4.8e12, "h100"},
                                   {"B200", 37e12, 75e12, 1125e12, 2250e12, 7.7e12, "b200"}};

}  // namespace facet::cuda
