// The part of the CUDA runtime's interface that launch functions of kernels name.
#pragma once

using cudaStream_t = struct CUstream_st*;

enum cudaError_t { cudaSuccess = 0 };

// A failing launch throws gpusim::Failure instead.
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
