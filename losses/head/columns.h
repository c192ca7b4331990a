// The column form: losses that normalise over the samples of a class, not over the classes of a
// sample.
//
//   L = positives(targets) + weight sum_j log(1 + sum_{i: y_i != j} e^{z(c_ij)})
//
// A column is complete in every tile; its logarithm is all that is kept of it. A loss is a struct
// `Form` with
//   using Scalar = T;
//   double open(const Batch<T>&, std::span<RowResult<T>>)   the value of the positives; fills
//                                               dcos, dtheta of every row, with weight 1
//   T weight(int64_t C) const                   of a column
//   T logit(T c) const                          z(c)
//   T slope(T c) const                          dz/dc
// logit and slope run for every entry, on a device too: they are FACET_HD, the form is trivially
// copyable.
#pragma once

#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "engine/parallel.h"
#include "losses/head/arithmetic.h"
#include "losses/head/class_form.h"

namespace facet {

// What a device runs of a form.
template <class Form>
struct WeightedColumn {
    using T = typename Form::Scalar;
    Form form;
    T weight;  // of a column

    // weight * dL/dc of a row of another class; log: log(1 + sum) of the column.
    FACET_HD T derivative(T c, double log) const {
        return weight * exp_branch_free(form.logit(c) - T(log)) * form.slope(c);
    }
};

// A form in the host's memory, as its kernels on a device see it (losses/head/cuda).
template <class Form>
class HostColumns : public ClassForm<typename Form::Scalar> {
    using T = typename Form::Scalar;

public:
    using Host = HostColumns;  // of ColumnsOf

    virtual WeightedColumn<Form> column() const = 0;
    virtual std::span<const RowResult<T>> rows() const = 0;  // (B)
    virtual std::span<double> logs() = 0;                    // (C) log(1 + sum)
};

template <class Form>
class ColumnsOf final : public HostColumns<Form> {
    using T = typename Form::Scalar;

public:
    explicit ColumnsOf(Form form) : column_{std::move(form), T(0)} {}

    bool normalised() const override { return true; }
    int passes() const override { return 1; }
    void prepare(int64_t) override {}

    void open(const Batch<T>& batch) override {
        rows_.assign(batch.targets.size(), {});
        positives_ = column_.form.open(batch, rows_);
        column_.weight = batch.counted > 0 ? column_.form.weight(batch.C) : T(0);
        logs_.resize(batch.C);
    }

    void gather(int, const Tile<T>& tile) override {
        each_block(tile, [&](int64_t at, int64_t n) {
            sum_columns(tile, at, n, &logs_[tile.first + at]);
        });
    }
    void close(int) override {
        negatives_ = 0;
        for (const double log : logs_) negatives_ += log;
    }

    WeightedColumn<Form> column() const override { return column_; }
    std::span<const RowResult<T>> rows() const override { return rows_; }
    std::span<double> logs() override { return logs_; }

    double value() const override { return positives_ + double(column_.weight) * negatives_; }
    const RowResult<T>& result(int64_t row) const override { return rows_[row]; }

    void differentiate(const Tile<T>& tile) override {
        each_block(tile, [&](int64_t at, int64_t n) {
            const double* log = &logs_[tile.first + at];
            T g[kBlock];
            for (int64_t i = 0; i < tile.B; ++i) {
                T* c = tile.c + i * tile.ld + at;
                const bool counts = tile.labels[i] >= 0;
#pragma omp simd
                for (int64_t j = 0; j < n; ++j) g[j] = column_.derivative(c[j], log[j]);
                for (int64_t j = 0; j < n; ++j) c[j] = counts ? g[j] : T(0);
                const int64_t y = tile.labels[i] - tile.first - at;
                if (counts && y >= 0 && y < n) c[y] = rows_[i].dcos;
            }
        });
    }

private:
    template <class Work>
    void each_block(const Tile<T>& tile, Work work) {
        const int64_t blocks = (tile.n + kBlock - 1) / kBlock;
        parallel_for(blocks, tile.B * tile.n, [&](int64_t block) {
            const int64_t at = block * kBlock;
            work(at, std::min(kBlock, tile.n - at));
        });
    }

    // log[j] = log(1 + sum_i e^{z_ij}) over the rows of other classes, n <= kBlock. The 1 is added
    // last, by log1p: it would swallow the digits of a small sum.
    void sum_columns(const Tile<T>& tile, int64_t at, int64_t n, double* log) const {
        T top[kBlock], sum[kBlock];
        std::fill_n(top, n, -std::numeric_limits<T>::infinity());
        std::fill_n(sum, n, T(0));
        const auto each_row = [&](auto add) {
            for (int64_t i = 0; i < tile.B; ++i) {
                if (tile.labels[i] < 0) continue;
                const T* c = tile.c + i * tile.ld + at;
                const int64_t y = tile.labels[i] - tile.first - at;
#pragma omp simd
                for (int64_t j = 0; j < n; ++j) add(j, column_.form.logit(c[j]), j != y);
            }
        };
        each_row([&](int64_t j, T z, bool other) { top[j] = (other & (z > top[j])) ? z : top[j]; });
        each_row([&](int64_t j, T z, bool other) {
            const T e = exp_branch_free(z - top[j]);
            sum[j] += other ? e : T(0);
        });
        for (int64_t j = 0; j < n; ++j) {
            log[j] = sum[j] > 0 ? softplus(double(top[j]) + std::log(double(sum[j]))) : 0.0;
        }
    }

    WeightedColumn<Form> column_;
    std::vector<RowResult<T>> rows_;  // (B)
    std::vector<double> logs_;        // (C) log(1 + sum)
    double positives_ = 0, negatives_ = 0;
};

}  // namespace facet
