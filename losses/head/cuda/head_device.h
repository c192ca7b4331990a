// What the heads' operations on a GPU need of the device, beside kernels: memory, copies, matrix
// products. The CUDA device has it (loss_on_cuda.cpp), and the simulated GPU of the tests.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <source_location>

#include "engine/error.h"
#include "losses/head/backend.h"

namespace facet::cuda {

class HeadDevice : public HeadMemory {
public:
    virtual cudaStream_t stream() const = 0;
    // losses/head/gemm.h on device pointers.
    virtual void gemm(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const float* A,
                      int64_t lda, const float* B, int64_t ldb, float beta, float* C,
                      int64_t ldc) = 0;
    virtual void gemm(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const double* A,
                      int64_t lda, const double* B, int64_t ldb, double beta, double* C,
                      int64_t ldc) = 0;
};

// The check of a kernel's launch, where the CUDA runtime's own is not there (tests/gpusim).
inline void check_launch(cudaError_t status,
                         std::source_location where = std::source_location::current()) {
    FACET_CHECK(status == cudaSuccess, "CUDA kernel at {}:{}: error {}", where.file_name(),
                where.line(), static_cast<int>(status));
}

}  // namespace facet::cuda
