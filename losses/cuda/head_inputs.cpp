#include "losses/cuda/head_inputs.h"

#include <array>

#include "losses/cuda/batch_rows.h"
#include "losses/cuda/launched.h"
#include "losses/head_scopes.h"

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
        const HeadScopes scopes{in_.B, in_.D, sizeof(float), device.clock()};
        const LedgerScope scope = scopes.vectors("head_norms", in_.B + in_.C, 2, 1);
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
    check_finite(device_, "embeddings", in_.x, in_.B, in_.D, bad[0]);
    check_finite(device_, "proxies", in_.w, in_.C, in_.D, bad[1]);
    workspace.target_cosine.resize(in_.B);
    workspace.targets.resize(in_.B);
    for (int64_t i = 0; i < in_.B; ++i) {
        workspace.target_cosine[i] = angles[i].cos;
        workspace.targets[i] = {float(normalised ? angles[i].cos : products[i]),
                                float(angles[i].sin), float(workspace.x_norm[i]), in_.y[i], i};
    }
}

void add_pulls(HeadDevice& device, const HeadInputs& inputs, const HeadForm<float>& form,
               const HeadWorkspace<float>& workspace, float* dx, float* dw) {
    std::vector<RowPull> pulls;
    for (const Target<float>& target : workspace.targets) {
        const RowResult<float>& row = form.result(target.row);
        const double weight = row.weight, norm = workspace.x_norm[target.row];
        pulls.push_back({form.normalised() ? -weight * double(row.dtheta) : 0,
                         norm > 0 ? weight * double(row.dnorm) / norm : 0});
    }
    const std::vector<int64_t> order = inputs.rows_by_class();
    if (order.empty()) return;
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
