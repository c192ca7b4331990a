// Loops whose iterations are independent of each other, on all threads where the work pays for
// starting them.
//
// The iterations are cut into pieces, and a thread that is free takes the next one: where another
// program keeps a core busy, the thread on that core takes fewer. Which thread takes which piece
// never shows in a result.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>

#include "engine/threads.h"

namespace facet {

// Loops of fewer elementary steps than this run on the calling thread, without any call to the
// OpenMP runtime: a proof makes millions of such loops.
inline constexpr int64_t kParallelWork = 1 << 14;

// Pieces of a loop: a thread that comes late holds up the others by one of them at most.
inline constexpr int64_t kPieces = 64;

// body(i) for i = 0 .. n - 1; `work`: elementary steps of the whole loop. Loops and oneDNN's calls
// inside run on the thread of the iteration. What body throws is thrown on (the first that happens
// to fail); of its piece the iterations after it are left out.
template <class Body>
void parallel_for(int64_t n, int64_t work, Body body) {
    if (work <= kParallelWork || n < 2) {
        for (int64_t i = 0; i < n; ++i) body(i);
        return;
    }
    const int64_t length = (n + kPieces - 1) / kPieces;  // iterations a piece
    std::atomic<bool> failed = false;
    std::exception_ptr failure;
    const auto piece = [&](int64_t p) {
        try {
            const int64_t end = std::min(n, (p + 1) * length);
            for (int64_t i = p * length; i < end; ++i) body(i);
        } catch (...) {
            if (!failed.exchange(true)) failure = std::current_exception();
        }
    };
    run_pieces((n + length - 1) / length,
               [](void* context, int64_t p) { (*static_cast<decltype(piece)*>(context))(p); },
               const_cast<void*>(static_cast<const void*>(&piece)));
    if (failed) std::rethrow_exception(failure);
}

// body(i) for every element of an array; consecutive elements share vector instructions.
template <class Body>
void parallel_elements(int64_t n, Body body) {
    constexpr int64_t piece = kParallelWork;
    parallel_for((n + piece - 1) / piece, n, [&](int64_t p) {
        const int64_t end = std::min(n, (p + 1) * piece);
#pragma omp simd
        for (int64_t i = p * piece; i < end; ++i) body(i);
    });
}

}  // namespace facet
