// The part of the CUDA runtime's interface that launch functions of kernels name. The types have
// NVIDIA's own tags: code compiled against the real headers links with kernels compiled here.
#pragma once

using cudaStream_t = struct CUstream_st*;

enum cudaError { cudaSuccess = 0 };
using cudaError_t = cudaError;

// A failing launch throws gpusim::Failure instead.
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
