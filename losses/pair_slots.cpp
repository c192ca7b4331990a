#include "losses/pair_slots.h"

#include <algorithm>

namespace facet {
namespace {

void remove_outliers(std::vector<PairSlot>& slots, double whisker) {
    if (whisker == 0 || slots.empty()) return;
    std::vector<double> sorted;
    for (const PairSlot& slot : slots) sorted.push_back(slot.s);
    std::sort(sorted.begin(), sorted.end());
    const QuartilePositions at(std::int64_t(slots.size()));
    const SlotRange range = SlotRange::of(sorted[at.first], sorted[at.third], whisker);
    std::erase_if(slots, [&](const PairSlot& slot) { return !range.keeps(slot.s); });
}

}  // namespace

std::vector<PairSlot> pair_slots(const double* S, const std::int64_t* y, std::int64_t B,
                                 double whisker) {
    std::vector<PairSlot> slots;
    for (std::int64_t u = 0; u < B; ++u) {
        for (std::int64_t v = u + 1; v < B; ++v) {
            if (y[u] >= 0 && y[v] >= 0 && y[u] != y[v]) slots.push_back({S[u * B + v], u, v});
        }
    }
    remove_outliers(slots, whisker);
    return slots;
}

std::vector<LogSumExp<double>> slot_sums(const PairSlots& rule, const std::vector<PairSlot>& slots,
                                         std::int64_t B) {
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

}  // namespace facet
