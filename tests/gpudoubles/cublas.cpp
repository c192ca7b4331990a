// cuBLAS' double: matrices are stored by columns, c (m, n) = alpha op(a) op(b) + beta c.
#include <cublas_v2.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/cuda/bfloat16.h"
#include "tests/gpudoubles/cudart.h"
#include "tests/gpudoubles/memory.h"
#include "tests/gpudoubles/reports.h"
#include "tests/gpudoubles/tf32.h"

struct cublasContext {
    cudaStream_t stream = nullptr;
};

namespace gpudoubles {
namespace {

auto& handles = *new Handles<cublasContext>;

cublasStatus_t refused(cublasStatus_t status, const std::string& what) {
    report(what);
    return status;
}

struct Matrix {
    const void* data;
    cudaDataType type;
    int64_t rows, columns, ld;  // as stored

    size_t element() const { return type == CUDA_R_64F ? 8 : type == CUDA_R_32F ? 4 : 2; }
    size_t bytes() const { return ((columns - 1) * ld + rows) * element(); }
    double at(int64_t row, int64_t column) const {
        const int64_t i = column * ld + row;
        if (type == CUDA_R_64F) return static_cast<const double*>(data)[i];
        if (type == CUDA_R_32F) return static_cast<const float*>(data)[i];
        return facet::cuda::to_float(static_cast<const facet::cuda::bfloat16*>(data)[i]);
    }
    void set(int64_t row, int64_t column, double value) const {
        const int64_t i = column * ld + row;
        void* const to = const_cast<void*>(data);
        if (type == CUDA_R_64F) {
            static_cast<double*>(to)[i] = value;
        } else if (type == CUDA_R_32F) {
            static_cast<float*>(to)[i] = static_cast<float>(value);
        } else {
            static_cast<facet::cuda::bfloat16*>(to)[i] =
                facet::cuda::to_bfloat16(static_cast<float>(value));
        }
    }
};

struct Product {
    bool ta, tb;
    int64_t m, n, k;
    double alpha, beta;
    Matrix a, b, c;
    bool tf32 = false;  // a and b are rounded (tf32.h)
};

// op(matrix) by rows, in the type that sums are formed in.
template <class T>
std::vector<T> rows_of(const Matrix& matrix, bool transposed, bool tf32) {
    const int64_t rows = transposed ? matrix.columns : matrix.rows;
    const int64_t columns = transposed ? matrix.rows : matrix.columns;
    std::vector<T> packed(rows * columns);
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < columns; ++j)
            packed[i * columns + j] =
                static_cast<T>(transposed ? matrix.at(j, i) : matrix.at(i, j));
    if (tf32) std::transform(packed.begin(), packed.end(), packed.begin(), to_tf32);
    return packed;
}

// Sums in T, over k in ascending order. c is read only when beta is not 0.
template <class T>
void multiply(const Product& p) {
    const std::vector<T> a = rows_of<T>(p.a, p.ta, p.tf32), b = rows_of<T>(p.b, p.tb, p.tf32);
    std::vector<T> row(p.n);
    for (int64_t i = 0; i < p.m; ++i) {
        row.assign(p.n, 0);
        for (int64_t l = 0; l < p.k; ++l) {
            const T value = a[i * p.k + l];
            const T* const b_row = &b[l * p.n];
            for (int64_t j = 0; j < p.n; ++j) row[j] += value * b_row[j];
        }
        for (int64_t j = 0; j < p.n; ++j)
            p.c.set(i, j, p.alpha * row[j] + (p.beta != 0 ? p.beta * p.c.at(i, j) : 0));
    }
}

// Empty if cuBLAS would take the product, else what is wrong.
std::string fault_of(const Product& p, cublasOperation_t ta, cublasOperation_t tb) {
    if ((ta != CUBLAS_OP_N && ta != CUBLAS_OP_T) || (tb != CUBLAS_OP_N && tb != CUBLAS_OP_T))
        return "an operation that is neither N nor T";
    if (p.m < 0 || p.n < 0 || p.k < 0) return "a negative size";
    const std::pair<char, const Matrix&> matrices[] = {{'a', p.a}, {'b', p.b}, {'c', p.c}};
    for (const auto& [name, matrix] : matrices) {
        if (matrix.ld < std::max<int64_t>(1, matrix.rows))
            return fmt::format("ld{} = {}, fewer than the {} rows of {} as stored", name, matrix.ld,
                               matrix.rows, name);
        if (matrix.rows == 0 || matrix.columns == 0) continue;
        const std::string fault = device_range_fault(matrix.data, matrix.bytes());
        if (!fault.empty()) return fmt::format("matrix {}: {}", name, fault);
        if (reinterpret_cast<uintptr_t>(matrix.data) % matrix.element() != 0)
            return fmt::format("matrix {} is not aligned", name);
    }
    return "";
}

cublasStatus_t gemm(cublasHandle_t handle, const char* call, cublasOperation_t ta,
                    cublasOperation_t tb, Product p) {
    if (!handles.find(handle))
        return refused(CUBLAS_STATUS_NOT_INITIALIZED, std::string(call) + ": no such handle");
    const std::string fault = fault_of(p, ta, tb);
    if (!fault.empty())
        return refused(CUBLAS_STATUS_INVALID_VALUE, std::string(call) + ": " + fault);
    if (p.m == 0 || p.n == 0) return CUBLAS_STATUS_SUCCESS;
    if (faulty(Fault::TransposedGemm) && p.m == p.k) p.ta = !p.ta;
    enqueue_on(handle->stream, call,
               [p] { return p.c.type == CUDA_R_64F ? multiply<double>(p) : multiply<float>(p); });
    return CUBLAS_STATUS_SUCCESS;
}

Product product_of(cublasOperation_t ta, cublasOperation_t tb, int64_t m, int64_t n, int64_t k,
                   double alpha, double beta) {
    Product p{ta != CUBLAS_OP_N, tb != CUBLAS_OP_N, m, n, k, alpha, beta, {}, {}, {}};
    p.a.rows = p.ta ? k : m;
    p.a.columns = p.ta ? m : k;
    p.b.rows = p.tb ? n : k;
    p.b.columns = p.tb ? k : n;
    p.c.rows = m;
    p.c.columns = n;
    return p;
}

void attach(Matrix& matrix, const void* data, cudaDataType type, int64_t ld) {
    matrix.data = data;
    matrix.type = type;
    matrix.ld = ld;
}

// The combinations of cuBLAS' table for cublasGemmEx that facet may use.
bool known_types(cudaDataType a, cudaDataType b, cudaDataType c, cublasComputeType_t compute) {
    if (a != b) return false;
    switch (compute) {
        case CUBLAS_COMPUTE_32F:
        case CUBLAS_COMPUTE_32F_PEDANTIC:
            return (a == CUDA_R_32F && c == CUDA_R_32F) ||
                   (a == CUDA_R_16BF && (c == CUDA_R_16BF || c == CUDA_R_32F));
        case CUBLAS_COMPUTE_32F_FAST_TF32:
            return a == CUDA_R_32F && c == CUDA_R_32F;
        case CUBLAS_COMPUTE_64F:
        case CUBLAS_COMPUTE_64F_PEDANTIC:
            return a == CUDA_R_64F && c == CUDA_R_64F;
        default:
            return false;
    }
}

}  // namespace

