#include "tools/signals.h"

#include <csignal>

namespace facet {
namespace {

std::atomic<bool> interrupted{false};
std::atomic<int> caught{SIGINT};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "a signal handler must not wait");

constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP};

bool is_ignored(int signal) {
    struct sigaction action;
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Calls that were waiting go on: a write is finished, not cut short.
void handle(void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (const int signal : kEnding) {
        if (signal == SIGHUP && is_ignored(SIGHUP)) continue;
        ::sigaction(signal, &action, nullptr);
    }
}

void on_signal(int signal) {
    caught = signal;
    interrupted = true;
    handle(SIG_DFL);
}

}  // namespace

const std::atomic<bool>& watch_for_interrupt() {
    interrupted = false;
    handle(on_signal);
    return interrupted;
}

void stop_watching_for_interrupt() { handle(SIG_DFL); }

int interrupted_status() { return 128 + caught; }

void let_large_writes_fail() { std::signal(SIGXFSZ, SIG_IGN); }

}  // namespace facet
