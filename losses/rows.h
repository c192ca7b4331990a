// The form in which a class loss is written: rows, a merge, and a derivative.
//
// A row is one sample's cosines c_ij = <x_i/|x_i|, w_j/|w_j|> against all classes. A driver (dense,
// streamed over tiles of classes, a block of GPU threads) shows the row in chunks and never needs
// to know the loss. A loss is a struct `Form` of plain members, constructible from
// (const Settings&, State&), with
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
//   void open(const Batch<T>&)               sees all targets before begin(): statistics, state
//   void settle(int pass, std::span<Row>)    sees all rows after close(): batch weights, state
//   void columns(g, B, n, ld, first)         sees weight * dL/dc of a tile: gradients of a state
//
// begin, close and the elementwise functions they rest on are FACET_HD. `g` may be `chunk.c`.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "losses/hd.h"

namespace facet {

// What is known of a row before it is seen. `sin` does not come from cos, so it is
// accurate where cos is within rounding of +-1; cos is already clipped to [-1, 1].
template <class T>
struct Target {
    T cos;             // c_iy; the raw product <x_i, w_y> for a form that is not normalised
    T sin;             // sin(theta_iy) >= 0
    T norm;            // |x_i|
    std::int64_t y;    // its class; -1: the row is ignored
    std::int64_t row;  // i
};

template <class T>
struct Batch {
    std::span<const Target<T>> targets;  // (B)
    std::int64_t C;
    std::int64_t counted;  // rows with a label
};

// Part of a row: the cosines of classes first .. first + n - 1.
template <class T>
struct Chunk {
    const T* c;  // (n)
    std::int64_t n;
    std::int64_t first;
    std::int64_t y;  // position of the target in this chunk, or -1 if it is elsewhere

    bool holds_target() const { return y >= 0 && y < n; }
};

// What a driver reads from a closed row. The target's derivative is given twice: the sphere's
// gradient at the target is dL/dtheta times a unit tangent, and dL/dtheta = -sin(theta) dL/dc stays
// bounded where dL/dc of an angular margin does not.
template <class T>
struct RowResult {
    double value = 0;  // L_i
    T weight = 0;      // L = sum_i weight_i L_i; 1 / (rows with a label), 0 for an ignored row
    T dcos = 0;        // dL_i/dc_iy, finite everywhere
    T dtheta = 0;      // dL_i/dtheta_iy
    T dnorm = 0;       // dL_i/d|x_i|, for losses that read the norm
};

// A form with its rows, as the drivers see it: one virtual call a row and chunk.
template <class T>
class Rows {
public:
    virtual ~Rows() = default;
    virtual bool normalised() const = 0;
    virtual int passes() const = 0;
    virtual void open(const Batch<T>& batch) = 0;
    virtual void gather(int pass, std::int64_t row, const Chunk<T>& chunk) = 0;
    virtual void close(int pass) = 0;
    virtual const RowResult<T>& result(std::int64_t row) const = 0;
    virtual void differentiate(std::int64_t row, const Chunk<T>& chunk, T* g) const = 0;
    // g: (B, n) with leading dimension ld, classes first .. first + n - 1.
    virtual void columns(const T* g, std::int64_t B, std::int64_t n, std::int64_t ld,
                         std::int64_t first) = 0;
};

template <class Form>
class RowsOf final : public Rows<typename Form::Scalar> {
    using T = typename Form::Scalar;

public:
    explicit RowsOf(Form form) : form_(std::move(form)) {}

    bool normalised() const override { return Form::normalised; }
    int passes() const override { return Form::passes; }

    void open(const Batch<T>& batch) override {
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

    void gather(int pass, std::int64_t row, const Chunk<T>& chunk) override {
        form_.gather(pass, rows_[row], accumulators_[row], chunk);
    }

    void close(int pass) override {
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (rows_[i].weight != 0) form_.close(pass, rows_[i], accumulators_[i]);
        }
        if constexpr (requires { form_.settle(pass, std::span(rows_)); }) {
            form_.settle(pass, std::span(rows_));
        }
    }

    const RowResult<T>& result(std::int64_t row) const override { return rows_[row]; }

    void differentiate(std::int64_t row, const Chunk<T>& chunk, T* g) const override {
        form_.differentiate(rows_[row], chunk, g);
    }

    void columns(const T* g, std::int64_t B, std::int64_t n, std::int64_t ld,
                 std::int64_t first) override {
        if constexpr (requires { form_.columns(g, B, n, ld, first); }) {
            form_.columns(g, B, n, ld, first);
        }
    }

private:
    Form form_;
    std::vector<typename Form::Row> rows_;          // (B)
    std::vector<typename Form::Acc> accumulators_;  // (B)
};

}  // namespace facet
