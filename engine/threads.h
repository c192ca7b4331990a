// The threads that parallel loops run on: the calling one and workers that stay for the next loop.
//
// Made for machines that are shared. A loop ends when its pieces are done, not when every thread
// has come to its end: a worker whose core another program has takes no piece and is not missed.
// What else is done about it stands in threads.cpp. Loops are written with engine/parallel.h.
#pragma once

#include <cstdint>

namespace facet {

// For main(), before anything else: starts the program again with an environment that tells the
// OpenMP runtime, which oneDNN's own loops use, not to spin for 10 ms and more on a core that
// somebody else could use. The runtime reads that once, when the program is loaded. Returns where
// the person has chosen (OMP_WAIT_POLICY, GOMP_SPINCOUNT, KMP_BLOCKTIME), and where the program
// cannot be started again: that costs speed only.
void limit_spinning(char** argv);

// From now on loops run on `count` threads, the calling one among them; oneDNN's own too. Throws
// UsageError for count < 1.
void use_threads(int count);

// Threads that a parallel loop may use: as many as were asked for, else one a core.
int max_threads();

// run(context, i) for i = 0 .. pieces - 1, each on a thread that is free. `run` must not throw. A
// loop inside a piece, and one that a second thread begins meanwhile, runs on its own thread alone.
void run_pieces(int64_t pieces, void (*run)(void* context, int64_t i), void* context);

// While it lives, what the calling thread has oneDNN do or prepare is for that thread alone.
class OneOpenMpThread {
public:
    explicit OneOpenMpThread(bool wanted = true);
    ~OneOpenMpThread();
    OneOpenMpThread(const OneOpenMpThread&) = delete;
    OneOpenMpThread& operator=(const OneOpenMpThread&) = delete;

private:
    const int before_;
};

}  // namespace facet
