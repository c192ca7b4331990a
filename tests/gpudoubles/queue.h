// Streams, events and graphs: work is queued in order and runs when somebody waits for it.
//
// Running a piece of work that waits for an event runs the event's stream up to the event, and no
// further. All other streams stay behind for as long as nobody waits for them: an order that a GPU
// may take, and the one in which a missing event or wait shows.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace gpudoubles {

struct Stream;

// A place in a stream's work. An event's record makes one.
struct Mark {
    Stream* stream = nullptr;
    bool passed = false;
    std::chrono::steady_clock::time_point when{};
};

struct Work {
    std::string name;
    std::function<void()> run = {};              // may be empty
    std::shared_ptr<const Mark> waits_for = {};  // or null
    std::shared_ptr<Mark> passes = {};           // or null
};

struct Graph {
    std::vector<Work> works = {};  // in the order of the host's calls
    bool relaxed =
        false;  // while it is captured the host may get memory and wait for other streams
};

struct Stream {
    std::deque<Work> waiting = {};
    Graph* capture = nullptr;  // where work goes while the stream is captured
};

struct Event {
    bool timing = true;
    std::shared_ptr<Mark> mark = {};  // of the last record; null: never recorded
    Graph* capture = nullptr;         // recorded while this was captured
};

// The streams that live; null is the default stream.
Stream* create_stream();
bool destroy_stream(Stream* stream);      // runs its work; false for a stream that does not live
Stream* find_stream(const void* stream);  // null if there is no such stream

void enqueue(Stream& stream, Work work);  // or captures it
void run_next(Stream& stream);            // one piece, if there is one
void finish(Stream& stream);
void finish(const Mark& mark);
void finish_all();  // of all streams, the youngest first
bool any_strict_capture();
void end_capture(const Graph* graph);  // of all streams that have joined it

size_t streams_alive();  // without the default stream

}  // namespace gpudoubles
