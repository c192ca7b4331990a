// engine/threads.h where there is one thread, in WebAssembly; included before every source.
#pragma once

#include <cstdint>

namespace facet {

inline int max_threads() { return 1; }

inline void run_pieces(int64_t pieces, void (*run)(void* context, int64_t i), void* context) {
    for (int64_t i = 0; i < pieces; ++i) run(context, i);
}

}  // namespace facet
