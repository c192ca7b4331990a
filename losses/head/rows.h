// The form in which a class loss is written: rows, a merge, and a derivative.
//
// A row is one sample's cosines against all classes, seen in chunks. A loss is a struct `Form` of
// plain members that ask for its parameters (parameters.h), with a page (page.h) and
//
// clang-format off
//   using Scalar = T;                       float or double
//   using Row;                              derives from RowResult<T>; what the row needs to know
//   using Acc;                              an accumulator: Acc() is its identity, merge(Acc)
//   static constexpr bool normalised;       false: rows are raw products <x_i, w_j>
//   static constexpr int passes;            how often the row is seen before gradients exist
//   Row begin(const Target<T>&) const       from the target alone: masks, margins
//   void take(int pass, const Row&, Acc&, T c, int64_t j) const
//                                           adds c_ij of another class, j != y
//   void close(int pass, Row&, const Acc&) const
//                                           after the last pass: value, dcos, dtheta
//   T derivative(const Row&, T c, int64_t j) const
//                                           weight * dL_i/dc_ij for j != y
//
// and, where a loss needs them,
//
//   void prepare(int64_t C)                 first values of state arrays, where they are empty
//   void open(const Batch<T>&)              sees all targets before begin(): statistics, state
//   void settle(int pass, std::span<Row>)   sees all rows after close(): batch weights, state
//   int64_t nearest() const                 k > 0: instead of take() the k largest c_ij, j != y, are
//                                           kept, and close(pass, Row&, const Acc&, TopK<T>&) finds them
//   StateArray* per_class() const           numbers b_j that join c_ij, or nullptr; their gradient is
//                                           sum_i weight_i dL_i/dc_ij
//   PairSlots pair_slots() const            the batch's negative pairs are further slots of its
//                                           softmax (pair_slots.h): before open() comes
//                                           slots(std::span<const LogSumExp<double>>), and after
//                                           close() SlotRow slot_row(const Row&) const is asked for
//   void gather(int pass, const Row&, Acc&, const Chunk<T>&) const
//   void differentiate(const Row&, const Chunk<T>&, T* g) const
//                                           take() and derivative() of a chunk, where a loop of those
//                                           is slow on a CPU; any g[y]; `g` may be `chunk.c`
//   K kernel_form(const double* per_class) const
//                                           what kernels take by value: has take() and derivative(),
//                                           trivially copyable; without it the form itself is
// clang-format on
//
// take() and derivative() run B C times, on a device too: they, and what they call, are FACET_HD,
// and Row and Acc are trivially copyable. All the rest is done B times, on the host.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/parallel.h"
#include "losses/head/arithmetic.h"
#include "losses/head/class_form.h"
#include "losses/head/nearest.h"
#include "losses/head/pair_slots.h"
#include "losses/head/state.h"

namespace facet {

// How many of the nearest negatives the form wants kept; 0: it takes all of them.
template <class Form>
int64_t nearest_of(const Form& form) {
    if constexpr (requires { form.nearest(); }) return form.nearest();
    return 0;
}

// Adds part of a row.
template <class Form, class T>
void gather_row(const Form& form, int pass, const typename Form::Row& row, typename Form::Acc& acc,
                TopK<T>& nearest, const Chunk<T>& chunk) {
    if (nearest_of(form) > 0) {
        chunk.for_other_runs([&](const T* c, int64_t n, int64_t j) { nearest.add_run(c, n, j); });
    } else if constexpr (requires { form.gather(pass, row, acc, chunk); }) {
        form.gather(pass, row, acc, chunk);
    } else {
        chunk.for_others([&](T c, int64_t j) { form.take(pass, row, acc, c, j); });
    }
}

template <class Form, class T>
void close_row(const Form& form, int pass, typename Form::Row& row, const typename Form::Acc& acc,
               TopK<T>& nearest) {
    if constexpr (requires { form.nearest(); }) {
        form.close(pass, row, acc, nearest);
    } else {
        form.close(pass, row, acc);
    }
}

// g[j] = weight * dL_i/dc_ij of a part of the row, the target included. `g` may be `chunk.c`.
template <class Form, class T>
void differentiate_row(const Form& form, const typename Form::Row& row, const Chunk<T>& chunk,
                       T* g) {
    if constexpr (requires { form.differentiate(row, chunk, g); }) {
        form.differentiate(row, chunk, g);
    } else {
#pragma omp simd
        for (int64_t j = 0; j < chunk.n; ++j) {
            g[j] = form.derivative(row, chunk.c[j], chunk.first + j);
        }
    }
    if (chunk.holds_target()) g[chunk.y] = row.weight * row.dcos;
}

// What kernels take of a form whose numbers b_j lie at `per_class` on the device.
template <class Form>
auto kernel_form(const Form& form, const double* per_class) {
    if constexpr (requires { form.kernel_form(per_class); }) {
        return form.kernel_form(per_class);
    } else {
        return form;
    }
}

// A form in the host's memory, as its kernels on a device see it (losses/head/cuda): they gather
// into a copy of the accumulators and differentiate with a copy of the rows.
template <class Form>
class HostRows : public ClassForm<typename Form::Scalar> {
    using T = typename Form::Scalar;

public:
    using Row = typename Form::Row;
    using Acc = typename Form::Acc;
    using Host = HostRows;  // of RowsOf
    using KernelForm = decltype(facet::kernel_form(std::declval<const Form&>(), nullptr));

