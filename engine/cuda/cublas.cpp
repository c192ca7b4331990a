#include "engine/cuda/cublas.h"

#include <limits>
#include <source_location>

#include "engine/error.h"

namespace facet::cuda {
namespace {

void check_cublas(cublasStatus_t status, const char* call,
                  std::source_location where = std::source_location::current()) {
    if (status == CUBLAS_STATUS_SUCCESS) return;
    throw Error(fmt::format("{} failed: {}: {} [{}:{}]", call, cublasGetStatusName(status),
                            cublasGetStatusString(status), where.file_name(), where.line()));
}
#define FACET_CUBLAS(call) check_cublas((call), #call)

cublasOperation_t operation(Transpose t) { return t == Transpose::Yes ? CUBLAS_OP_T : CUBLAS_OP_N; }

// The library counts in int.
int narrow(int64_t size) {
    FACET_CHECK(size <= std::numeric_limits<int>::max(), "gemm: {} is more than cuBLAS can count",
                size);
    return static_cast<int>(size);
}

// cuBLAS stores by columns. A row-major matrix read that way is its transpose, and
// c^T = op(b)^T op(a)^T: the same product with its factors exchanged.
template <class T, class Scale>
void multiply(cublasHandle_t handle, Transpose ta, Transpose tb, int64_t M, int64_t N, int64_t K,
              Scale alpha, Matrix<const T> a, Matrix<const T> b, Scale beta, Matrix<T> c,
              cudaDataType_t type, cublasComputeType_t compute) {
    FACET_CUBLAS(cublasGemmEx(handle, operation(tb), operation(ta), narrow(N), narrow(M), narrow(K),
                              &alpha, b.data, type, narrow(b.stride), a.data, type,
                              narrow(a.stride), &beta, c.data, type, narrow(c.stride), compute,
                              CUBLAS_GEMM_DEFAULT));
}

}  // namespace

Cublas::Cublas(const Stream& stream, MemoryPool& memory)
    : workspace_(memory.allocate(workspace_bytes)) {
    cublasHandle_t handle = nullptr;
    FACET_CUBLAS(cublasCreate(&handle));
    handle_.reset(handle);
    FACET_CUBLAS(cublasSetStream(handle, stream.raw()));
    // After the stream: setting a stream takes the workspace away again.
    FACET_CUBLAS(cublasSetWorkspace(handle, workspace_.data(), workspace_bytes));
    FACET_CUBLAS(cublasSetAtomicsMode(handle, CUBLAS_ATOMICS_NOT_ALLOWED));
    FACET_CUBLAS(cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_HOST));
}

void Cublas::gemm(GemmCompute compute, Transpose ta, Transpose tb, int64_t M, int64_t N, int64_t K,
                  double alpha, Matrix<const float> a, Matrix<const float> b, double beta,
                  Matrix<float> c) const {
    multiply<float, float>(
        handle_.get(), ta, tb, M, N, K, static_cast<float>(alpha), a, b, static_cast<float>(beta),
        c, CUDA_R_32F,
        compute == GemmCompute::Tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F_PEDANTIC);
}

void Cublas::gemm(Transpose ta, Transpose tb, int64_t M, int64_t N, int64_t K, double alpha,
                  Matrix<const double> a, Matrix<const double> b, double beta,
                  Matrix<double> c) const {
    multiply<double, double>(handle_.get(), ta, tb, M, N, K, alpha, a, b, beta, c, CUDA_R_64F,
                             CUBLAS_COMPUTE_64F_PEDANTIC);
}

}  // namespace facet::cuda