size_t cublas_handles() { return handles.alive().size(); }

}  // namespace gpudoubles

using namespace gpudoubles;

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
    const Call call;
    *handle = handles.add(new cublasContext);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
    const Call call;
    if (handles.destroy(handle)) return CUBLAS_STATUS_SUCCESS;
    return refused(CUBLAS_STATUS_NOT_INITIALIZED, "cublasDestroy: no such handle");
}
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
    handle->stream = stream;
    return CUBLAS_STATUS_SUCCESS;
}
// The workspace is cuBLAS' until the handle goes: it must be there and aligned.
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t, void* workspace, size_t bytes) {
    const Call call;
    const std::string fault = bytes == 0 ? "" : device_range_fault(workspace, bytes);
    if (!fault.empty()) return refused(CUBLAS_STATUS_INVALID_VALUE, "cublasSetWorkspace: " + fault);
    if (reinterpret_cast<uintptr_t>(workspace) % 256 != 0)
        return refused(CUBLAS_STATUS_INVALID_VALUE, "cublasSetWorkspace: not aligned to 256 bytes");
    return CUBLAS_STATUS_SUCCESS;
}
// Sums here always have one order.
cublasStatus_t cublasSetAtomicsMode(cublasHandle_t, cublasAtomicsMode_t mode) {
    if (mode == CUBLAS_ATOMICS_NOT_ALLOWED) return CUBLAS_STATUS_SUCCESS;
    return refused(CUBLAS_STATUS_NOT_SUPPORTED, "cublasSetAtomicsMode: sums in any order");
}
cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t, cublasPointerMode_t mode) {
    if (mode == CUBLAS_POINTER_MODE_HOST) return CUBLAS_STATUS_SUCCESS;
    return refused(CUBLAS_STATUS_NOT_SUPPORTED, "cublasSetPointerMode: alpha is a host's here");
}
const char* cublasGetStatusName(cublasStatus_t status) {
    return status == CUBLAS_STATUS_SUCCESS ? "CUBLAS_STATUS_SUCCESS" : "refused";
}
const char* cublasGetStatusString(cublasStatus_t status) {
    return status == CUBLAS_STATUS_SUCCESS ? "success" : "refused by the doubled cuBLAS";
}

