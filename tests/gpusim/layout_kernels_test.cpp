// Layouts of maps on the simulated GPU.
#include "tests/gpusim/kernel_fixtures.h"

namespace facet::test {
namespace {

// There and back: exact, for the values are exact in T.
template <class T>
void check_layouts(int64_t N, int64_t C, int64_t pixels) {
    const std::vector<double> values = exact_values<T>(N * C * pixels, 1);
    const DeviceArray<float> plain(stored<float>(values));
    in_every_order([&] {
        const DeviceArray<T> last(values.size());
        cuda::channels_last(plain.data(), N, C, pixels, last.data(), nullptr);
        EXPECT_EQ(to_doubles(last), transposed(values, N, C, pixels));
        const DeviceArray<float> back(values.size());
        cuda::channels_first(last.data(), N, C, pixels, back.data(), nullptr);
        EXPECT_EQ(to_doubles(back), values);
    });
}

}  // namespace

TEST(LayoutKernels, ChannelsLastAndBack) {
    check_layouts<float>(1, 1, 1);
    check_layouts<float>(2, 3, 49);
    check_layouts<bfloat16>(1, 64, 37);
    check_layouts<bfloat16>(3, 33, 32);
}

// More tiles than blocks: a block goes through several.
TEST(LayoutKernels, MoreTilesThanBlocks) { check_layouts<float>(2050, 2, 1); }

}  // namespace facet::test
