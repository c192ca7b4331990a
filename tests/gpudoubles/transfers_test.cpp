// Copies beside the work, and blocks of memory that are used again: the order that events give.
#include "engine/cuda/transfers.h"

#include "engine/cuda/kernels.h"
#include "tests/gpudoubles/fixtures.h"
#include "tests/gpudoubles/waits.h"

namespace gpudoubles {
namespace {

using namespace facet::cuda;
using Floats = std::vector<float>;

class Transfers : public DoublesTest {
protected:
    PinnedMemory pinned_memory;
    MemoryPool pinned{pinned_memory};
    Stream work;
    facet::cuda::Transfers transfers{work, pinned};
};

Floats downloaded(facet::cuda::Transfers& transfers, const DeviceArray<float>& device) {
    Floats values(device.bytes() / sizeof(float));
    transfers.download(values.data(), device.data(), device.bytes());
    return values;
}

TEST_F(Transfers, TheHostArrayMayChangeAtOnce) {
    const DeviceArray<float> device(2);
    Floats host{1, 2};
    transfers.upload(device.data(), host.data(), 8);
    host = {3, 4};
    EXPECT_EQ(downloaded(transfers, device), (Floats{1, 2}));
}

TEST_F(Transfers, WorkAwaitsAnUploadBesideIt) {
    const DeviceArray<float> device(Floats{5}), sum(Floats{10});
    const Floats host{1};
    transfers.upload_beside(device.data(), host.data(), 4);
    transfers.await_uploads();
    FACET_CUDA(axpby(1.0f, device.data(), 1.0f, sum.data(), 1, work.raw()));
    EXPECT_EQ(downloaded(transfers, sum), Floats{11});
}

// The memory of the upload is a block that earlier work still reads.
TEST_F(Transfers, AnUploadBesideComesAfterTheWorkBeforeIt) {
    const DeviceArray<float> device(Floats{5}), sum(Floats{10});
    const Floats host{1};
    FACET_CUDA(axpby(1.0f, device.data(), 1.0f, sum.data(), 1, work.raw()));
    transfers.upload_beside(device.data(), host.data(), 4);
    transfers.await_uploads();
    FACET_CUDA(axpby(1.0f, device.data(), 1.0f, sum.data(), 1, work.raw()));
    EXPECT_EQ(downloaded(transfers, sum), Floats{16});
}

TEST_F(Transfers, PiecesComeToTheHostWithOneWait) {
    const DeviceArray<float> first(Floats{1, 2}), second(Floats{3});
    Floats a(2), b(1);
    const size_t before = host_waits();
    const facet::Download pieces[] = {
        {a.data(), first.data(), 8}, {nullptr, nullptr, 0}, {b.data(), second.data(), 4}};
    transfers.download(pieces);
    EXPECT_EQ(host_waits() - before, 1u);
    EXPECT_EQ(a, (Floats{1, 2}));
    EXPECT_EQ(b, Floats{3});
    transfers.download({});
    EXPECT_EQ(host_waits() - before, 1u);
}

TEST_F(Transfers, ManyUploadsHoldTheirBlocksUntilTheyHavePassed) {
    const DeviceArray<float> device(100);
    Floats expected;
    for (int i = 0; i < 100; ++i) {
        const auto value = static_cast<float>(i);
        transfers.upload(device.data() + i, &value, 4);
        expected.push_back(value);
    }
    EXPECT_EQ(downloaded(transfers, device), expected);
}

}  // namespace
}  // namespace gpudoubles
