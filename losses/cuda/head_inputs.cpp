#include "losses/cuda/head_inputs.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/error.h"
#include "losses/cuda/launched.h"

namespace facet::cuda {
namespace {

constexpr unsigned long long kNoneBad[2] = {0, 0};

}  // namespace

HeadInputs::HeadInputs(HeadDevice& device, const HeadBatch<float>& batch)
    : device_(device),
      in_(batch),
      x_norm_(device, batch.B),
      w_norm_(device, batch.C),
      bad_(device, kNoneBad, 2),
      labels_(device, batch.y, batch.B),
      angles_(device, batch.B),
      products_(device, batch.B) {
    const cudaStream_t stream = device.stream();
    {
        const auto values = static_cast<double>((in_.B + in_.C) * in_.D);
        const auto shape = [&] { return fmt::format("({}, {})", in_.B + in_.C, in_.D); };
        const LedgerScope scope("head_norms", 2 * values, values * sizeof(float), shape,
                                device.clock());
        check_launch(vector_norms(in_.x, in_.B, in_.D, x_norm_.data(), bad_.data(), stream));
        check_launch(vector_norms(in_.w, in_.C, in_.D, w_norm_.data(), bad_.data() + 1, stream));
    }
    const LedgerScope scope(
        "head_angles", 0, 0, [] { return std::string(); }, device.clock());
    check_launch(
        target_angles(vectors(), labels_.data(), angles_.data(), products_.data(), stream));
}

void HeadInputs::read(bool normalised, HeadWorkspace<float>& workspace) const {
    std::vector<unsigned long long> bad;
    std::vector<Angle> angles;
    std::vector<double> products;
    const std::array pieces{bad_.into(bad), angles_.into(angles), products_.into(products),
                            x_norm_.into(workspace.x_norm)};
    device_.download(pieces);
    check_finite("embeddings", in_.x, in_.B, bad[0]);
    check_finite("proxies", in_.w, in_.C, bad[1]);
    workspace.target_cosine.resize(in_.B);
    workspace.targets.resize(in_.B);
    for (int64_t i = 0; i < in_.B; ++i) {
        workspace.target_cosine[i] = angles[i].cos;
        workspace.targets[i] = {float(normalised ? angles[i].cos : products[i]),
                                float(angles[i].sin), float(workspace.x_norm[i]), in_.y[i], i};
    }
}

void HeadInputs::check_finite(const char* what, const float* v, int64_t rows,
                              uint64_t found) const {
    if (found == 0) return;
    const int64_t row = rows - static_cast<int64_t>(found);
    std::vector<float> values(in_.D);
    device_.download(values.data(), v + row * in_.D, in_.D * sizeof(float));
    for (int64_t d = 0; d < in_.D; ++d) {
        FACET_CHECK(std::isfinite(values[d]),
                    "{}: row {}, column {} is {}, expected a finite number", what, row, d,
                    values[d]);
    }
}

void add_pulls(HeadDevice& device, const HeadInputs& inputs, const HeadForm<float>& form,
               const HeadWorkspace<float>& workspace, float* dx, float* dw) {
    std::vector<RowPull> pulls;
    std::vector<int64_t> order;  // rows with a label, by class
    for (const Target<float>& target : workspace.targets) {
        const RowResult<float>& row = form.result(target.row);
        const double weight = row.weight, norm = workspace.x_norm[target.row];
        if (target.y >= 0) order.push_back(target.row);
        pulls.push_back({form.normalised() ? -weight * double(row.dtheta) : 0,
                         norm > 0 ? weight * double(row.dnorm) / norm : 0});
    }
    if (order.empty()) return;
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return workspace.targets[a].y < workspace.targets[b].y;
    });
    const cudaStream_t stream = device.stream();
    const DeviceVector<RowPull> device_pulls(device, pulls.data(), std::ssize(pulls));
    const DeviceVector<int64_t> device_order(device, order.data(), std::ssize(order));
    check_launch(add_pulls_to_x(inputs.vectors(), inputs.labels(), inputs.angles(),
                                device_pulls.data(), dx, stream));
    check_launch(add_pulls_to_w(inputs.vectors(), inputs.labels(), inputs.angles(),
                                device_pulls.data(), device_order.data(), device_order.count(), dw,
                                stream));
}

}  // namespace facet::cuda
