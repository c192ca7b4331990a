#include "losses/head/cuda/cuda_backend.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/cuda/kernels.h"

namespace facet::cuda {
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

HeadArray<int64_t> CudaBackend::rows_by_class(const Targets<float>& targets) const {
    std::vector<int64_t> order;
    const int64_t* y = targets.host_labels;
    for (int64_t i = 0; i < targets.B; ++i) {
        if (y[i] >= 0) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return y[a] < y[b]; });
    return {device_, order.data(), std::ssize(order)};
}

}  // namespace facet::cuda
