#include "tests/gpudoubles/queue.h"

#include <algorithm>
#include <list>

#include "tests/gpudoubles/doubles.h"
#include "tests/gpudoubles/memory.h"

namespace gpudoubles {
namespace {

struct Streams {
    Stream default_stream;
    std::list<Stream> others;  // the oldest first
    Schedule schedule = Schedule::Late;
};

Streams& streams = *new Streams;  // never destroyed, as memory is not

void run(const Work& work) {
    if (!work.run) return;
    const Unlocked unlocked;
    name_running_work(work.name);
    work.run();
}

}  // namespace

Stream* create_stream() { return &streams.others.emplace_back(); }

Stream* find_stream(const void* stream) {
    if (!stream) return &streams.default_stream;
    for (Stream& other : streams.others)
        if (&other == stream) return &other;
    return nullptr;
}

bool destroy_stream(Stream* stream) {
    if (!stream || !find_stream(stream)) return false;
    finish(*stream);
    streams.others.remove_if([&](const Stream& other) { return &other == stream; });
    return true;
}

void enqueue(Stream& stream, Work work) {
    if (stream.capture) {
        stream.capture->works.push_back(std::move(work));
        return;
    }
    stream.waiting.push_back(std::move(work));
    if (streams.schedule == Schedule::Early) finish(stream);
}

void run_next(Stream& stream) {
    if (stream.waiting.empty()) return;
    const Work work = std::move(stream.waiting.front());
    stream.waiting.pop_front();
    if (work.waits_for) finish(*work.waits_for);
    run(work);
    if (!work.passes) return;
    work.passes->passed = true;
    work.passes->when = std::chrono::steady_clock::now();
}

void finish(Stream& stream) {
    if (stream.waiting.empty()) return;
    const Unlocked unlocked;  // once, not for every piece
    while (!stream.waiting.empty()) run_next(stream);
}

void finish(const Mark& mark) {
    if (mark.passed) return;
    const Unlocked unlocked;
    while (!mark.passed) run_next(*mark.stream);
}

void finish_all() {
    for (auto stream = streams.others.rbegin(); stream != streams.others.rend(); ++stream)
        finish(*stream);
    finish(streams.default_stream);
}

bool any_strict_capture() {
    return std::any_of(streams.others.begin(), streams.others.end(), [](const Stream& stream) {
        return stream.capture && !stream.capture->relaxed;
    });
}

void end_capture(const Graph* graph) {
    for (Stream& stream : streams.others)
        if (stream.capture == graph) stream.capture = nullptr;
}

size_t streams_alive() { return streams.others.size(); }

size_t waiting_work() {
    size_t count = streams.default_stream.waiting.size();
    for (const Stream& stream : streams.others) count += stream.waiting.size();
    return count;
}

void set_schedule(Schedule schedule) {
    streams.schedule = schedule;
    if (schedule == Schedule::Early) finish_all();
}

}  // namespace gpudoubles
