// What the drivers of the heads ask of a device, beside kernels: memory, copies, matrix products.
// The CUDA device gives it (device_head.cpp), and the simulated GPU of the tests.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/cuda/download.h"
#include "engine/ledger.h"
#include "losses/gemm.h"

namespace facet::cuda {

class HeadDevice {
public:
    virtual ~HeadDevice() = default;

    virtual cudaStream_t stream() const = 0;
    // Device memory, undefined contents; free when the last owner is gone and the stream is past
    // it.
    virtual std::shared_ptr<void> allocate(size_t bytes) = 0;
    // In the order of the stream. upload: the host's bytes may change once it returns.
    virtual void upload(void* device, const void* host, size_t bytes) = 0;
    // Waits until the bytes are there, once for all the pieces.
    virtual void download(std::span<const Download> pieces) = 0;
    void download(void* host, const void* device, size_t bytes) {
        const Download piece{host, device, bytes};
        download({&piece, 1});
    }
    // For scopes of the ledger; null: the host's.
    virtual DeviceClock* clock() { return nullptr; }

    // losses/gemm.h on device pointers.
    virtual void gemm(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const float* A,
                      int64_t lda, const float* B, int64_t ldb, float beta, float* C,
                      int64_t ldc) = 0;
    virtual void gemm(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const double* A,
                      int64_t lda, const double* B, int64_t ldb, double beta, double* C,
                      int64_t ldc) = 0;
};

// `count` numbers in a HeadDevice's memory.
template <class T>
class DeviceVector {
public:
    DeviceVector() = default;
    DeviceVector(HeadDevice& device, int64_t count)
        : device_(&device), memory_(device.allocate(count * sizeof(T))), count_(count) {}
    DeviceVector(HeadDevice& device, const T* values, int64_t count) : DeviceVector(device, count) {
        device.upload(data(), values, bytes());
    }

    T* data() const { return static_cast<T*>(memory_.get()); }
    int64_t count() const { return count_; }
    size_t bytes() const { return count_ * sizeof(T); }

    // All of them to `values`, for HeadDevice::download().
    Download into(std::vector<T>& values) const {
        values.resize(count_);
        return {values.data(), data(), bytes()};
    }
    std::vector<T> to_vector() const {
        std::vector<T> values(count_);
        device_->download(values.data(), data(), bytes());
        return values;
    }

private:
    HeadDevice* device_ = nullptr;
    std::shared_ptr<void> memory_;
    int64_t count_ = 0;
};

}  // namespace facet::cuda
