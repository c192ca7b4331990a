// A stand-in for oneDNN where there is none, in WebAssembly: the one product that the float32 heads
// ask for. The explorer computes in float64, with the loops of losses/head/gemm.cpp.
#pragma once

using dnnl_status_t = int;
inline constexpr dnnl_status_t dnnl_success = 0;

// C (M, N) = alpha op(A) op(B) + beta C, row-major; `ta`, `tb`: 'N' or 'T'.
inline dnnl_status_t dnnl_sgemm(char ta, char tb, long long M, long long N, long long K,
                                float alpha, const float* A, long long lda, const float* B,
                                long long ldb, float beta, float* C, long long ldc) {
    for (long long i = 0; i < M; ++i) {
        for (long long j = 0; j < N; ++j) {
            float sum = 0;
            for (long long k = 0; k < K; ++k) {
                sum += (ta == 'T' ? A[k * lda + i] : A[i * lda + k]) *
                       (tb == 'T' ? B[j * ldb + k] : B[k * ldb + j]);
            }
            float& c = C[i * ldc + j];
            c = alpha * sum + (beta == 0 ? 0 : beta * c);
        }
    }
    return dnnl_success;
}
