#include "losses/cuda/center_driver.h"

#include <array>
#include <numeric>

#include "engine/cuda/kernels.h"
#include "engine/error.h"
#include "losses/cuda/batch_rows.h"
#include "losses/cuda/center_kernels.h"
#include "losses/cuda/head_kernels.h"
#include "losses/cuda/launched.h"

namespace facet::cuda {
namespace {

constexpr unsigned long long kNoneBad[2] = {0, 0};

}  // namespace

double run_center(HeadDevice& device, Center& loss, const HeadBatch<float>& batch,
                  const HeadGradient<float>& gradient, HeadWorkspace<float>& workspace) {
    const auto [x, w, y, B, C, D] = batch;
    FACET_CHECK(gradient.dcos == nullptr, "center: it reads no cosines, so there is no dcos");
    const int64_t counted = check_labels(y, B, C);
    const cudaStream_t stream = device.stream();
    const DeviceVector<double> x_norms(device, B), w_norms(device, C);
    const DeviceVector<unsigned long long> bad(device, kNoneBad, 2);
    check_launch(vector_norms(x, B, D, x_norms.data(), bad.data(), stream));
    check_launch(vector_norms(w, C, D, w_norms.data(), bad.data() + 1, stream));
    const std::vector<double>& given = loss.take_given(C, D);
    const DeviceVector<int64_t> labels(device, y, B);
    DeviceVector<double> given_centres;
    if (!given.empty()) given_centres = {device, given.data(), C * D};
    const Centres centres{x, labels.data(), w, given_centres.data(), B, D, counted};
    const DeviceVector<double> values(device, B);
    check_launch(center_rows(centres, values.data(), gradient.dx, stream));
    if (gradient.dw) {
        check_launch(fill(gradient.dw, C * D, 0.0f, stream));
    }
    if (gradient.dw && counted > 0) {
        const DeviceVector<int64_t> order(device, rows_by_class(y, B).data(), counted);
        check_launch(center_proxies(centres, order.data(), counted, gradient.dw, stream));
    }
    std::vector<unsigned long long> found;
    const std::array pieces{bad.into(found), x_norms.into(workspace.x_norm),
                            values.into(workspace.row_value)};
    device.download(pieces);
    check_finite(device, "embeddings", x, B, D, found[0]);
    check_finite(device, "proxies", w, C, D, found[1]);
    workspace.target_cosine.assign(B, 0.0);
    const double sum = std::accumulate(workspace.row_value.begin(), workspace.row_value.end(), 0.0);
    return counted > 0 ? sum / double(counted) : 0;
}

}  // namespace facet::cuda
