// The doubled cuBLAS: every transposition against the definition, refusals of what the library's
// documentation forbids.
#include <cublas_v2.h>

#include "engine/cuda/bfloat16.h"
#include "tests/gpudoubles/fixtures.h"

namespace gpudoubles {
namespace {

using facet::cuda::bfloat16;
using facet::cuda::Stream;

class Cublas : public DoublesTest {
protected:
    Cublas() {
        cublasCreate(&handle);
        cublasSetStream(handle, stream.raw());
    }
    ~Cublas() override { cublasDestroy(handle); }

    Stream stream;
    cublasHandle_t handle = nullptr;
};

constexpr int M = 5, N = 3, K = 4, kPadding = 2;  // ld = rows as stored + kPadding
constexpr cublasOperation_t kBoth[] = {CUBLAS_OP_N, CUBLAS_OP_T};

int rows_a(cublasOperation_t t) { return t == CUBLAS_OP_N ? M : K; }
int rows_b(cublasOperation_t t) { return t == CUBLAS_OP_N ? K : N; }
int ld_a(cublasOperation_t t) { return rows_a(t) + kPadding; }
int ld_b(cublasOperation_t t) { return rows_b(t) + kPadding; }
constexpr int kLdC = M + kPadding;

// Small integers: products and sums are exact in every type.
template <class T>
std::vector<T> integers(int count, int step) {
    std::vector<T> values;
    for (int i = 0; i < count; ++i) values.push_back(static_cast<T>(i * step % 7 - 3));
    return values;
}

// c = 2 op(a) op(b) + beta c, by the definition.
template <class T>
std::vector<T> expected(cublasOperation_t ta, cublasOperation_t tb, const std::vector<T>& a,
                        const std::vector<T>& b, T beta, std::vector<T> c) {
    for (int i = 0; i < M; ++i)
        for (int j = 0; j < N; ++j) {
            T sum = 0;
            for (int k = 0; k < K; ++k)
                sum += (ta == CUBLAS_OP_N ? a[k * ld_a(ta) + i] : a[i * ld_a(ta) + k]) *
                       (tb == CUBLAS_OP_N ? b[j * ld_b(tb) + k] : b[k * ld_b(tb) + j]);
            c[j * kLdC + i] = 2 * sum + (beta != 0 ? beta * c[j * kLdC + i] : 0);
        }
    return c;
}

cublasStatus_t gemm(cublasHandle_t handle, cublasOperation_t ta, cublasOperation_t tb,
                    const float* a, const float* b, float beta, float* c) {
    const float alpha = 2;
    return cublasSgemm(handle, ta, tb, M, N, K, &alpha, a, ld_a(ta), b, ld_b(tb), &beta, c, kLdC);
}
cublasStatus_t gemm(cublasHandle_t handle, cublasOperation_t ta, cublasOperation_t tb,
                    const double* a, const double* b, double beta, double* c) {
    const double alpha = 2;
    return cublasDgemm(handle, ta, tb, M, N, K, &alpha, a, ld_a(ta), b, ld_b(tb), &beta, c, kLdC);
}

template <class T>
void expect_products(cublasHandle_t handle, const Stream& stream) {
    for (const auto ta : kBoth)
        for (const auto tb : kBoth)
            for (const T beta : {T{0}, T{3}}) {
                const auto a = integers<T>(40, 5), b = integers<T>(40, 3), c = integers<T>(40, 2);
                const DeviceArray<T> da(a), db(b), dc(c);
                ASSERT_EQ(gemm(handle, ta, tb, da.data(), db.data(), beta, dc.data()),
                          CUBLAS_STATUS_SUCCESS);
                EXPECT_EQ(dc.values(), c);  // not yet
                stream.synchronize();
                EXPECT_EQ(dc.values(), expected(ta, tb, a, b, beta, c));
            }
}

TEST_F(Cublas, MultipliesFloats) { expect_products<float>(handle, stream); }
TEST_F(Cublas, MultipliesDoubles) { expect_products<double>(handle, stream); }

// Only the exponent and the upper seven bits of the mantissa go in, all of the float comes out.
TEST_F(Cublas, MultipliesBfloat16IntoFloat) {
    const DeviceArray<bfloat16> a({facet::cuda::to_bfloat16(1.5f)}),
        b({facet::cuda::to_bfloat16(1.0078125f)});
    const DeviceArray<float> c(1);
    const float one = 1, zero = 0;
    const auto multiply = [&](cublasComputeType_t compute) {
        return cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, a.data(), CUDA_R_16BF,
                            1, b.data(), CUDA_R_16BF, 1, &zero, c.data(), CUDA_R_32F, 1, compute,
                            CUBLAS_GEMM_DEFAULT);
    };
    EXPECT_EQ(multiply(CUBLAS_COMPUTE_32F), CUBLAS_STATUS_SUCCESS);
    stream.synchronize();
    EXPECT_EQ(c.values(), std::vector<float>{1.51171875f});
    EXPECT_EQ(multiply(CUBLAS_COMPUTE_64F), CUBLAS_STATUS_NOT_SUPPORTED);
    expect_report("types that do not go together");
}

// Ten bits of the mantissa go in; strict float32 takes all.
TEST_F(Cublas, RoundsToTf32OnlyWhereItIsAsked) {
    const float fine = 1 + 0x1p-10f + 0x1p-12f, rounded = 1 + 0x1p-10f;
    const std::vector<float> one_value{1}, fine_value{fine};
    const DeviceArray<float> a(fine_value), b(one_value), c(1);
    const float one = 1, zero = 0;
    const auto product = [&](cublasComputeType_t compute) {
        cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, a.data(), CUDA_R_32F, 1,
                     b.data(), CUDA_R_32F, 1, &zero, c.data(), CUDA_R_32F, 1, compute,
                     CUBLAS_GEMM_DEFAULT);
        stream.synchronize();
        return c.values().at(0);
    };
    EXPECT_EQ(product(CUBLAS_COMPUTE_32F_FAST_TF32), rounded);
    EXPECT_EQ(product(CUBLAS_COMPUTE_32F_PEDANTIC), fine);
}

TEST_F(Cublas, RefusesWhatDoesNotFit) {
    const DeviceArray<float> a(M * K), b(K * N), c(M * N);
    const float one = 1;
    const auto call = [&](const void* a_data, int lda, int ldc) {
        return cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, M, N, K, &one,
                           static_cast<const float*>(a_data), lda, b.data(), K, &one, c.data(),
                           ldc);
    };
    EXPECT_EQ(call(a.data(), M - 1, M), CUBLAS_STATUS_INVALID_VALUE);
    expect_report("lda = 4, fewer than the 5 rows of a");
    EXPECT_EQ(call(a.data(), M + 1, M), CUBLAS_STATUS_INVALID_VALUE);
    expect_report("matrix a: 92 bytes are needed");
    EXPECT_EQ(call(a.data(), M, M + 1), CUBLAS_STATUS_INVALID_VALUE);
    expect_report("matrix c: ");
    std::vector<float> host(M * K);
    EXPECT_EQ(call(host.data(), M, M), CUBLAS_STATUS_INVALID_VALUE);
    expect_report("is not device memory");
    EXPECT_EQ(call(a.data(), M, M), CUBLAS_STATUS_SUCCESS);
    stream.synchronize();
}

}  // namespace
}  // namespace gpudoubles
