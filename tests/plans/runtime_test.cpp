// Without a GPU: everything refuses, saying what and why. With one: a round trip of real copies.
#include "engine/cuda/runtime.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "engine/error.h"
#include "tests/message_of.h"

namespace facet::cuda {
namespace {

using test::message_of;

class WithoutDevice : public testing::Test {
    void SetUp() override {
        if (find_devices().devices > 0) GTEST_SKIP() << "there is a device";
    }
};

class WithDevice : public testing::Test {
    void SetUp() override {
        const Presence presence = find_devices();
        if (presence.devices == 0) GTEST_SKIP() << "no device: " << presence.reason;
    }
};

void expect_refusal(const std::string& message, const std::string& call) {
    EXPECT_EQ(message.find(call + "("), 0u) << message;
    EXPECT_NE(message.find("failed: cudaError"), std::string::npos) << message;
    EXPECT_NE(message.find("engine/cuda/runtime.cpp:"), std::string::npos) << message;
}

TEST_F(WithoutDevice, SaysWhyThereIsNone) {
    const Presence presence = find_devices();
    EXPECT_EQ(presence.devices, 0);
    EXPECT_FALSE(presence.reason.empty());
}

TEST_F(WithoutDevice, StreamsAndEventsRefuse) {
    expect_refusal(message_of([] { Stream stream; }), "cudaStreamCreateWithFlags");
    expect_refusal(message_of([] { Event event(Event::Timing::Yes); }), "cudaEventCreateWithFlags");
}

// A missing device is not taken for exhausted memory: the pool would ask again and mislead.
TEST_F(WithoutDevice, MemoryRefuses) {
    DeviceMemory device;
    PinnedMemory pinned;
    EXPECT_NE(message_of([&] { device.take(64); }).find("cudaMalloc failed"), std::string::npos);
    EXPECT_NE(message_of([&] { pinned.take(64); }).find("cudaHostAlloc failed"), std::string::npos);
}

TEST(CudaCheck, WarningsDoNotThrowAndSayWhatFailed) {
    testing::internal::CaptureStderr();
    FACET_CUDA_WARN(cudaErrorInvalidValue);
    FACET_CUDA_WARN(cudaSuccess);
    FACET_CUDA_WARN(cudaErrorCudartUnloading);
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_EQ(text.find("facet: warning: cudaErrorInvalidValue failed: cudaErrorInvalidValue (1)"),
              0u);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST_F(WithDevice, BytesComeBackAsTheyWent) {
    DeviceMemory device;
    PinnedMemory pinned;
    MemoryPool on_device(device), on_host(pinned);
    constexpr size_t count = 1 << 20;
    const Block there = on_device.allocate(count), copy = on_device.allocate(count);
    const Block host = on_host.allocate(count);
    auto* const bytes = static_cast<unsigned char*>(host.data());
    std::iota(bytes, bytes + count, static_cast<unsigned char>(7));
    const std::vector<unsigned char> sent(bytes, bytes + count);

    Stream stream, other;
    Event start(Event::Timing::Yes), end(Event::Timing::Yes);
    start.record(stream);
    copy_to_device(there.data(), bytes, count, stream);
    copy_on_device(copy.data(), there.data(), count, stream);
    fill_zero(there.data(), count, stream);
    end.record(stream);
    other.wait_for(end);
    stream.synchronize();
    std::memset(bytes, 0, count);
    copy_to_host(bytes, copy.data(), count, other);
    other.synchronize();
    EXPECT_EQ(std::memcmp(bytes, sent.data(), count), 0);
    EXPECT_GE(milliseconds_between(start, end), 0);
}

}  // namespace
}  // namespace facet::cuda