    // open() without the slots, of which it has the sums: (B) or (1), empty if there are none.
    virtual void open_rows(const Batch<T>& batch, std::span<const LogSumExp<double>> slots) = 0;
    virtual std::span<const Row> rows() const = 0;  // (B)
    virtual std::span<Acc> accumulators() = 0;      // (B)
    virtual KernelForm kernel_form(const double* per_class) const = 0;

    // What a form may have, see above; nullptr, 0 and nothing of one that has it not.
    virtual StateArray* per_class() const = 0;
    virtual int64_t nearest() const = 0;
    virtual void add_nearest(int64_t row, T c, int64_t j) = 0;
    virtual std::optional<PairSlots> pair_slots() const = 0;
    virtual std::vector<SlotRow> slot_rows() const = 0;  // (B)
};

template <class Form>
class RowsOf final : public HostRows<Form> {
    using T = typename Form::Scalar;
    using Row = typename Form::Row;
    using Acc = typename Form::Acc;

public:
    explicit RowsOf(Form form) : form_(std::move(form)) {}

    bool normalised() const override { return Form::normalised; }
    int passes() const override { return Form::passes; }
    void prepare(int64_t C) override {
        if constexpr (requires { form_.prepare(C); }) form_.prepare(C);
    }

    void open(const Batch<T>& batch) override {
        if (const auto rule = pair_slots()) {
            slots_.emplace(*rule, batch);
            open_rows(batch, slots_->sums());
        } else {
            open_rows(batch, {});
        }
    }
    void open_rows(const Batch<T>& batch, std::span<const LogSumExp<double>> slots) override {
        prepare(batch.C);
        if (StateArray* numbers = per_class()) numbers->gradient.assign(batch.C, 0.0);
        if constexpr (requires { form_.slots(slots); }) form_.slots(slots);
        if constexpr (requires { form_.open(batch); }) form_.open(batch);
        const size_t B = batch.targets.size();
        rows_.resize(B);
        accumulators_.assign(B, {});
        nearest_.resize(B);
        for (size_t i = 0; i < B; ++i) {
            rows_[i] = form_.begin(batch.targets[i]);
            rows_[i].weight = batch.targets[i].y < 0 ? T(0) : T(1) / T(batch.counted);
            nearest_[i].reset(nearest());
        }
    }

    void gather(int pass, const Tile<T>& tile) override {
        parallel_for(tile.B, tile.B * tile.n, [&](int64_t i) {
            if (rows_[i].weight == 0) return;
            gather_row(form_, pass, rows_[i], accumulators_[i], nearest_[i], tile.row(i));
        });
    }

    void close(int pass) override {
        for (size_t i = 0; i < rows_.size(); ++i) {
            if (rows_[i].weight == 0) continue;
            close_row(form_, pass, rows_[i], accumulators_[i], nearest_[i]);
        }
        if constexpr (requires { form_.settle(pass, std::span(rows_)); }) {
            form_.settle(pass, std::span(rows_));
        }
    }

    double value() const override {
        double sum = 0;
        for (const Row& row : rows_) {
            if (row.weight != 0) sum += double(row.weight) * row.value;
        }
        return sum;
    }

    const RowResult<T>& result(int64_t row) const override { return rows_[row]; }

    void differentiate(const Tile<T>& tile) override {
        parallel_for(tile.B, tile.B * tile.n, [&](int64_t i) {
            T* g = tile.c + i * tile.ld;
            if (rows_[i].weight == 0) {
                std::fill(g, g + tile.n, T(0));
            } else {
                differentiate_row(form_, rows_[i], tile.row(i), g);
            }
        });
        StateArray* numbers = per_class();
        for (int64_t i = 0; numbers && i < tile.B; ++i) {
            for (int64_t j = 0; j < tile.n; ++j) {
                numbers->gradient[tile.first + j] += tile.c[i * tile.ld + j];
            }
        }
    }

    void finish(const T* xh, T* dxh) override {
        if (slots_) slots_->add_gradient(slot_rows(), xh, dxh);
    }

    std::span<const Row> rows() const override { return rows_; }
    std::span<Acc> accumulators() override { return accumulators_; }
    typename HostRows<Form>::KernelForm kernel_form(const double* per_class) const override {
        return facet::kernel_form(form_, per_class);
    }
    StateArray* per_class() const override {
        if constexpr (requires { form_.per_class(); }) return form_.per_class();
        return nullptr;
    }
    int64_t nearest() const override { return nearest_of(form_); }
    void add_nearest(int64_t row, T c, int64_t j) override { nearest_[row].add(c, j); }
    std::optional<PairSlots> pair_slots() const override {
        if constexpr (requires { form_.pair_slots(); }) return form_.pair_slots();
        return {};
    }
    std::vector<SlotRow> slot_rows() const override {
        std::vector<SlotRow> slots;
        if constexpr (requires(const Row& row) { form_.slot_row(row); }) {
            for (const Row& row : rows_) slots.push_back(form_.slot_row(row));
        }
        return slots;
    }

private:
    Form form_;
    std::vector<Row> rows_;          // (B)
    std::vector<Acc> accumulators_;  // (B)
    std::vector<TopK<T>> nearest_;   // (B)
    std::optional<HostSlots<T>> slots_;
};

}  // namespace facet
