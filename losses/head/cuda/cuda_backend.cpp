#include "losses/head/cuda/cuda_backend.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/cuda/kernels.h"
#include "losses/head/cuda/center_kernels.h"
#include "losses/head/cuda/head_kernels.h"
#include "losses/head/cuda/launched.h"
#include "losses/head/cuda/pair_kernels.h"

namespace facet::cuda {
namespace {

// The rows with a label, by class; those of one class in their order.
std::vector<int64_t> rows_by_class(const Targets<float>& targets) {
    std::vector<int64_t> order;
    const int64_t* y = targets.host_labels;
    for (int64_t i = 0; i < targets.B; ++i) {
        if (y[i] >= 0) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return y[a] < y[b]; });
    return order;
}

}  // namespace

// --- memory ---

void CudaBackend::download(std::span<const Download> pieces) {
    std::vector<Download> all(pieces.begin(), pieces.end());
    std::vector<uint64_t> bad(unchecked_.size());
    for (size_t k = 0; k < bad.size(); ++k)
        all.push_back({&bad[k], unchecked_[k].bad.data(), sizeof(uint64_t)});
    device_.download(all);
    const std::vector<Unchecked> checked = std::exchange(unchecked_, {});
    for (size_t k = 0; k < bad.size(); ++k) {
        if (bad[k] > 0) refuse(checked[k], bad[k]);
    }
}

void CudaBackend::refuse(const Unchecked& vectors, uint64_t bad) {
    const int64_t row = vectors.rows - static_cast<int64_t>(bad);
    std::vector<float> values(vectors.D);
    device_.download(values.data(), vectors.v + row * vectors.D, values.size() * sizeof(float));
    for (int64_t d = 0; d < vectors.D; ++d) {
        FACET_CHECK(std::isfinite(values[d]),
                    "{}: row {}, column {} is {}, expected a finite number", vectors.what, row, d,
                    values[d]);
    }
}

void CudaBackend::fill(float* v, int64_t count, float value) {
    check_launch(cuda::fill(v, count, value, stream_));
}

// --- vectors ---

void CudaBackend::vector_norms(const char* what, const float* v, int64_t rows, int64_t D,
                               double* norms) {
    constexpr uint64_t none = 0;
    const HeadArray<uint64_t> bad(device_, &none, 1);
    check_launch(cuda::vector_norms(v, rows, D, norms, bad.data(), stream_));
    unchecked_.push_back({what, v, rows, D, bad});
}

void CudaBackend::unit_vectors(Vectors<float> raw, int64_t rows, int64_t D, float* unit) {
    check_launch(cuda::unit_vectors(raw.v, raw.norm, rows, D, unit, stream_));
}

void CudaBackend::through_normalisation(const float* unit, const double* norms, int64_t rows,
                                        int64_t D, float* gradient) {
    check_launch(cuda::through_normalisation(unit, norms, rows, D, gradient, stream_));
}

// --- every row and its target ---

void CudaBackend::target_angles(const Targets<float>& targets, const float* xh, Angle* angles,
                                double* products) {
    check_launch(cuda::target_angles(targets, xh != nullptr, angles, products, stream_));
}

void CudaBackend::add_pulls(const Targets<float>& targets, const Angle* angles,
                            std::span<const RowPull> pulls, float* dx, float* dw) {
    const std::vector<int64_t> order = rows_by_class(targets);
    if (order.empty()) return;
    const HeadArray<RowPull> device_pulls(device_, pulls.data(), std::ssize(pulls));
    const HeadArray<int64_t> device_order(device_, order.data(), std::ssize(order));
    check_launch(add_pulls_to_x(targets, angles, device_pulls.data(), dx, stream_));
    check_launch(add_pulls_to_w(targets, angles, device_pulls.data(), device_order.data(),
                                device_order.count(), dw, stream_));
}

void CudaBackend::target_differences(const Targets<float>& targets, const double* centres,
                                     double counted, double* values, float* dx, float* dw) {
    const Centres all{targets.x.v, targets.labels, targets.w.v, centres,
                      targets.B,   targets.D,      counted};
    check_launch(center_rows(all, values, dx, stream_));
    const std::vector<int64_t> order = rows_by_class(targets);
    if (!dw || order.empty()) return;
    const HeadArray<int64_t> device_order(device_, order.data(), std::ssize(order));
    check_launch(center_proxies(all, device_order.data(), device_order.count(), dw, stream_));
}

// --- tiles of cosines ---

void CudaBackend::clip_cosines(const Tile<float>& tile) {
    check_launch(cuda::clip_cosines(tile, stream_));
}
void CudaBackend::copy_tile(const Tile<float>& tile, float* dcos, int64_t C) {
    check_launch(cuda::copy_tile(tile, dcos, C, stream_));
}
void CudaBackend::zero_targets(const Tile<float>& tile) {
    check_launch(cuda::zero_targets(tile, stream_));
}

// --- pairs ---

void CudaBackend::pair_vectors(const PairVectorRows& p, const float* v, double* x) {
    check_launch(cuda::pair_vectors(p.quantity, v, p.norm, p.rows, p.n, p.D, x, stream_));
}

// Neither a product nor a distance of floats overflows in double.
void CudaBackend::compare_pairs(const PairVectorRows& p, const double* x, double* q) {
    if (p.quantity.product()) {
        device_.gemm(Op::none, Op::transpose, p.n, p.n, p.D, x, p.D, x, p.D, 0.0, q, p.n);
        check_launch(pair_products(p.quantity, p.n, q, stream_));
    } else {
        check_launch(pair_distances(p.quantity, x, p.norm, p.rows, p.n, p.D, q, stream_));
    }
}

void CudaBackend::join_pairs(const PairVectorRows& p, const double* q, double scale, double* g) {
    check_launch(cuda::join_pairs(p.quantity, q, scale, p.n, g, stream_));
}

void CudaBackend::multiply_pairs_back(const PairVectorRows& p, const double* h, const double* x,
                                      double* dx) {
    if (p.quantity.product()) {
        device_.gemm(Op::none, Op::none, p.n, p.D, p.n, h, p.n, x, p.D, 0.0, dx, p.D);
    } else {
        check_launch(pair_differences(h, x, p.n, p.D, dx, stream_));
    }
}

void CudaBackend::scatter_pairs(const PairVectorRows& p, const double* x, double* dx,
                                float* gradient) {
    check_launch(finish_pairs(p.quantity, x, p.norm, p.rows, dx, p.n, p.D, gradient, stream_));
}

}  // namespace facet::cuda
