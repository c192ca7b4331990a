// Pooling and layouts on the simulated GPU against the reference device.
#include "tests/gpusim/kernel_fixtures.h"

namespace facet::test {
namespace {

struct PoolCase {
    Shape x;
    int64_t window, stride, pad;
};
const PoolCase kPools[] = {{{1, 1, 1, 1}, 1, 1, 0},
                           {{2, 5, 7, 6}, 3, 2, 1},
                           {{1, 16, 8, 9}, 2, 2, 0},
                           {{1, 40, 5, 5}, 3, 1, 1},
                           {{1, 3, 11, 4}, 4, 3, 2}};

template <class T>
void check_max_pool(const PoolCase& test, Grad mode) {
    const int64_t N = test.x[0], C = test.x[1], H = test.x[2], W = test.x[3];
    const ConvGeometry g{test.stride, test.pad};
    const int64_t P = g.out(H, test.window), Q = g.out(W, test.window);
    const auto narrow = [](int64_t value) { return static_cast<int>(value); };
    const cuda::Pooling pool{N,
                             C,
                             narrow(H),
                             narrow(W),
                             narrow(P),
                             narrow(Q),
                             narrow(test.window),
                             narrow(test.stride),
                             narrow(test.pad)};
    const Shape out = {N, C, P, Q};
    // Eighths: many ties. One NaN.
    std::vector<double> values = exact_values<T>(count(test.x), 1);
    for (double& value : values) value = std::round(value * 8) / 8;
    if (values.size() > 20) values[20] = NAN;
    const TestMap<T> x(test.x, values), dy(out, 2);
    const auto without_nan = [](std::vector<double> numbers) {
        for (double& number : numbers) number = std::isnan(number) ? 1234 : number;
        return numbers;
    };
    in_every_order([&] {
        const Tensor y = dy.reference.like();
        reference_device().max_pool_forward(x.reference, test.window, g, y);
        const DeviceArray<T> device_y(stored<T>(std::vector<double>(count(out), -77)));
        cuda::max_pool_forward(x.device.data(), pool, device_y.data(), nullptr);
        EXPECT_EQ(without_nan(from_channels_last(device_y, out)), without_nan(y.to_doubles()));

        const TestMap<T> dx(test.x, 3);
        reference_device().max_pool_backward(x.reference, dy.reference, test.window, g,
                                             dx.reference, mode);
        cuda::max_pool_backward(x.device.data(), dy.device.data(), pool, dx.device.data(),
                                accumulates(mode), nullptr);
        expect_near(from_channels_last(dx.device, test.x), dx.reference.to_doubles(), kRounding<T>);
    });
}

template <class T>
void check_average_pool(const Shape& shape, Grad mode) {
    const int64_t N = shape[0], C = shape[1], pixels = shape[2] * shape[3];
    const TestMap<T> x(shape, 1);
    const TestArray dy({N, C}, 2);
    in_every_order([&] {
        const Tensor y(reference_device(), {N, C});
        reference_device().average_pool_forward(x.reference, y);
        const DeviceArray<float> device_y(N * C);
        cuda::average_pool_forward(x.device.data(), N, pixels, C, device_y.data(), nullptr);
        expect_near(to_doubles(device_y), y.to_doubles(), 1e-6);

        const TestMap<T> dx(shape, 3);
        reference_device().average_pool_backward(dy.reference, dx.reference, mode);
        cuda::average_pool_backward(dy.device.data(), N, pixels, C, dx.device.data(),
                                    accumulates(mode), nullptr);
        expect_near(from_channels_last(dx.device, shape), dx.reference.to_doubles(), kRounding<T>);
    });
}

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

TEST(PoolingKernels, MaxPoolIsTheReferences) {
    for (const PoolCase& test : kPools) {
        SCOPED_TRACE(to_string(test.x));
        check_max_pool<float>(test, Grad::Overwrite);
        check_max_pool<bfloat16>(test, Grad::Accumulate);
    }
}

TEST(PoolingKernels, AveragePoolIsTheReferences) {
    for (const Shape& shape :
         {Shape{1, 1, 1, 1}, Shape{3, 5, 7, 1}, Shape{2, 64, 3, 3}, Shape{1, 264, 2, 2}}) {
        SCOPED_TRACE(to_string(shape));
        for (const Grad mode : kBothModes) {
            check_average_pool<float>(shape, mode);
            check_average_pool<bfloat16>(shape, mode);
        }
    }
}

TEST(LayoutKernels, ChannelsLastAndBack) {
    check_layouts<float>(1, 1, 1);
    check_layouts<float>(2, 3, 49);
    check_layouts<bfloat16>(1, 64, 37);
    check_layouts<bfloat16>(3, 33, 32);
}

// More tiles than blocks: a block goes through several.
TEST(LayoutKernels, MoreTilesThanBlocks) { check_layouts<float>(2050, 2, 1); }

}  // namespace facet::test
