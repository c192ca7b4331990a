// The CUDA runtime's double: streams, events, captured graphs. What their handles point to is
// queue.h's.
#include "tests/gpudoubles/cudart.h"
#include "tests/gpudoubles/memory.h"
#include "tests/gpudoubles/queue.h"
#include "tests/gpudoubles/reports.h"
#include "tests/gpudoubles/waits.h"

namespace gpudoubles {
namespace {

auto& events = *new Handles<Event>;
auto& graphs = *new Handles<Graph>;  // cudaGraph_t and cudaGraphExec_t alike
size_t waits = 0;

cudaError_t no_such(const char* call) {
    return refuse(cudaErrorInvalidResourceHandle,
                  std::string(call) + ": no such stream, event or graph");
}

cudaError_t forbidden_in_capture(const char* call) {
    return refuse(cudaErrorStreamCaptureUnsupported, std::string(call) + " during a capture");
}

// Who asks twice in a row for the same makes that stream go on by one piece of work: a loop that
// asks until the work is done ends, a single question moves nothing.
cudaError_t not_ready(const void* asked, Stream& stream) {
    static const void* last = nullptr;
    if (asked == last) run_next(stream);
    last = asked;
    return cudaErrorNotReady;
}

}  // namespace

size_t host_waits() {
    const Call call;
    return waits;
}

Holdings holdings() {
    const Call call;
    return {device_blocks(),       pinned_blocks(),       streams_alive(),
            events.alive().size(), graphs.alive().size(), cublas_handles() + cudnn_handles()};
}

}  // namespace gpudoubles

using namespace gpudoubles;

extern "C" {

// --- streams ---

// A stream that waits for the default stream would hide a missing event: there is none here.
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
    const Call call;
    if (flags != cudaStreamNonBlocking)
        return refuse(cudaErrorInvalidValue, "a stream that waits for the default stream");
    *stream = reinterpret_cast<cudaStream_t>(create_stream());
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    const Call call;
    auto* const known = reinterpret_cast<Stream*>(stream);
    return destroy_stream(known) ? cudaSuccess : no_such("cudaStreamDestroy");
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    const Call call;
    Stream* const known = find_stream(stream);
    if (!known) return no_such("cudaStreamSynchronize");
    if (known->capture) return forbidden_in_capture("cudaStreamSynchronize");
    ++waits;
    if (!faulty(Fault::LostSynchronise)) finish(*known);
    return cudaSuccess;
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
    const Call call;
    Stream* const known = find_stream(stream);
    if (!known) return no_such("cudaStreamQuery");
    if (known->capture) return forbidden_in_capture("cudaStreamQuery");
    return known->waiting.empty() ? cudaSuccess : not_ready(stream, *known);
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    const Call call;
    Stream* const waiting = find_stream(stream);
    const Event* const awaited = events.find(event);
    if (!waiting || !awaited) return no_such("cudaStreamWaitEvent");
    if (faulty(Fault::LostWait)) return cudaSuccess;
    if (awaited->capture) {
        waiting->capture = awaited->capture;  // the stream joins the capture
    } else if (awaited->mark) {
        enqueue(*waiting, {.name = "cudaStreamWaitEvent", .waits_for = awaited->mark});
    }
    return cudaSuccess;
}

// --- events ---

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
    const Call call;
    const bool timing = (flags & cudaEventDisableTiming) == 0;
    *event = reinterpret_cast<cudaEvent_t>(events.add(new Event{.timing = timing}));
    return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
    const Call call;
    return events.destroy(event) ? cudaSuccess : no_such("cudaEventDestroy");
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    const Call call;
    Event* const recorded = events.find(event);
    Stream* const known = find_stream(stream);
    if (!recorded || !known) return no_such("cudaEventRecord");
    recorded->capture = known->capture;
    if (known->capture) return cudaSuccess;  // a graph's works have one order
    recorded->mark = std::make_shared<Mark>(Mark{.stream = known});
    enqueue(*known, {.name = "cudaEventRecord", .passes = recorded->mark});
    return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    const Call call;
    const Event* const awaited = events.find(event);
    if (!awaited) return no_such("cudaEventSynchronize");
    if (awaited->capture) return forbidden_in_capture("cudaEventSynchronize");
    ++waits;
    if (awaited->mark) finish(*awaited->mark);
    return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
    const Call call;
    const Event* const asked = events.find(event);
    if (!asked) return no_such("cudaEventQuery");
    if (asked->capture) return forbidden_in_capture("cudaEventQuery");
    if (!asked->mark || asked->mark->passed) return cudaSuccess;
    return not_ready(event, *asked->mark->stream);
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
    const Call call;
    const Event *const first = events.find(start), *const last = events.find(end);
    if (!first || !last || !first->timing || !last->timing || !first->mark || !last->mark)
        return no_such("cudaEventElapsedTime");
    if (!first->mark->passed || !last->mark->passed) return cudaErrorNotReady;
    *milliseconds =
        std::chrono::duration<float, std::milli>(last->mark->when - first->mark->when).count();
    return cudaSuccess;
}

// --- graphs ---

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
    const Call call;
    Stream* const known = find_stream(stream);
    if (!known || !stream) return no_such("cudaStreamBeginCapture");
    if (known->capture) return forbidden_in_capture("cudaStreamBeginCapture");
    known->capture = graphs.add(new Graph{.relaxed = mode == cudaStreamCaptureModeRelaxed});
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    const Call call;
    Stream* const known = find_stream(stream);
    if (!known || !known->capture) return no_such("cudaStreamEndCapture");
    *graph = reinterpret_cast<cudaGraph_t>(known->capture);
    for (Event* const event : events.alive())
        if (event->capture == known->capture) event->capture = nullptr;
    end_capture(known->capture);
    return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
    const Call call;
    const Stream* const known = find_stream(stream);
    if (!known) return no_such("cudaStreamIsCapturing");
    *status = known->capture ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
    return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
    const Call call;
    const Graph* const known = graphs.find(graph);
    if (!known) return no_such("cudaGraphInstantiate");
    *executable = reinterpret_cast<cudaGraphExec_t>(graphs.add(new Graph(*known)));
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    const Call call;
    const Graph* const known = graphs.find(executable);
    Stream* const target = find_stream(stream);
    if (!known || !target) return no_such("cudaGraphLaunch");
    for (const Work& work : known->works) enqueue(*target, work);
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    const Call call;
    return graphs.destroy(graph) ? cudaSuccess : no_such("cudaGraphDestroy");
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    const Call call;
    return graphs.destroy(executable) ? cudaSuccess : no_such("cudaGraphExecDestroy");
}

}  // extern "C"
