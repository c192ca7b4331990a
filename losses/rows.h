// The form in which a class loss is written: rows, a merge, and a derivative.
//
// A row is one sample's cosines against all classes, seen in chunks. A loss is a struct `Form` of
// plain members, constructible from (const Settings&, State&), with
//
//   using Scalar = T;                        float or double
//   using Row;                               derives from RowResult<T>; what the row needs to know
//   using Acc;                               an accumulator: Acc(), merge(Acc)
//   static constexpr bool normalised;        false: rows are raw products <x_i, w_j>
//   static constexpr int passes;             how often the row is seen before gradients exist
//   Row begin(const Target<T>&) const        from the target alone: masks, margins
//   void reset(Acc&) const                   the identity again
//   void gather(int pass, const Row&, Acc&, const Chunk<T>&) const
//   void close(int pass, Row&, const Acc&) const    after the last pass: value, dcos, dtheta
//   void differentiate(const Row&, const Chunk<T>&, T* g) const
//                                            g[j] = weight * dL_i/dc_ij for j != y; any g[y]
// and, where a loss needs them,
//   void prepare(int64_t C)                  first values of state arrays, where they are empty
//   void open(const Batch<T>&)               sees all targets before begin(): statistics, state
//   void settle(int pass, std::span<Row>)    sees all rows after close(): batch weights, state
//   void columns(const Tile<T>&)             sees weight * dL/dc of a tile: gradients of a state
//   void differentiate_pairs(std::span<const Row>, double* dS)
//                                            open() then finds Batch::pairs; adds dL/dS_uv
//
// begin, close and the elementwise functions they rest on are FACET_HD. `g` may be `chunk.c`.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "losses/head_form.h"
#include "losses/lanes.h"
#include "losses/parallel.h"

namespace facet {

template <class Form>
class RowsOf final : public HeadForm<typename Form::Scalar> {
    using T = typename Form::Scalar;
    using Row = typename Form::Row;

public:
    explicit RowsOf(Form form) : form_(std::move(form)) {}

    bool normalised() const override { return Form::normalised; }
    bool reads_pairs() const override {
        return requires { form_.differentiate_pairs(std::span<const Row>(), nullptr); };
    }
    int passes() const override { return Form::passes; }
    void prepare(std::int64_t C) override {
        if constexpr (requires { form_.prepare(C); }) form_.prepare(C);
    }

    void open(const Batch<T>& batch) override {
        prepare(batch.C);
        if constexpr (requires { form_.open(batch); }) form_.open(batch);
        const std::size_t B = batch.targets.size();
        rows_.resize(B);
        accumulators_.resize(B);
        for (std::size_t i = 0; i < B; ++i) {
            rows_[i] = form_.begin(batch.targets[i]);
            rows_[i].weight = batch.targets[i].y < 0 ? T(0) : T(1) / T(batch.counted);
            form_.reset(accumulators_[i]);
        }
    }

    void gather(int pass, const Tile<T>& tile) override {
        parallel_for(tile.B, tile.B * tile.n, [&](std::int64_t i) {
            if (rows_[i].weight != 0) {
                form_.gather(pass, rows_[i], accumulators_[i], tile.row(i));
            }
        });
    }

    void close(int pass) override {
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (rows_[i].weight != 0) form_.close(pass, rows_[i], accumulators_[i]);
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

    const RowResult<T>& result(std::int64_t row) const override { return rows_[row]; }

    void differentiate(const Tile<T>& tile) override {
        parallel_for(tile.B, tile.B * tile.n, [&](std::int64_t i) {
            const Chunk<T> chunk = tile.row(i);
            T* g = tile.c + i * tile.ld;
            if (rows_[i].weight == 0) {
                std::fill(g, g + tile.n, T(0));
                return;
            }
            form_.differentiate(rows_[i], chunk, g);
            if (chunk.holds_target()) g[chunk.y] = rows_[i].weight * rows_[i].dcos;
        });
        if constexpr (requires { form_.columns(tile); }) form_.columns(tile);
    }

    void differentiate_pairs(double* dS) override {
        if constexpr (requires { form_.differentiate_pairs(std::span<const Row>(), dS); }) {
            form_.differentiate_pairs(std::span<const Row>(rows_), dS);
        }
    }

private:
    Form form_;
    std::vector<Row> rows_;                         // (B)
    std::vector<typename Form::Acc> accumulators_;  // (B)
};

}  // namespace facet
