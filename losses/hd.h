// FACET_HD marks the functions that define a loss, so that the same text is compiled for the host
// and, by nvcc, for the device. The host compiler sees nothing.
#pragma once

#ifdef __CUDACC__
#define FACET_HD __host__ __device__
#else
#define FACET_HD
#endif
