// The check of every CUDA runtime call.
#pragma once

#include <cuda_runtime_api.h>

#include <source_location>

namespace facet::cuda {

// Throws Error with `call`, the library's own text, and the caller's file and line, unless the
// status is success.
void check_cuda(cudaError_t status, const char* call,
                std::source_location where = std::source_location::current());

// The same for destructors: says on standard error what went wrong and carries on.
void warn_cuda(cudaError_t status, const char* call,
               std::source_location where = std::source_location::current()) noexcept;

}  // namespace facet::cuda

// FACET_CUDA(cudaMemsetAsync(data, 0, bytes, stream));
#define FACET_CUDA(call) ::facet::cuda::check_cuda((call), #call)
#define FACET_CUDA_WARN(call) ::facet::cuda::warn_cuda((call), #call)
