#include <gtest/gtest.h>

#include "tests/engine/fixtures.h"

namespace facet::test {
namespace {

struct GemmCase {
    int64_t M, N, K;
};

std::ostream& operator<<(std::ostream& out, const GemmCase& c) {
    return out << "M " << c.M << " N " << c.N << " K " << c.K;
}

constexpr Transpose kBothTransposes[] = {Transpose::No, Transpose::Yes};

std::vector<double> product(Device& device, const GemmCase& z, Transpose ta, Transpose tb,
                            double alpha, double beta, bool magnitudes = false) {
    const auto operand = [&](Transpose t, int64_t rows, int64_t columns, uint64_t seed) {
        auto values = random_values(rows * columns, seed);
        if (magnitudes) values = absolute(values);
        const bool no = t == Transpose::No;
        return Tensor::from(device, no ? Shape{rows, columns} : Shape{columns, rows}, values);
    };
    const Tensor c =
        gradient_target(device, {z.M, z.N}, beta == 0 ? Grad::Overwrite : Grad::Accumulate);
    device.gemm(ta, tb, alpha, operand(ta, z.M, z.K, 1), operand(tb, z.K, z.N, 2), beta, c);
    return c.to_doubles();
}

TEST(Gemm, ComputesAnExampleByHandInAllFourForms) {
    for (Device* device : all_devices()) {
        const Tensor a = Tensor::from(*device, {2, 3}, {1, 2, 3, 4, 5, 6});
        const Tensor at = Tensor::from(*device, {3, 2}, {1, 4, 2, 5, 3, 6});
        const Tensor b = Tensor::from(*device, {3, 1}, {1, 10, 100});
        const Tensor bt = b.reshape({1, 3});
        for (const Transpose ta : kBothTransposes) {
            for (const Transpose tb : kBothTransposes) {
                const Tensor c = poisoned(*device, {2, 1});
                device->gemm(ta, tb, 2, ta == Transpose::No ? a : at, tb == Transpose::No ? b : bt,
                             0, c);
                EXPECT_EQ(c.to_doubles(), (std::vector<double>{642, 1308}));
                device->gemm(ta, tb, 1, ta == Transpose::No ? a : at, tb == Transpose::No ? b : bt,
                             0.5, c);
                EXPECT_EQ(c.to_doubles(), (std::vector<double>{642, 1308}));
            }
        }
    }
}

class GemmOnDevice : public testing::TestWithParam<GemmCase> {};

INSTANTIATE_TEST_SUITE_P(Shapes, GemmOnDevice,
                         testing::Values(GemmCase{1, 1, 1}, GemmCase{3, 5, 7}, GemmCase{16, 16, 16},
                                         GemmCase{17, 1, 33}, GemmCase{1, 64, 5},
                                         GemmCase{65, 33, 129}, GemmCase{2, 100, 1}));

// A sum of K products in any order errs by at most K u sum |a| |b|; two operations more for alpha
// and for beta times what was there, at most 1.
TEST_P(GemmOnDevice, MatchesTheReference) {
    const GemmCase& z = GetParam();
    const double tolerance = static_cast<double>(z.K + 4) * kUnit;
    for (const Transpose ta : kBothTransposes) {
        for (const Transpose tb : kBothTransposes) {
            for (const auto& [alpha, beta] : {std::pair{1.0, 0.0}, {1.0, 1.0}, {-0.5, 0.25}}) {
                std::vector<double> magnitude =
                    product(reference_device(), z, ta, tb, std::abs(alpha), 0, true);
                for (double& value : magnitude) value += beta;
                expect_within(product(tested_device(), z, ta, tb, alpha, beta),
                              product(reference_device(), z, ta, tb, alpha, beta), magnitude,
                              tolerance);
            }
        }
    }
}

TEST(Gemm, WrongShapesAreRefusedByName) {
    for (Device* device : all_devices()) {
        const Tensor a(*device, {2, 3}), b(*device, {3, 4}), c(*device, {2, 4});
        const auto call = [&](const Tensor& a, const Tensor& b, const Tensor& c) {
            return [=] { device->gemm(Transpose::No, Transpose::No, 1, a, b, 0, c); };
        };
        expect_error(call(a, Tensor(*device, {4, 3}), c), {"gemm: b", "(4, 3)", "(3, 4)"});
        expect_error(call(Tensor(*device, {3, 3}), b, c), {"gemm: a", "(3, 3)", "(2, 3)"});
        expect_error(call(a, b, Tensor(*device, {4})), {"gemm: c", "(4)"});
        expect_error([&] { device->gemm(Transpose::Yes, Transpose::No, 1, a, b, 0, c); },
                     {"gemm: a", "(2, 3)"});
        expect_error(call(Tensor(*device, {1, 2, 1, 3}, Layout::Map), b, c), {"gemm: a"});
    }
}

}  // namespace
}  // namespace facet::test
