#include "losses/cuda/batch_rows.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"

namespace facet::cuda {

void check_finite(HeadDevice& device, const char* what, const float* v, int64_t rows, int64_t D,
                  uint64_t bad) {
    if (bad == 0) return;
    const int64_t row = rows - static_cast<int64_t>(bad);
    std::vector<float> values(D);
    device.download(values.data(), v + row * D, D * sizeof(float));
    for (int64_t d = 0; d < D; ++d) {
        FACET_CHECK(std::isfinite(values[d]),
                    "{}: row {}, column {} is {}, expected a finite number", what, row, d,
                    values[d]);
    }
}

std::vector<int64_t> rows_by_class(const int64_t* y, int64_t B) {
    std::vector<int64_t> order;
    for (int64_t i = 0; i < B; ++i) {
        if (y[i] >= 0) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return y[a] < y[b]; });
    return order;
}

}  // namespace facet::cuda
