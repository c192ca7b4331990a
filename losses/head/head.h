// A head turns embeddings, and proxies for a class loss, into the loss and its gradients: what it
// is given, what it gives, and the two algorithms, each once for every loss and device
// (class_head.cpp, pair_head.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace facet {

template <class T>
class HeadBackend;  // backend.h
template <class T>
class ClassForm;  // class_form.h
class PairForm;   // pairs.h

template <class T>
struct HeadBatch {
    const T* x = nullptr;        // (B, D) raw embeddings, in the memory of the head
    const T* w = nullptr;        // (C, D) raw proxies, too; nullptr for a pair loss
    const int64_t* y = nullptr;  // (B) class, on the host; -1: the row is ignored
    int64_t B = 0, C = 0, D = 0;
};

// Gradients by the raw arrays, overwritten. Any may be nullptr: then it is not given.
template <class T>
struct HeadGradient {
    T* dx = nullptr;    // (B, D)
    T* dw = nullptr;    // (C, D)
    T* dcos = nullptr;  // (B, C) dL/dc_ij, on the host; needs a class loss
};

enum class Head { dense, streamed };

struct HeadOptions {
    Head head = Head::dense;
    int64_t tile = 4096;  // classes at a time, streamed
};

// What the last call shows of its rows, on the host.
struct HeadDiagnostics {
    std::vector<double> target_cosine;  // (B) c_iy; 0 for an ignored row; empty for a pair loss
    std::vector<double> row_value;      // (B) L_i
    std::vector<double> x_norm;         // (B) |x_i|
};

// A call of a head.
template <class T>
struct HeadCall {
    HeadBackend<T>& backend;
    const HeadBatch<T>& batch;
    const HeadGradient<T>& gradient;
    HeadDiagnostics& diagnostics;
    const HeadOptions& options;
};

// The number of rows that count. Throws Error for a label outside [-1, C), naming its row.
int64_t check_labels(const int64_t* y, int64_t B, int64_t C);

// From raw embeddings and proxies to a class loss (mean over the rows with a label; 0 if there are
// none) and its gradients. Throws Error for a label outside [-1, C), naming its row, for non-finite
// input, and for tiles of no class.
template <class T>
double run_class_head(ClassForm<T>& form, const HeadCall<T>& call);

// From raw embeddings to a pair loss and dx of `gradient`; `dw`, if asked for, is 0: batch.w is not
// read. Rows with label -1 take no part. Returns nullopt where the batch has no usable pair: then
// the gradients are 0. Where unit vectors are compared, one that counts as zero (geometry.h) has
// gradient 0. A distance that is 0 has derivative 0; of unit vectors one of up to 4 epsilons of T
// is 0, the rounding of parallel embeddings. Leaves row_value in `diagnostics`: each anchor's
// share, scaled so that their mean over the rows that take part is the value. Throws Error for a
// label below -1 (naming its row), for non-finite input (row and column), for pairs whose product
// or distance overflows (both rows), and if gradient.dcos is asked for.
template <class T>
std::optional<double> run_pair_head(PairForm& form, const HeadCall<T>& call);

}  // namespace facet
