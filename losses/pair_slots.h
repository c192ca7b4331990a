// The negative pairs of a batch as further slots of a softmax (UNPG): the similarities S_uv, u < v,
// of features of different classes, without outliers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "losses/head_form.h"

namespace facet {

struct PairSlot {
    double s;           // S_uv
    std::int64_t u, v;  // u < v
};

// Box and whisker filter (Jung et al., UNPG): with Q1, Q3 the sorted values at positions
// floor(K/4) and floor(3K/4), kept are those in [Q1 - whisker (Q3 - Q1), Q3 + whisker (Q3 - Q1)].
// whisker = 0 keeps all.
inline void remove_outliers(std::vector<PairSlot>& slots, double whisker) {
    if (whisker == 0 || slots.empty()) return;
    std::vector<double> sorted;
    for (const PairSlot& slot : slots) sorted.push_back(slot.s);
    std::sort(sorted.begin(), sorted.end());
    const auto quartile = [&](double part) {
        return sorted[std::size_t(part * double(sorted.size()))];
    };
    const double q1 = quartile(0.25), q3 = quartile(0.75), reach = whisker * (q3 - q1);
    std::erase_if(slots,
                  [&](const PairSlot& slot) { return slot.s < q1 - reach || slot.s > q3 + reach; });
}

// The slots of a batch; rows without a label take no part.
template <class T>
std::vector<PairSlot> negative_pairs(const Batch<T>& batch, double whisker) {
    const auto B = std::int64_t(batch.targets.size());
    std::vector<PairSlot> slots;
    for (std::int64_t u = 0; u < B; ++u) {
        for (std::int64_t v = u + 1; v < B; ++v) {
            const std::int64_t a = batch.targets[u].y, b = batch.targets[v].y;
            if (a >= 0 && b >= 0 && a != b) slots.push_back({batch.pairs[u * B + v], u, v});
        }
    }
    remove_outliers(slots, whisker);
    return slots;
}

}  // namespace facet
