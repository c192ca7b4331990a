// Loops whose iterations are independent of each other, on all threads where the work pays for
// starting them. Which thread takes which iteration never shows in a result.
#pragma once

#include <cstdint>

namespace facet {

// Loops of fewer elementary steps than this run on the calling thread, without any call to the
// OpenMP runtime: a proof makes millions of such loops.
inline constexpr std::int64_t kParallelWork = 1 << 14;

// body(i) for i = 0 .. n - 1; `work`: elementary steps of the whole loop.
template <class Body>
void parallel_for(std::int64_t n, std::int64_t work, Body body) {
    if (work <= kParallelWork) {
        for (std::int64_t i = 0; i < n; ++i) body(i);
        return;
    }
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < n; ++i) body(i);
}

// The same where the iterations differ in length, as over the rows of a triangle.
template <class Body>
void parallel_for_uneven(std::int64_t n, std::int64_t work, Body body) {
    if (work <= kParallelWork) {
        for (std::int64_t i = 0; i < n; ++i) body(i);
        return;
    }
#pragma omp parallel for schedule(static, 1)
    for (std::int64_t i = 0; i < n; ++i) body(i);
}

}  // namespace facet
