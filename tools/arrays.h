// A frozen state as files: embeddings, proxies and labels, for `facet grad` and `facet atlas`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/files/npy.h"

namespace facet {

struct ArrayFiles {
    std::string x, w, y;  // paths; w may be empty
};

struct Arrays {
    NpyArray x, w;           // (B, D), (C, D) raw, float32 or float64; w may be empty
    std::vector<int64_t> y;  // (B); -1: ignored
    int64_t B = 0, C = 0, D = 0;
};

// Reads them, checked against each other; w is not read where `proxies` is false. Throws Error
// naming file, what was found and what was expected.
Arrays read_arrays(const ArrayFiles& files, bool proxies);

}  // namespace facet
