// Matrix products by cuBLAS, with nothing left to its defaults: the arithmetic, the leading
// dimensions and the workspace are given, so that the same call gives the same bits.
//
// Verified with a double of the library (tests/gpudoubles), not yet run on a GPU.
#pragma once

#include <cublas_v2.h>

#include <memory>

#include "engine/cuda/memory_pool.h"
#include "engine/cuda/runtime.h"
#include "engine/device.h"

namespace facet::cuda {

// How float products are formed. Sums are float32 in both.
enum class GemmCompute {
    Float32,  // float32 products, no tensor cores
    Tf32      // products of 10-bit mantissas (tensor cores)
};

// A row-major matrix in device memory; `stride`: elements between its rows as stored.
template <class T>
struct Matrix {
    T* data;
    int64_t stride;
};

class Cublas {
public:
    // The stream and the pool outlive it. Throws Error with the library's words.
    Cublas(const Stream& stream, MemoryPool& memory);

    // c (M, N) = alpha op(a) op(b) + beta c, where op(a) is (M, K) and op(b) is (K, N).
    void gemm(GemmCompute compute, Transpose ta, Transpose tb, int64_t M, int64_t N, int64_t K,
              double alpha, Matrix<const float> a, Matrix<const float> b, double beta,
              Matrix<float> c) const;
    // In float64, products and sums.
    void gemm(Transpose ta, Transpose tb, int64_t M, int64_t N, int64_t K, double alpha,
              Matrix<const double> a, Matrix<const double> b, double beta, Matrix<double> c) const;

private:
    // Bytes. What NVIDIA recommends for its largest GPUs; cuBLAS would otherwise take its own.
    static constexpr size_t workspace_bytes = size_t{32} << 20;

    struct Destroy {
        void operator()(cublasHandle_t handle) const { cublasDestroy(handle); }
    };

    Block workspace_;
    std::unique_ptr<cublasContext, Destroy> handle_;
};

}  // namespace facet::cuda
