// What the other libraries' doubles need of the runtime's.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <string>

namespace gpudoubles {

// Reports `what` and makes `status` the runtime's last error. Returns it.
cudaError_t refuse(cudaError_t status, const std::string& what);

size_t cublas_handles();
size_t cudnn_handles();

// Queues work on a stream, whose name comes first in reports of it. Throws Misuse for a stream that
// does not exist.
void enqueue_on(cudaStream_t stream, std::string name, std::function<void()> run);

}  // namespace gpudoubles
