// What the heads' operations on a GPU ask of the device, beside kernels: memory, copies, matrix
// products. The CUDA device gives it (loss_on_cuda.cpp), and the simulated GPU of the tests.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "losses/head/gemm.h"
#include "losses/head/memory.h"

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

}  // namespace facet::cuda
