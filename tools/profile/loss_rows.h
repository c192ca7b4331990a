// What a loss costs an element of its (B, C) cosines, or of its (n, n) pairs, kernel by kernel.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace facet::profile {

struct LossRows {
    std::vector<std::string> losses;  // empty: all
    int64_t batch = 256, classes = 10'000, embedding = 64;
    int repetitions = 5;
    bool json = false;
};

// On one thread. Prints a table of nanoseconds and, where the processor counts them, instructions
// an element; or one JSON document.
void loss_rows(const LossRows& options);

}  // namespace facet::profile
