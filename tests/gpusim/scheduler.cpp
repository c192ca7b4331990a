// Runs a grid: block after block, each block's threads in the chosen order, barriers, exits.
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "tests/gpusim/fibers.h"
#include "tests/gpusim/sim.h"
#include "tests/gpusim/state.h"

namespace gpusim {

Run run;

namespace {

Order order = Order::Forward;
uint64_t random_state = 1;
uint64_t threads_total = 0;
void (*kernel_body)(void*);
Queue queue = nullptr;

uint64_t next_random() {  // xorshift64; picks threads, nothing else depends on it
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

// Which of the ready threads runs next.
size_t choose() {
    switch (order) {
        case Order::Forward:
            return 0;
        case Order::Reverse:
            return run.ready.size() - 1;
        case Order::Random:
            return next_random() % run.ready.size();
    }
    return 0;
}

// The whole life of a CUDA thread, on its fiber.
void thread_life() {
    kernel_body(run.parameters);
    Thread& self = *run.current;
    self.waiting = Waiting::Exited;
    ++run.exited;
    if (run.at_barrier > 0) fail("leaves the kernel while other threads wait at a barrier");
    leave_warp(self);
    finish_fiber();
}

// Who waits where, a few lines of it.
std::string waiting_threads() {
    std::string text;
    int shown = 0;
    for (const Thread& thread : run.threads) {
        const bool barrier = thread.waiting == Waiting::AtBarrier;
        if (!barrier && thread.waiting != Waiting::AtWarpOperation) continue;
        if (shown++ == 4) return text + "\n  ...";
        text += fmt::format("\n  thread {} waits at a {}, {}", describe(thread.index),
                            barrier ? "__syncthreads" : "warp operation", describe(thread.place));
    }
    return text;
}

std::string where() {
    return fmt::format("kernel {}, block {}", run.kernel, describe(run.block_index));
}

void start_block() {
    const dim3 size = run.block;
    const unsigned count = size.x * size.y * size.z;
    run.threads.clear();
    run.ready.clear();
    run.warps.assign((count + 31) / 32, Warp{});
    run.at_barrier = run.exited = 0;
    ++run.barrier_epoch;
    for (unsigned i = 0; i < count; ++i) {
        const uint3 index{i % size.x, i / size.x % size.y, i / (size.x * size.y)};
        run.threads.push_back({index, static_cast<int>(i)});
        run.warps[i / 32].lanes |= 1u << (i % 32);
        run.ready.push_back(i);
        start_fiber(i, thread_life);
    }
    if (run.shared_bytes > 0) std::memset(run.shared, 0xFF, run.shared_bytes);
    threads_total += count;
}

void run_block() {
    start_block();
    while (!run.ready.empty()) {
        const size_t choice = choose();
        run.current = &run.threads[run.ready[choice]];
        if (choice == 0) {
            run.ready.pop_front();
        } else {
            run.ready.erase(run.ready.begin() + choice);
        }
        resume_fiber(run.current->number);
        if (!run.failure.empty()) throw Failure(run.failure);
        run.current = nullptr;
    }
    if (run.exited < static_cast<int>(run.threads.size())) {
        throw Failure("deadlock in " + where() + waiting_threads());
    }
}

// The kernel's name as one writes it: "(f<float, 4>)" was written in parentheses for the macro.
std::string name_of(const Call& call) {
    const std::string name = call.kernel;
    return name.front() == '(' ? name.substr(1, name.size() - 2) : name;
}

void check_configuration(const Call& call) {
    const dim3 grid = call.grid, block = call.block;
    const uint64_t threads = uint64_t{block.x} * block.y * block.z;
    const bool good_grid = grid.x >= 1 && grid.x <= 0x7fffffffu && grid.y >= 1 && grid.y <= 65535 &&
                           grid.z >= 1 && grid.z <= 65535;
    const bool good_block = threads >= 1 && threads <= kFibers && block.z <= 64;
    const bool good_shared = call.shared_bytes <= 48 << 10;  // more needs an attribute
    if (good_grid && good_block && good_shared) return;
    throw Failure(fmt::format(
        "kernel {}: invalid launch: grid ({},{},{}), block ({},{},{}), {} bytes of shared memory",
        name_of(call), grid.x, grid.y, grid.z, block.x, block.y, block.z, call.shared_bytes));
}

// Leaves the state clean however the launch ends.
struct Finally {
    ~Finally() {
        std::free(run.shared);
        run.shared = nullptr;
        run.active = false;
        run.current = nullptr;
        if (!run.failure.empty() || run.exited < static_cast<int>(run.threads.size()))
            forget_fiber_stacks();
        run.failure.clear();
    }
};

void run_grid(const Call& call) {
    kernel_body = call.body;
    run.kernel = name_of(call);
    run.grid = call.grid;
    run.block = call.block;
    run.parameters = call.parameters;
    run.parameter_bytes = call.parameter_bytes;
    run.shared_bytes = call.shared_bytes;
    run.shared =
        run.shared_bytes > 0 ? std::malloc(run.shared_bytes) : nullptr;  // exact: overruns show
    run.active = true;
    const Finally cleanup;
    begin_access_checks();
    const uint64_t blocks = uint64_t{run.grid.x} * run.grid.y * run.grid.z;
    for (uint64_t i = 0; i < blocks; ++i) {
        const uint64_t b = order == Order::Reverse ? blocks - 1 - i : i;
        run.block_number = b;
        run.block_index = {static_cast<unsigned>(b % run.grid.x),
                           static_cast<unsigned>(b / run.grid.x % run.grid.y),
                           static_cast<unsigned>(b / run.grid.x / run.grid.y)};
        run_block();
    }
    end_access_checks();
}

}  // namespace

void set_order(Order chosen, uint64_t seed) {
    order = chosen;
    random_state = seed * 0x9e3779b97f4a7c15u + 1;
}

void set_queue(Queue chosen) { queue = chosen; }

const char* order_name() {
    constexpr const char* names[] = {"forward", "reverse", "random"};
    return names[static_cast<int>(order)];
}

void launch(const Call& call, cudaStream_t stream) {
    const std::shared_ptr<void> parameters(call.parameters, call.release);
    check_configuration(call);
    if (!queue) return run_grid(call);
    queue(stream, call.kernel, [call, parameters] { run_grid(call); });
}

uint64_t threads_run() { return threads_total; }

uint3 thread_index() { return run.current->index; }
uint3 block_index() { return run.block_index; }
dim3 block_size() { return run.block; }
dim3 grid_size() { return run.grid; }
void* dynamic_shared() { return run.shared; }

void make_ready(Thread& thread) {
    thread.waiting = Waiting::ForNothing;
    run.ready.push_back(thread.number);
}

void wait(Waiting what, Place place) {
    run.current->waiting = what;
    run.current->place = place;
    pause_fiber();
}

void barrier(Place place) {
    if (run.exited > 0) {
        fail(
            fmt::format("waits at the __syncthreads of {} which {} threads cannot reach: they "
                        "have left the kernel",
                        describe(place), run.exited));
    }
    if (run.at_barrier == 0) run.barrier_place = place;
    if (!same(run.barrier_place, place)) {
        fail(fmt::format("reaches the __syncthreads of {} while others wait at that of {}",
                         describe(place), describe(run.barrier_place)));
    }
    if (++run.at_barrier < static_cast<int>(run.threads.size())) {
        wait(Waiting::AtBarrier, place);
        return;
    }
    // The last one: everybody goes on, in the order that the schedule chooses.
    run.at_barrier = 0;
    ++run.barrier_epoch;
    for (Thread& thread : run.threads) make_ready(thread);
    wait(Waiting::ForNothing, place);
}

void fail(std::string what) {
    run.failure = fmt::format("{}, thread {}: {}{}", where(), describe(run.current->index), what,
                              waiting_threads());
    pause_fiber();
    __builtin_unreachable();
}

bool same(const Place& a, const Place& b) {
    return a.line == b.line && std::strcmp(a.file, b.file) == 0;
}

std::string describe(const uint3& index) {
    return fmt::format("({},{},{})", index.x, index.y, index.z);
}

std::string describe(const Place& place) {
    const char* slash = std::strrchr(place.file, '/');
    return fmt::format("{}:{}", slash ? slash + 1 : place.file, place.line);
}

}  // namespace gpusim
