// FACET_HD marks functions whose text is compiled for the host and, by nvcc, for the GPU too. The
// host compiler sees nothing.
#pragma once

#ifdef __CUDACC__
#define FACET_HD __host__ __device__
#else
#define FACET_HD
#endif
