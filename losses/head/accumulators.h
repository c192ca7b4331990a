// What a row loss remembers of a row: values with an identity (the default constructed one) and an
// associative merge, so that a row may be seen in tiles, by the threads of a block, or by ranks.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "engine/hd.h"
#include "losses/head/exp.h"
#include "losses/head/lanes.h"

namespace facet {

// log sum_j exp(z_j), with the running maximum as the shift: a fixed shift would underflow on a
// row whose logits are all far below it. Sums of blocks are merged in double.
template <class T>
struct LogSumExp {
    T max = -std::numeric_limits<T>::infinity();
    double sum = 0;  // sum_j exp(z_j - max)

    FACET_HD void merge(const LogSumExp& other) {
        if (other.sum == 0) return;
        const T top = max > other.max ? max : other.max;
        const double mine = sum == 0 ? 0 : sum * std::exp(double(max) - double(top));
        sum = mine + other.sum * std::exp(double(other.max) - double(top));
        max = top;
    }

    FACET_HD void add(T z) { merge({z, 1.0}); }

    // The same with one exponential, in T: for loops over single logits.
    FACET_HD void add_quickly(T z) {
        if (z == -std::numeric_limits<T>::infinity()) return;
        const double e = exp_branch_free(z > max ? max - z : z - max);
        sum = z > max ? sum * e + 1 : sum + e;
        max = z > max ? z : max;
    }

    // Adds z[0..n), n <= kBlock; z has room for padded(n) values and its padding is overwritten.
    void add_block(T* z, std::int64_t n) {
        const T lowest = -std::numeric_limits<T>::infinity();
        for (std::int64_t i = n; i < padded(n); ++i) z[i] = lowest;
        const auto larger = [](T a, T b) { return a > b ? a : b; };
        const T top = reduce_lanes(
            padded(n), lowest, [&](std::int64_t i) { return z[i]; }, larger);
        if (top == lowest) return;
        const auto term = [&](std::int64_t i) { return exp_branch_free(z[i] - top); };
        merge({top, double(sum_lanes<T>(padded(n), term))});
    }

    // log sum exp; -inf of nothing.
    FACET_HD double log() const { return double(max) + std::log(sum); }
};

// The k best of (value, class): larger values first, ties to the lower class. A heap with the
// worst kept entry on top; the set kept does not depend on the order of insertion.
template <class T>
class TopK {
public:
    struct Entry {
        T value;
        std::int64_t index;
        bool better_than(const Entry& other) const {
            return value > other.value || (value == other.value && index < other.index);
        }
    };

    void reset(std::int64_t k) {
        k_ = k;
        heap_.clear();
    }

    void add(T value, std::int64_t index) {
        const Entry entry{value, index};
        if (std::int64_t(heap_.size()) < k_) {
            heap_.push_back(entry);
            std::push_heap(heap_.begin(), heap_.end(), better);
        } else if (k_ > 0 && entry.better_than(heap_.front())) {
            std::pop_heap(heap_.begin(), heap_.end(), better);
            heap_.back() = entry;
            std::push_heap(heap_.begin(), heap_.end(), better);
        }
    }

    // add(values[j], first + j) for j in [0, n). In a long row few are kept: kLanes at a time are
    // compared with the worst kept one and, as a rule, passed over.
    void add_run(const T* values, std::int64_t n, std::int64_t first) {
        for (std::int64_t at = 0; at < n; at += kLanes) {
            const std::int64_t count = std::min(kLanes, n - at);
            if (count == kLanes && passes_over(values + at)) continue;
            for (std::int64_t j = at; j < at + count; ++j) add(values[j], first + j);
        }
    }

    void merge(const TopK& other) {
        for (const Entry& entry : other.heap_) add(entry.value, entry.index);
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
    // Are all of kLanes values worse than every one kept?
    bool passes_over(const T* values) const {
        if (heap_.empty() || std::int64_t(heap_.size()) < k_) return false;
        const T worst = heap_.front().value;
        int above = 0;
#pragma omp simd reduction(+ : above)
        for (int l = 0; l < kLanes; ++l) above += values[l] >= worst;
        return above == 0;
    }

    static bool better(const Entry& a, const Entry& b) { return a.better_than(b); }

    std::int64_t k_ = 0;
    std::vector<Entry> heap_;
};

}  // namespace facet
