// The simulated GPU as the heads see a device (losses/head/cuda/head_device.h): memory in which
// every byte starts as part of a NaN, matrix products of the host.
#pragma once

#include <cstring>

#include "losses/head/cuda/head_device.h"
#include "tests/gpusim/sim.h"

namespace facet::test {

class SimHeadDevice final : public cuda::HeadDevice {
public:
    cudaStream_t stream() const override { return nullptr; }
    std::shared_ptr<void> allocate(size_t bytes) override {
        std::shared_ptr<void> memory(gpusim::allocate(bytes), gpusim::release);
        std::memset(memory.get(), 0xFF, bytes);
        return memory;
    }
    void upload(void* device, const void* host, size_t bytes) override {
        if (bytes > 0) std::memcpy(device, host, bytes);
    }
    void download(std::span<const Download> pieces) override {
        for (const Download& piece : pieces) {
            if (piece.bytes > 0) std::memcpy(piece.host, piece.device, piece.bytes);
            downloaded_ += static_cast<int64_t>(piece.bytes);
        }
        ++waits_;
    }
    int64_t downloaded() const { return downloaded_; }  // bytes, so far
    int64_t waits() const { return waits_; }            // of the host for the device, so far

    void gemm(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const float* A, int64_t lda,
              const float* B, int64_t ldb, float beta, float* C, int64_t ldc) override {
        facet::gemm<float>(a_op, b_op, M, N, K, A, lda, B, ldb, beta, C, ldc);
    }
    void gemm(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const double* A, int64_t lda,
              const double* B, int64_t ldb, double beta, double* C, int64_t ldc) override {
        facet::gemm<double>(a_op, b_op, M, N, K, A, lda, B, ldb, beta, C, ldc);
    }

private:
    int64_t downloaded_ = 0, waits_ = 0;
};

}  // namespace facet::test
