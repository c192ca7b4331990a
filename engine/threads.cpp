#include "engine/threads.h"

#include <omp.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/error.h"

namespace facet {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr microseconds kGlance{20};      // between two looks at who else wants the core
constexpr microseconds kPatience{2000};  // of a waiting thread before it sleeps
constexpr microseconds kStint{2000};     // of work between two offers; a time slice is about 3 ms
constexpr microseconds kNoticed{100};    // away from the core for longer: somebody else had it
constexpr microseconds kMemory{50'000};  // how long a machine then counts as shared

// Whether other programs want the cores that facet's threads run on.
class Sharing {
public:
    bool seen() const { return ticks(Clock::now()) < until_.load(std::memory_order_relaxed); }

    // Lets whoever waits for this core run; where nobody does, that takes a microsecond.
    Clock::time_point offer_core() {
        const Clock::time_point before = Clock::now();
        sched_yield();
        const Clock::time_point after = Clock::now();
        if (after - before > kNoticed)
            until_.store(ticks(after + kMemory), std::memory_order_relaxed);
        return after;
    }

private:
    static Clock::rep ticks(Clock::time_point time) { return time.time_since_epoch().count(); }

    std::atomic<Clock::rep> until_{0};
};

Sharing sharing;

// Returns when `done(word)`; who makes it so notifies. The word is watched for a while, because
// sleeping and waking cost more than most waits last. On a shared machine a thread sleeps at once:
// the system wakes one that has slept before it goes on with one that has run.
template <class Word, class Done>
void wait_for(const std::atomic<Word>& word, Done done) {
    const Clock::time_point start = Clock::now();
    Clock::time_point glance = start;
    for (int round = 1; !done(word.load(std::memory_order_acquire)); ++round) {
        if (round % 64 != 0) continue;
        const Clock::time_point now = Clock::now();
        if (now - glance < kGlance) continue;
        if (now - start > kPatience || sharing.seen()) {
            for (Word seen = word; !done(seen); seen = word) word.wait(seen);
            return;
        }
        glance = sharing.offer_core();
    }
}

// The cores that the process may run on: taskset and containers leave it fewer than there are.
std::vector<int> usable_cores() {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    std::vector<int> cores;
    if (sched_getaffinity(0, sizeof mask, &mask) != 0) return cores;
    for (int core = 0; core < CPU_SETSIZE; ++core) {
        if (CPU_ISSET(core, &mask)) cores.push_back(core);
    }
    return cores;
}

// The calling thread, from now on. A refusal costs speed only.
void stay_on(const std::vector<int>& cores) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    for (const int core : cores) CPU_SET(core, &mask);
    sched_setaffinity(0, sizeof mask, &mask);
}

thread_local bool inside_a_piece = false;

class Pool {
public:
    // False if another thread's loop has the workers.
    bool run(int64_t pieces, void (*body)(void*, int64_t), void* context, int helpers) {
        const std::unique_lock<std::mutex> mine(busy_, std::try_to_lock);
        if (!mine) return false;
        for (; workers_ < helpers; ++workers_) {
            std::thread([this, index = workers_] { work(index); }).detach();
        }
        body_ = body;
        context_ = context;
        pieces_ = pieces;
        helpers_ = helpers;
        caller_core_ = sched_getcpu();
        undone_ = pieces;
        {
            const OneOpenMpThread alone;  // what a piece calls runs on the thread of the piece
            take_pieces(begin(pieces), [] {});
        }
        wait_for(undone_, [](int64_t undone) { return undone == 0; });
        return true;
    }

private:
    // A ticket holds the number of the loop and how many of its pieces nobody has taken. What a
    // loop is, is read only after a piece of it was taken: then it has not ended.
    static uint32_t loop_of(uint64_t ticket) { return static_cast<uint32_t>(ticket >> 32); }
    static uint32_t left_of(uint64_t ticket) { return static_cast<uint32_t>(ticket); }

