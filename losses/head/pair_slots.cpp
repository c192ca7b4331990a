#include "losses/head/pair_slots.h"

#include <algorithm>

#include "engine/parallel.h"
#include "losses/head/arithmetic.h"
#include "losses/head/class_form.h"

namespace facet {
namespace {

void remove_outliers(std::vector<PairSlot>& slots, double whisker) {
    if (whisker == 0 || slots.empty()) return;
    std::vector<double> sorted;
    for (const PairSlot& slot : slots) sorted.push_back(slot.s);
    std::sort(sorted.begin(), sorted.end());
    const QuartilePositions at(int64_t(slots.size()));
    const SlotRange range = SlotRange::of(sorted[at.first], sorted[at.third], whisker);
    std::erase_if(slots, [&](const PairSlot& slot) { return !range.keeps(slot.s); });
}

// S (B, B) = xh xh^T, clipped to [-1, 1].
template <class T>
std::vector<double> similarities(const Batch<T>& batch) {
    const int64_t B = std::ssize(batch.targets), D = batch.D;
    const auto [x, norm] = batch.x;
    std::vector<double> S(B * B);
    const auto unit = [&, x = x, norm = norm](int64_t i, int64_t d) {
        return norm[i] > 0 ? double(x[i * D + d]) / norm[i] : 0.0;
    };
    parallel_for(B, B * B * D, [&](int64_t u) {
        for (int64_t v = 0; v <= u; ++v) {
            const double s =
                sum_lanes_tail<double>(D, [&](int64_t d) { return unit(u, d) * unit(v, d); });
            S[u * B + v] = S[v * B + u] = std::clamp(s, -1.0, 1.0);
        }
    });
    return S;
}

}  // namespace

std::vector<PairSlot> pair_slots(const double* S, const int64_t* y, int64_t B, double whisker) {
    std::vector<PairSlot> slots;
    for (int64_t u = 0; u < B; ++u) {
        for (int64_t v = u + 1; v < B; ++v) {
            if (y[u] >= 0 && y[v] >= 0 && y[u] != y[v]) slots.push_back({S[u * B + v], u, v});
        }
    }
    remove_outliers(slots, whisker);
    return slots;
}

std::vector<LogSumExp<double>> slot_sums(const PairSlots& rule, const std::vector<PairSlot>& slots,
                                         int64_t B) {
    std::vector<LogSumExp<double>> sums(rule.by_anchor ? B : 1);
    for (const PairSlot& slot : slots) {
        sums[rule.by_anchor ? slot.u : 0].add(rule.s * slot.s);
        if (rule.by_anchor) sums[slot.v].add(rule.s * slot.s);
    }
    return sums;
}

SlotDerivative::SlotDerivative(const PairSlots& rule, std::span<const SlotRow> rows)
    : rule(rule), rows(rows.data()) {
    for (const SlotRow& row : rows) {
        if (row.weight != 0) lowest = std::min(lowest, row.log_sum);
    }
    for (const SlotRow& row : rows) {
        if (row.weight != 0) share += row.weight * std::exp(lowest - row.log_sum);
    }
}

template <class T>
HostSlots<T>::HostSlots(const PairSlots& rule, const Batch<T>& batch)
    : rule_(rule),
      B_(std::ssize(batch.targets)),
      D_(batch.D),
      slots_(pair_slots(similarities(batch).data(), batch.labels, B_, rule.whisker)) {}

template <class T>
std::vector<LogSumExp<double>> HostSlots<T>::sums() const {
    return slot_sums(rule_, slots_, B_);
}

template <class T>
void HostSlots<T>::add_gradient(std::span<const SlotRow> rows, const T* xh, T* dxh) const {
    const SlotDerivative derivative(rule_, rows);
    std::vector<double> dS(B_ * B_, 0.0);
    for (const auto& [s, u, v] : slots_) dS[u * B_ + v] = derivative(s, u, v);
    parallel_for(B_, B_ * B_ * D_, [&](int64_t u) {
        for (int64_t v = 0; v < B_; ++v) {
            const T both = T(dS[u * B_ + v] + dS[v * B_ + u]);
            if (both == 0) continue;
#pragma omp simd
            for (int64_t d = 0; d < D_; ++d) dxh[u * D_ + d] += both * xh[v * D_ + d];
        }
    });
}

template class HostSlots<float>;
template class HostSlots<double>;

}  // namespace facet
