// Row and element kernels on the simulated GPU against the reference device.
#include "tests/gpusim/kernel_fixtures.h"

namespace facet::test {
namespace {

const Shape kMatrices[] = {{1, 1}, {3, 7}, {9, 32}, {17, 131}, {2, 512}, {530, 6}};
const int64_t kCounts[] = {1, 3, 4, 31, 1023, 1029, 4099};

}  // namespace

TEST(RowKernels, BiasAndColumnSumsAreTheReferences) {
    for (const Shape& shape : kMatrices) {
        const int64_t B = shape[0], D = shape[1];
        SCOPED_TRACE(to_string(shape));
        const TestArray dy(shape, 1), bias({D}, 2);
        const DeviceArray<char> workspace(cuda::sum_rows_workspace(B, D));
        in_every_order([&] {
            const TestArray y(shape, 3);
            reference_device().add_bias(y.reference, bias.reference);
            cuda::add_bias(y.device.data(), bias.device.data(), B, D, nullptr);
            expect_near(to_doubles(y.device), y.reference.to_doubles(), 1e-6);
            for (const Grad mode : kBothModes) {
                const TestArray dbias({D}, 4);
                reference_device().sum_rows(dy.reference, dbias.reference, mode);
                cuda::sum_rows(dy.device.data(), B, D, dbias.device.data(), accumulates(mode),
                               workspace.data(), nullptr);
                expect_near(to_doubles(dbias.device), dbias.reference.to_doubles(), 3e-6);
            }
        });
    }
}

TEST(ElementKernels, FillAndScaledSumsAreTheReferences) {
    for (const int64_t n : kCounts) {
        SCOPED_TRACE(n);
        const TestArray x({n}, 1);
        in_every_order([&] {
            const TestArray y({n}, 2);
            reference_device().axpby(0.5, x.reference, -2, y.reference);
            cuda::axpby(0.5f, x.device.data(), -2.0f, y.device.data(), n, nullptr);
            expect_near(to_doubles(y.device), y.reference.to_doubles(), 1e-6);
            const DeviceArray<float> unread(n);  // NaN
            cuda::axpby(1.0f, x.device.data(), 0.0f, unread.data(), n, nullptr);
            EXPECT_EQ(to_doubles(unread), x.reference.to_doubles());
            const DeviceArray<bfloat16> filled(n);
            cuda::fill(filled.data(), n, 1.5f, nullptr);
            EXPECT_EQ(to_doubles(filled), std::vector<double>(n, 1.5));
        });
    }
}

TEST(ElementKernels, Bfloat16RoundsToNearestEven) {
    for (const double value : random_values(4099, 1)) {
        const auto x = static_cast<float>(value);
        ASSERT_LE(std::abs(cuda::to_float(cuda::to_bfloat16(x)) - x), std::abs(x) * 0x1p-8);
    }
    // 1 + 2^-8 lies between 1 and 1 + 2^-7, both odd and even; 1 + 3 2^-8 likewise.
    EXPECT_EQ(cuda::to_float(cuda::to_bfloat16(1 + 0x1p-8f)), 1);
    EXPECT_EQ(cuda::to_float(cuda::to_bfloat16(1 + 3 * 0x1p-8f)), 1 + 0x1p-6f);
    EXPECT_EQ(cuda::to_float(cuda::to_bfloat16(INFINITY)), INFINITY);
    EXPECT_TRUE(std::isnan(cuda::to_float(cuda::to_bfloat16(NAN))));
}

// The same elements are kept on every device, for any seed and step.
TEST(ElementKernels, DropoutKeepsWhatTheReferenceKeeps) {
    for (const int64_t n : kCounts) {
        const uint64_t seed = 0x123456789abcdefu + n, step = uint64_t{5} << 33 | n;
        const TestArray x({n}, 1, 0.5, 1);
        const DeviceArray<uint64_t> cell(std::vector<uint64_t>{step});
        for (const Grad mode : kBothModes) {
            const bool by_cell = accumulates(mode);
            const cuda::DropoutStep drawn{by_cell ? 0 : step, by_cell ? cell.data() : nullptr};
            in_every_order([&] {
                const TestArray y({n}, 2);
                reference_device().dropout(x.reference, 0.4, seed, step, y.reference, mode);
                cuda::dropout(x.device.data(), n, 0.4, seed, drawn, y.device.data(),
                              accumulates(mode), nullptr);
                expect_near(to_doubles(y.device), y.reference.to_doubles(), 1e-6);
            });
        }
    }
}

TEST(ElementKernels, SumOfSquaresIsExactToFloat64) {
    for (const int64_t n : kCounts) {
        const TestArray x({n}, 1);
        const double expected = reference_device().sum_of_squares(x.reference);
        in_every_order([&] {
            const DeviceArray<char> workspace(cuda::sum_of_squares_workspace(n));
            const DeviceArray<double> sum(1);
            cuda::sum_of_squares(x.device.data(), n, sum.data(), workspace.data(), nullptr);
            EXPECT_NEAR(sum[0], expected, 1e-13 * expected);
        });
    }
}

}  // namespace facet::test