cublasStatus_t cublasSgemm_v2(cublasHandle_t handle, cublasOperation_t ta, cublasOperation_t tb,
                              int m, int n, int k, const float* alpha, const float* a, int lda,
                              const float* b, int ldb, const float* beta, float* c, int ldc) {
    const Call call;
    Product p = product_of(ta, tb, m, n, k, *alpha, *beta);
    attach(p.a, a, CUDA_R_32F, lda);
    attach(p.b, b, CUDA_R_32F, ldb);
    attach(p.c, c, CUDA_R_32F, ldc);
    return gemm(handle, "cublasSgemm", ta, tb, p);
}
cublasStatus_t cublasDgemm_v2(cublasHandle_t handle, cublasOperation_t ta, cublasOperation_t tb,
                              int m, int n, int k, const double* alpha, const double* a, int lda,
                              const double* b, int ldb, const double* beta, double* c, int ldc) {
    const Call call;
    Product p = product_of(ta, tb, m, n, k, *alpha, *beta);
    attach(p.a, a, CUDA_R_64F, lda);
    attach(p.b, b, CUDA_R_64F, ldb);
    attach(p.c, c, CUDA_R_64F, ldc);
    return gemm(handle, "cublasDgemm", ta, tb, p);
}
cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t ta, cublasOperation_t tb,
                            int m, int n, int k, const void* alpha, const void* a,
                            cudaDataType a_type, int lda, const void* b, cudaDataType b_type,
                            int ldb, const void* beta, void* c, cudaDataType c_type, int ldc,
                            cublasComputeType_t compute, cublasGemmAlgo_t) {
    const Call call;
    if (!known_types(a_type, b_type, c_type, compute))
        return refused(CUBLAS_STATUS_NOT_SUPPORTED, "cublasGemmEx: types that do not go together");
    const bool wide = c_type == CUDA_R_64F;  // the type of alpha and beta
    const auto scalar = [&](const void* value) {
        return wide ? *static_cast<const double*>(value) : *static_cast<const float*>(value);
    };
    Product p = product_of(ta, tb, m, n, k, scalar(alpha), scalar(beta));
    attach(p.a, a, a_type, lda);
    attach(p.b, b, b_type, ldb);
    attach(p.c, c, c_type, ldc);
    p.tf32 = compute == CUBLAS_COMPUTE_32F_FAST_TF32;
    return gemm(handle, "cublasGemmEx", ta, tb, p);
}

}  // extern "C"
