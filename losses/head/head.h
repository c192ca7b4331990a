// A head turns embeddings, and proxies for a class loss, into the loss and its gradients: what it
// is given and what it gives. class_head.h and pair_head.h are how.
#pragma once

#include <cstdint>
#include <vector>

namespace facet {

template <class T>
struct HeadBatch {
    const T* x = nullptr;             // (B, D) raw embeddings, in the memory of the head
    const T* w = nullptr;             // (C, D) raw proxies, too; nullptr for a pair loss
    const std::int64_t* y = nullptr;  // (B) class, on the host; -1: the row is ignored
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

// What the last call leaves for those who look on, on the host.
struct HeadDiagnostics {
    std::vector<double> target_cosine;  // (B) c_iy; 0 for an ignored row; empty for a pair loss
    std::vector<double> row_value;      // (B) L_i
    std::vector<double> x_norm;         // (B) |x_i|
};

// The number of rows that count. Throws Error for a label outside [-1, C), naming its row.
std::int64_t check_labels(const std::int64_t* y, std::int64_t B, std::int64_t C);

}  // namespace facet
