#include "losses/head/cuda/device_slots.h"

#include "losses/head/cuda/head_kernels.h"
#include "losses/head/cuda/launched.h"
#include "losses/head/cuda/pair_kernels.h"

namespace facet::cuda {
namespace {

// How many pairs of rows have labels, different ones.
int64_t negative_pairs(std::span<const Target<float>> targets) {
    int64_t count = 0;
    for (size_t u = 0; u < targets.size(); ++u) {
        for (size_t v = u + 1; v < targets.size(); ++v)
            count += targets[u].y >= 0 && targets[v].y >= 0 && targets[u].y != targets[v].y;
    }
    return count;
}

}  // namespace

DeviceSlots::DeviceSlots(HeadDevice& device, const PairSlots& rule, const Batch<float>& batch)
    : device_(device),
      rule_(rule),
      labels_(batch.labels),
      B_(std::ssize(batch.targets)),
      D_(batch.D),
      S_(device, B_ * B_) {
    const cudaStream_t stream = device.stream();
    const HeadArray<double> unit(device, B_ * D_);
    check_launch(unit_vectors(batch.x.v, batch.x.norm, B_, D_, unit.data(), stream));
    device.gemm(Op::none, Op::transpose, B_, B_, D_, unit.data(), D_, unit.data(), D_, 0.0,
                S_.data(), B_);
    check_launch(pair_products({PairVectors::unit, PairMeasure::product}, B_, S_.data(), stream));
    const int64_t K = negative_pairs(batch.targets);
    if (rule.whisker == 0 || K == 0) return;
    const HeadArray<double> quartiles(device, 2);
    check_launch(slot_quartiles(pairs(), QuartilePositions(K), quartiles.data(), stream));
    quartiles_ = quartiles;
}

std::vector<LogSumExp<double>> DeviceSlots::sums() const {
    const HeadArray<LogSumExp<double>> by_row(device_, B_);
    check_launch(sum_slots(pairs(), rule_, by_row.data(), device_.stream()));
    const std::vector<LogSumExp<double>> sums = by_row.to_vector();
    if (rule_.by_anchor) return sums;
    LogSumExp<double> all;
    for (const LogSumExp<double>& sum : sums) all.merge(sum);
    return {all};
}

void DeviceSlots::add_gradient(const std::vector<SlotRow>& rows, const float* xh,
                               float* dxh) const {
    const HeadArray<SlotRow> device_rows(device_, rows.data(), B_);
    SlotDerivative derivative(rule_, rows);
    derivative.rows = device_rows.data();
    const HeadArray<float> factors(device_, B_ * B_);
    check_launch(differentiate_slots(pairs(), derivative, factors.data(), device_.stream()));
    device_.gemm(Op::none, Op::none, B_, D_, B_, factors.data(), B_, xh, D_, 1.0f, dxh, D_);
}

}  // namespace facet::cuda