    uint32_t begin(int64_t pieces) {
        const uint32_t loop = loop_of(ticket_) + 1;
        ticket_ = uint64_t{loop} << 32 | static_cast<uint64_t>(pieces);
        ticket_.notify_all();
        return loop;
    }

    template <class Between>
    void take_pieces(uint32_t loop, Between between) {
        inside_a_piece = true;
        for (uint64_t ticket = ticket_; loop_of(ticket) == loop && left_of(ticket) > 0;) {
            if (!ticket_.compare_exchange_weak(ticket, ticket - 1)) continue;
            body_(context_, pieces_ - left_of(ticket));
            if (undone_.fetch_sub(1) == 1) undone_.notify_all();
            between();
            ticket = ticket_;
        }
        inside_a_piece = false;
    }

    // A worker offers its core between two pieces, so that the system seldom takes it away in the
    // midst of one, for which the others would have to wait.
    [[noreturn]] void work(int index) {
        const OneOpenMpThread alone;
        int bound = -1;
        Clock::time_point rested = Clock::now();
        for (uint32_t loop = 0;;) {
            wait_for(ticket_, [&](uint64_t ticket) { return loop_of(ticket) != loop; });
            loop = loop_of(ticket_);
            if (index >= helpers_) continue;
            keep_apart(index, bound);
            take_pieces(loop, [&] {
                if (Clock::now() - rested > kStint) rested = sharing.offer_core();
            });
        }
    }

    // On a shared machine the system may let two threads take turns on one core and leave another
    // to the other program. With one thread a core, each worker then stays on one that is not the
    // caller's; the caller itself goes where it likes. `bound`: the core of this worker, or -1.
    void keep_apart(int index, int& bound) {
        const int cores = static_cast<int>(cores_.size());
        if (cores != helpers_ + 1) return;
        int core = -1;
        if (sharing.seen()) {
            const auto caller = std::find(cores_.begin(), cores_.end(), caller_core_.load());
            core = cores_[(caller - cores_.begin() + 1 + index) % cores];
        }
        if (core == bound) return;
        stay_on(core < 0 ? cores_ : std::vector<int>{core});
        bound = core;
    }

    const std::vector<int> cores_ = usable_cores();
    std::mutex busy_;  // held by the thread whose loop runs
    int workers_ = 0;
    void (*body_)(void*, int64_t) = nullptr;
    void* context_ = nullptr;
    int64_t pieces_ = 0;
    std::atomic<int> helpers_{0}, caller_core_{0};
    std::atomic<int64_t> undone_{0};
    std::atomic<uint64_t> ticket_{0};
};

}  // namespace

void limit_spinning(char** argv) {
    for (const char* chosen : {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"}) {
        if (std::getenv(chosen)) return;
    }
    setenv("GOMP_SPINCOUNT", "10000", 1);  // rounds: some 0.4 ms
    setenv("KMP_BLOCKTIME", "1", 1);       // ms
    execv("/proc/self/exe", argv);
}

void use_threads(int count) {
    FACET_USAGE(count >= 1, "the number of threads must be at least 1, found {}", count);
    omp_set_num_threads(count);
}

OneOpenMpThread::OneOpenMpThread(bool wanted) : before_(omp_get_max_threads()) {
    if (wanted) omp_set_num_threads(1);
}
OneOpenMpThread::~OneOpenMpThread() { omp_set_num_threads(before_); }

int max_threads() { return omp_get_max_threads(); }

void run_pieces(int64_t pieces, void (*run)(void*, int64_t), void* context) {
    // Never destroyed: at the end of the program its workers wait for a loop that does not come,
    // and what oneDNN keeps for each of them must not outlive oneDNN.
    static Pool& pool = *new Pool;
    const auto helpers = static_cast<int>(std::min<int64_t>(max_threads(), pieces) - 1);
    if (helpers > 0 && !inside_a_piece && pool.run(pieces, run, context, helpers)) return;
    for (int64_t i = 0; i < pieces; ++i) run(context, i);
}

}  // namespace facet
