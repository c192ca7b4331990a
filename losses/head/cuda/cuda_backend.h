// The operations of a head on a CUDA device. Those that are kernels are defined beside them, in
// geometry.cu, tiles.cu, center.cu and pairs.cu.
#pragma once

#include <vector>

#include "losses/head/backend.h"
#include "losses/head/cuda/head_device.h"

namespace facet::cuda {

class CudaBackend final : public HeadBackend<float> {
public:
    explicit CudaBackend(HeadDevice& device) : device_(device), stream_(device.stream()) {}

    HeadDevice* device() override { return &device_; }
    // Kernels read and write rows of tiles in steps of four numbers, those behind the last
    // included.
    int64_t row_alignment() const override { return 4; }

    std::shared_ptr<void> allocate(size_t bytes) override { return device_.allocate(bytes); }
    void upload(void* to, const void* host, size_t bytes) override {
        device_.upload(to, host, bytes);
    }
    void download(std::span<const Download> pieces) override;
    DeviceClock* clock() override { return device_.clock(); }
    void fill(float* v, int64_t count, float value) override;
    void gemm(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const float* A, int64_t lda,
              const float* B, int64_t ldb, float beta, float* C, int64_t ldc) override {
        device_.gemm(a_op, b_op, M, N, K, A, lda, B, ldb, beta, C, ldc);
    }

    void vector_norms(const char* what, const float* v, int64_t rows, int64_t D,
                      double* norms) override;
    void unit_vectors(Vectors<float> raw, int64_t rows, int64_t D, float* unit) override;
    void through_normalisation(const float* unit, const double* norms, int64_t rows, int64_t D,
                               float* gradient) override;

    void target_angles(const Targets<float>& targets, const float* xh, Angle* angles,
                       double* products) override;
    void add_pulls(const Targets<float>& targets, const Angle* angles,
                   std::span<const RowPull> pulls, float* dx, float* dw) override;
    void target_differences(const Targets<float>& targets, const double* centres, double counted,
                            double* values, float* dx, float* dw) override;

    void clip_cosines(const Tile<float>& tile) override;
    void zero_targets(const Tile<float>& tile) override;

    void pair_vectors(const PairVectorRows& pairs, const float* v, double* x) override;
    void compare_pairs(const PairVectorRows& pairs, const double* x, double* q) override;
    void join_pairs(const PairVectorRows& pairs, const double* q, double scale, double* g) override;
    void multiply_pairs_back(const PairVectorRows& pairs, const double* h, const double* x,
                             double* dx) override;
    void scatter_pairs(const PairVectorRows& pairs, const double* x, double* dx,
                       float* gradient) override;

private:
    // The rows with a label, by class; those of one class in their order.
    HeadArray<int64_t> rows_by_class(const Targets<float>& targets) const;

    // Vectors whose norms were asked for; `bad` (1): which row was not finite, see vector_norms().
    struct Unchecked {
        const char* what;
        const float* v;
        int64_t rows, D;
        HeadArray<uint64_t> bad;
    };
    void refuse(const Unchecked& vectors, uint64_t bad);

    HeadDevice& device_;
    const cudaStream_t stream_;
    std::vector<Unchecked> unchecked_;  // since the last download()
};

}  // namespace facet::cuda
