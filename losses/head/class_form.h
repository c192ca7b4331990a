// A class loss as the algorithm of the heads sees it (class_head.cpp), and what passes between the
// two: targets, tiles of cosines, results of rows.
//
// The algorithm forms cosines c_ij = <x_i/|x_i|, w_j/|w_j|> of all rows i (samples) against a tile
// of classes j, and multiplies dL/dc back; of the loss it sees a ClassForm. Most losses are written
// row by row (rows.h); a loss that normalises over the samples of a class is written column by
// column (columns.h).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "engine/hd.h"

namespace facet {

// What is known of a row before it is seen. `sin` does not come from cos, so it is
// accurate where cos is within rounding of +-1; cos is already clipped to [-1, 1].
template <class T>
struct Target {
    T cos;        // c_iy; the raw product <x_i, w_y> for a form that is not normalised
    T sin;        // sin(theta_iy) >= 0
    T norm;       // |x_i|
    int64_t y;    // its class; -1: the row is ignored
    int64_t row;  // i

    T angle() const { return std::atan2(sin, cos); }  // theta_iy in [0, pi]
};

// Raw vectors (rows, D) with their lengths (rows), in the memory of the head.
template <class T>
struct Vectors {
    const T* v;
    const double* norm;
};

template <class T>
struct Batch {
    std::span<const Target<T>> targets;  // (B)
    int64_t C;
    int64_t counted;  // rows with a label
    Vectors<T> x;     // (B, D) the embeddings
    int64_t D;
    const int64_t* labels;  // (B) their classes, in the memory of the head
};

inline constexpr int64_t kBlock = 512;  // classes a block, a multiple of kLanes

// Part of a row: the cosines of classes first .. first + n - 1.
template <class T>
struct Chunk {
    const T* c;  // (n)
    int64_t n;
    int64_t first;
    int64_t y;  // position of the target in this chunk, or -1 if it is elsewhere

    bool holds_target() const { return y >= 0; }

    // use(c_j, j) for the classes j of this chunk other than the target, in order.
    template <class Use>
    void for_others(Use use) const {
        for (int64_t j = 0; j < n; ++j) {
            if (j != y) use(c[j], first + j);
        }
    }
    // use(block) for the classes in blocks of at most kBlock.
    template <class Use>
    void for_blocks(Use use) const {
        for (int64_t at = 0; at < n; at += kBlock) {
            const int64_t count = std::min(kBlock, n - at), target = y - at;
            const bool inside = target >= 0 && target < count;
            use(Chunk{c + at, count, first + at, inside ? target : -1});
        }
    }
    // for_others() by runs: use(c, n, j) for the n classes from j on, before the target and behind
    // it.
    template <class Use>
    void for_other_runs(Use use) const {
        use(c, holds_target() ? y : n, first);
        if (holds_target()) use(c + y + 1, n - y - 1, first + y + 1);
    }
};

// The same part of every row.
template <class T>
struct Tile {
    T* c;        // (B, n)
    int64_t ld;  // elements between rows
    int64_t B, n, first;
    const int64_t* labels;  // (B)

    FACET_HD Chunk<T> row(int64_t i) const {
        const int64_t y = labels[i] - first;
        return {c + i * ld, n, first, labels[i] >= 0 && y >= 0 && y < n ? y : -1};
    }
};

// What is read of a row. The target's derivative is given twice: the sphere's gradient at the
// target is dL/dtheta times a unit tangent, and dL/dtheta = -sin(theta) dL/dc stays bounded where
// dL/dc of an angular margin does not.
template <class T>
struct RowResult {
    double value = 0;  // L_i
    T weight = 0;      // L = sum_i weight_i L_i; 1 / (rows with a label), 0 for an ignored row
    T dcos = 0;        // dL_i/dc_iy, finite everywhere
    T dtheta = 0;      // dL_i/dtheta_iy
    T dnorm = 0;       // dL_i/d|x_i|, for losses that read the norm
};

template <class T>
class ClassForm {
public:
    virtual ~ClassForm() = default;

    virtual bool normalised() const = 0;  // false: c_ij are raw products <x_i, w_j>
    virtual int passes() const = 0;       // how often the tiles are shown before gradients exist
    virtual void prepare(int64_t C) = 0;  // first values of the state that depend on C

    virtual void open(const Batch<T>& batch) = 0;
    virtual void gather(int pass, const Tile<T>& tile) = 0;
    virtual void fetch(int /*pass*/) {}  // what a device has gathered comes to the host
    virtual void close(int pass) = 0;
    // After the last close(): the value of the batch and the results of its rows.
    virtual double value() const = 0;
    virtual const RowResult<T>& result(int64_t row) const = 0;
    // dL/dc of the tile in place of its cosines, the target's entries included.
    virtual void differentiate(const Tile<T>& tile) = 0;
    // After the last tile: adds to dxh (B, D) the gradient of what pulls on the embeddings xh
    // besides their cosines with classes; xh is unit, or raw where the form is not normalised.
    virtual void finish(const T* /*xh*/, T* /*dxh*/) {}
};

}  // namespace facet
