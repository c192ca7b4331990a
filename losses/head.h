// The heads: from raw embeddings and proxies to the loss and its gradients by both.
//
// One driver runs every class loss, over tiles of classes: a sweep forward lets each row gather
// what it must know, a sweep backward forms dL/dc and multiplies it back. Dense is the case of one
// tile, whose cosines are still there when the second sweep begins; streamed never holds more than
// a tile of the B x C cosines.
//
// Cosines are clipped to [-1, 1]. The target's entry does not go through the matrix product: its
// gradient is dL/dtheta times a unit tangent, both accurate and bounded at cos = +-1.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "losses/geometry.h"
#include "losses/head_form.h"

namespace facet {

template <class T>
struct HeadBatch {
    const T* x = nullptr;             // (B, D) raw embeddings
    const T* w = nullptr;             // (C, D) raw proxies; nullptr for a pair loss
    const std::int64_t* y = nullptr;  // (B) class; -1: the row is ignored
    std::int64_t B = 0, C = 0, D = 0;
};

// Gradients by the raw arrays, overwritten. Any may be nullptr: then it is not computed.
template <class T>
struct HeadGradient {
    T* dx = nullptr;    // (B, D)
    T* dw = nullptr;    // (C, D)
    T* dcos = nullptr;  // (B, C) dL/dc_ij; needs a class loss
};

enum class Head { dense, streamed };

struct HeadOptions {
    Head head = Head::dense;
    std::int64_t tile = 4096;  // classes at a time, streamed
};

// Buffers of a driver, kept between steps so that a step allocates nothing; and the diagnostics of
// the last call.
template <class T>
struct HeadWorkspace {
    std::vector<double> target_cosine;  // (B) c_iy; 0 for an ignored row
    std::vector<double> row_value;      // (B) L_i

    std::vector<double> x_norm, w_norm;  // (B), (C)
    std::vector<T> x_unit;               // (B, D)
    std::vector<T> w_unit;               // (tile, D)
    std::vector<T> cosines;              // (B, tile); then dL/dc in place
    std::vector<double> pairs, dpairs;   // (B, B) similarities of the batch, and dL/d of them
    std::vector<PairSlot> slots;         // those of them that are slots of a softmax
    std::vector<T> dx, dw;               // for a caller who wants one gradient only
    std::vector<Angle> angles;           // (B)
    std::vector<double> tangent;         // (D)
    std::vector<Target<T>> targets;      // (B)
};

// Classes at a time: all C, or those of a tile. Throws Error unless that is at least one.
std::int64_t tile_width(const HeadOptions& options, std::int64_t C);

// The number of rows that count. Throws Error for a label outside [-1, C), naming its row.
std::int64_t check_labels(const std::int64_t* y, std::int64_t B, std::int64_t C);

// The value (mean over the rows with a label; 0 if there are none) and the gradients of a class
// loss. Throws Error for a label outside [-1, C), naming its row, and for non-finite input.
template <class T>
double run_head(HeadForm<T>& form, const HeadBatch<T>& batch, const HeadGradient<T>& gradient,
                HeadWorkspace<T>& workspace, const HeadOptions& options);

}  // namespace facet
