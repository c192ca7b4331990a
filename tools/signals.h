// How a person or a machine that shuts down ends long work, and what the operating system's limits
// do to it.
#pragma once

#include <atomic>

namespace facet {

// From now on the first SIGINT (Ctrl-C), SIGTERM or SIGHUP sets the flag returned, which asks a run
// to stop after its step; the next one ends the program. The flag starts out false. A SIGHUP that
// the program was started without (nohup) stays ignored.
const std::atomic<bool>& watch_for_interrupt();
void stop_watching_for_interrupt();  // they end the program again

// The exit status of a run that was interrupted: 128 and the number of the signal, 130 for Ctrl-C.
int interrupted_status();

// Beyond a limit on the size of files (ulimit -f) a write fails with its reason, where SIGXFSZ
// would end the program without a word.
void let_large_writes_fail();

}  // namespace facet
