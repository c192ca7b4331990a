// The doubled runtime: work is late, streams are ordered by events alone, memory is the device's.
#include "engine/cuda/kernels.h"
#include "engine/error.h"
#include "tests/gpudoubles/fixtures.h"

namespace gpudoubles {
namespace {

using facet::cuda::Event;
using facet::cuda::Stream;
using Floats = std::vector<float>;

class Runtime : public DoublesTest {};

TEST_F(Runtime, ThereIsADevice) {
    EXPECT_EQ(facet::cuda::find_devices().devices, 1);
    cudaDeviceProp properties;
    FACET_CUDA(cudaGetDeviceProperties(&properties, 0));
    EXPECT_STREQ(properties.name, "doubled NVIDIA H100");
}

// --- laziness ---

TEST_F(Runtime, ACopyWaitsForTheHostToWait) {
    const DeviceArray<float> device(Floats{1, 2});
    Floats host{0, 0};
    const Stream stream;
    copy_to_host(host.data(), device.data(), 8, stream);
    EXPECT_EQ(host, (Floats{0, 0}));
    stream.synchronize();
    EXPECT_EQ(host, (Floats{1, 2}));
}

TEST_F(Runtime, AHostBufferThatIsReusedTooEarlyShows) {
    const DeviceArray<float> device(1);
    Floats host{1};
    const Stream stream;
    copy_to_device(device.data(), host.data(), 4, stream);
    host[0] = 2;
    stream.synchronize();
    EXPECT_EQ(device.values(), Floats{2});
}

TEST_F(Runtime, KernelsWaitInTheirStream) {
    const DeviceArray<float> device(Floats{1, 1, 1});
    const Stream stream;
    FACET_CUDA(facet::cuda::fill(device.data(), 3, 7.0f, stream.raw()));
    FACET_CUDA(facet::cuda::axpby(1.0f, device.data(), 1.0f, device.data(), 3, stream.raw()));
    EXPECT_EQ(waiting_work(), 2u);
    EXPECT_EQ(device.values(), (Floats{1, 1, 1}));  // read on a stream of its own
    stream.synchronize();
    EXPECT_EQ(device.values(), (Floats{14, 14, 14}));
}

TEST_F(Runtime, EarlyWorkRunsAtOnce) {
    const DeviceArray<float> device(1);
    const Stream stream;
    set_schedule(Schedule::Early);
    FACET_CUDA(facet::cuda::fill(device.data(), 1, 7.0f, stream.raw()));
    EXPECT_EQ(waiting_work(), 0u);
    EXPECT_EQ(device.values(), Floats{7});
}

// --- streams ---

// What the reader sees of the writer's work; with a wait or without.
Floats across_streams(bool with_event) {
    const DeviceArray<float> device(Floats{1});
    const Stream writer, reader;
    Event written;
    FACET_CUDA(facet::cuda::fill(device.data(), 1, 2.0f, writer.raw()));
    written.record(writer);
    FACET_CUDA(facet::cuda::fill(device.data(), 1, 3.0f, writer.raw()));
    if (with_event) reader.wait_for(written);
    Floats seen(1);
    copy_to_host(seen.data(), device.data(), 4, reader);
    reader.synchronize();
    return seen;
}

// The writer runs up to the event, not further.
TEST_F(Runtime, AnEventOrdersTwoStreams) { EXPECT_EQ(across_streams(true), Floats{2}); }
TEST_F(Runtime, WithoutAnEventTheOtherStreamIsBehind) {
    EXPECT_EQ(across_streams(false), Floats{1});
}
TEST_F(Runtime, ALostWaitShows) {
    const WithFault fault(Fault::LostWait);
    EXPECT_EQ(across_streams(true), Floats{1});
}

TEST_F(Runtime, AnEventIsItsLastRecord) {
    const DeviceArray<float> device(Floats{0});
    const Stream stream;
    Event event(Event::Timing::Yes), later(Event::Timing::Yes);
    event.synchronize();  // never recorded: nothing to wait for
    event.record(stream);
    FACET_CUDA(facet::cuda::fill(device.data(), 1, 1.0f, stream.raw()));
    event.record(stream);
    later.record(stream);
    EXPECT_EQ(cudaEventQuery(later.raw()), cudaErrorNotReady);
    event.synchronize();
    EXPECT_EQ(device.values(), Floats{1});
    EXPECT_EQ(waiting_work(), 1u);
    float milliseconds = -1;
    EXPECT_EQ(cudaEventElapsedTime(&milliseconds, event.raw(), later.raw()), cudaErrorNotReady);
    while (cudaEventQuery(later.raw()) == cudaErrorNotReady) continue;
    EXPECT_GE(facet::cuda::milliseconds_between(event, later), 0);
}

TEST_F(Runtime, TheDeviceWaitsForAllStreams) {
    const DeviceArray<float> device(2);
    const Stream a, b;
    FACET_CUDA(facet::cuda::fill(device.data(), 1, 1.0f, a.raw()));
    FACET_CUDA(facet::cuda::fill(device.data() + 1, 1, 2.0f, b.raw()));
    FACET_CUDA(cudaDeviceSynchronize());
    EXPECT_EQ(device.values(), (Floats{1, 2}));
}

// --- memory ---

TEST_F(Runtime, HostCodeCannotTouchDeviceMemory) {
    const DeviceArray<float> device(Floats{1, 2, 3});
    volatile float* const data = device.data();
    EXPECT_DEATH(data[1] = 5, "host code touched device memory .* byte 4 of an allocation of 12");
    EXPECT_DEATH(static_cast<void>(float(data[2])), "host code touched device memory");
}

TEST_F(Runtime, WorkCannotTouchWhatWasNeverAllocated) {
    const DeviceArray<float> device(1);
    const Stream stream;
    const auto fill_far_away = [&] {
        FACET_CUDA(facet::cuda::fill(device.data() + (1 << 22), 1, 1.0f, stream.raw()));
        stream.synchronize();
    };
    EXPECT_DEATH(fill_far_away(), "fill_kernel.* touched device memory .* not in any allocation");
}

TEST_F(Runtime, FreshMemoryAndFreedMemoryIsNotANumber) {
    const DeviceArray<float> device(3);
    for (const float value : device.values()) EXPECT_NE(value, value);

    void* freed = nullptr;
    FACET_CUDA(cudaMalloc(&freed, 4));
    FACET_CUDA(cudaMemsetAsync(freed, 0, 4, nullptr));
    FACET_CUDA(cudaFree(freed));
    const Stream stream;
    FACET_CUDA(facet::cuda::axpby(1.0f, static_cast<const float*>(freed), 0.0f, device.data(), 1,
                                  stream.raw()));
    stream.synchronize();
    EXPECT_NE(device.values()[0], device.values()[0]);
}

TEST_F(Runtime, MemoryEndsAtItsLimit) {
    facet::cuda::DeviceMemory memory;
    set_memory_limit(1 << 20);
    EXPECT_EQ(memory.take(2 << 20), nullptr);
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    set_memory_limit(size_t{8} << 30);
    void* const data = memory.take(2 << 20);
    EXPECT_NE(data, nullptr);
    memory.give_back(data);
}

TEST_F(Runtime, FreeingTwiceOrWhatIsNoneIsReported) {
    void* data = nullptr;
    FACET_CUDA(cudaMalloc(&data, 4));
    FACET_CUDA(cudaFree(data));
    EXPECT_EQ(cudaFree(data), cudaErrorInvalidValue);
    expect_report("is not allocated");
    EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    EXPECT_EQ(cudaFreeHost(&data), cudaErrorInvalidValue);
    expect_report("is not allocated");
}

TEST_F(Runtime, CopiesOfTheWrongKindAreRefused) {
    const DeviceArray<float> device(2);
    Floats host(3);
    const auto copy = [](void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
        return cudaMemcpyAsync(to, from, bytes, kind, nullptr);
    };
    EXPECT_EQ(copy(device.data(), device.data(), 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    expect_report("the source is device memory");
    EXPECT_EQ(copy(host.data(), host.data(), 4, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
    expect_report("is not device memory");
    EXPECT_EQ(copy(device.data(), host.data(), 4, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
    expect_report("the target is device memory");
    EXPECT_EQ(copy(device.data(), host.data(), 12, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    expect_report("12 bytes are needed");
    EXPECT_EQ(cudaMemsetAsync(host.data(), 0, 4, nullptr), cudaErrorInvalidValue);
    expect_report("is not device memory");
    cudaGetLastError();
}

// --- graphs ---

TEST_F(Runtime, ACapturedGraphRunsWhenLaunchedAndAgain) {
    const DeviceArray<float> device(Floats{1});
    const Stream stream;
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    FACET_CUDA(cudaStreamBeginCapture(stream.raw(), cudaStreamCaptureModeGlobal));
    FACET_CUDA(facet::cuda::axpby(1.0f, device.data(), 1.0f, device.data(), 1, stream.raw()));
    EXPECT_EQ(cudaStreamSynchronize(stream.raw()), cudaErrorStreamCaptureUnsupported);
    expect_report("during a capture");
    FACET_CUDA(cudaStreamEndCapture(stream.raw(), &graph));
    FACET_CUDA(cudaGraphInstantiate(&executable, graph, 0));
    FACET_CUDA(cudaGraphDestroy(graph));
    stream.synchronize();
    EXPECT_EQ(device.values(), Floats{1});
    for (int i = 0; i < 3; ++i) FACET_CUDA(cudaGraphLaunch(executable, stream.raw()));
    stream.synchronize();
    EXPECT_EQ(device.values(), Floats{8});
    FACET_CUDA(cudaGraphExecDestroy(executable));
    EXPECT_EQ(cudaGraphLaunch(executable, stream.raw()), cudaErrorInvalidResourceHandle);
    expect_report("no such stream, event or graph");
    cudaGetLastError();
}

// --- what is left ---

TEST_F(Runtime, HoldingsTellWhatIsLeft) {
    const Holdings before = holdings();
    {
        const DeviceArray<float> device(1);
        const Stream stream;
        const Event event;
        const Holdings now = holdings();
        EXPECT_EQ(now.device_blocks, before.device_blocks + 1);
        EXPECT_EQ(now.streams, before.streams + 1);
        EXPECT_EQ(now.events, before.events + 1);
    }
    EXPECT_TRUE(holdings() == before);
}

TEST_F(Runtime, AReportThatNobodyTakesFailsTheProgram) {
    // In a process of its own: in a fork clang's OpenMP runtime waits at the exit for threads that
    // only the parent has.
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto end = [](void* freed) {
        cudaFree(freed);
        std::exit(0);
    };
    char local;
    EXPECT_EXIT(end(nullptr), testing::ExitedWithCode(0), "");
    EXPECT_EXIT(end(&local), testing::ExitedWithCode(70), "is not allocated");
}

}  // namespace
}  // namespace gpudoubles
