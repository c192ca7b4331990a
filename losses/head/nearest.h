// The k nearest negatives of a row, N_k: the k largest c_j, j != y, ties to the lower class.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/hd.h"

namespace facet {

// The k best of (value, class): larger values first, ties to the lower class. A heap with the
// worst kept entry on top; the set kept does not depend on the order of insertion.
template <class T>
class TopK {
public:
    struct Entry {
        T value;
        int64_t index;
        bool better_than(const Entry& other) const {
            return value > other.value || (value == other.value && index < other.index);
        }
    };

    void reset(int64_t k) {
        k_ = k;
        heap_.clear();
    }

    void add(T value, int64_t index) {
        const Entry entry{value, index};
        if (int64_t(heap_.size()) < k_) {
            heap_.push_back(entry);
            std::push_heap(heap_.begin(), heap_.end(), better);
        } else if (k_ > 0 && entry.better_than(heap_.front())) {
            std::pop_heap(heap_.begin(), heap_.end(), better);
            heap_.back() = entry;
            std::push_heap(heap_.begin(), heap_.end(), better);
        }
    }

    // add(values[j], first + j) for j in [0, n). In a long row few are kept: kTogether are
    // compared with the worst kept one and, as a rule, passed over.
    void add_run(const T* values, int64_t n, int64_t first) {
        for (int64_t at = 0; at < n; at += kTogether) {
            const int64_t count = std::min(kTogether, n - at);
            if (count == kTogether && passes_over(values + at)) continue;
            for (int64_t j = at; j < at + count; ++j) add(values[j], first + j);
        }
    }

    // The worst entry kept; only when entries() is not empty.
    const Entry& worst() const { return heap_.front(); }
    const std::vector<Entry>& entries() const { return heap_; }
    // The same, the best first: an order that does not depend on that of insertion.
    std::vector<Entry> sorted() const {
        std::vector<Entry> entries = heap_;
        std::sort(entries.begin(), entries.end(), better);
        return entries;
    }

private:
    // Are all of kTogether values worse than every one kept?
    bool passes_over(const T* values) const {
        if (heap_.empty() || int64_t(heap_.size()) < k_) return false;
        const T worst = heap_.front().value;
        int above = 0;
#pragma omp simd reduction(+ : above)
        for (int l = 0; l < kTogether; ++l) above += values[l] >= worst;
        return above == 0;
    }

    static constexpr int64_t kTogether = 16;

    static bool better(const Entry& a, const Entry& b) { return a.better_than(b); }

    int64_t k_ = 0;
    std::vector<Entry> heap_;
};

// What remains of N_k after the row was seen: its last member. Default: all classes are in.
template <class T>
struct NearestCut {
    T worst = -2;
    int64_t worst_class = 0;

    static NearestCut of(const TopK<T>& nearest) {
        if (nearest.entries().empty()) return {};
        return {nearest.worst().value, nearest.worst().index};
    }
    FACET_HD bool keeps(T c, int64_t j) const {
        return (c > worst) | ((c == worst) & (j <= worst_class));
    }
};

}  // namespace facet
