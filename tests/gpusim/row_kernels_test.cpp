// Row and element kernels and optimiser steps on the simulated GPU against the reference device.
#include "tests/gpusim/kernel_fixtures.h"

namespace facet::test {
namespace {

const Shape kMatrices[] = {{1, 1}, {3, 7}, {9, 32}, {17, 131}, {2, 512}, {530, 6}};
const int64_t kCounts[] = {1, 3, 4, 31, 1023, 1029, 4099};

void set_row(const TestArray& x, int64_t row, double value) {
    for (int64_t d = 0; d < x.reference.size(1); ++d) {
        const int64_t i = row * x.reference.size(1) + d;
        x.reference.data<double>()[i] = x.device[i] = static_cast<float>(value);
    }
}

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

TEST(RowKernels, NormalisationIsTheReferences) {
    for (const Shape& shape : kMatrices) {
        const int64_t B = shape[0], D = shape[1];
        SCOPED_TRACE(to_string(shape));
        const TestArray x(shape, 1), dy(shape, 2);
        if (B > 1) set_row(x, 0, 0);
        if (B > 2) set_row(x, 1, 1e-15);  // too short to be normalised
        in_every_order([&] {
            const Tensor norm(reference_device(), {B}), y = x.reference.like();
            reference_device().normalise_rows(x.reference, norm, y);
            const DeviceArray<float> device_norm(B), device_y(B * D);
            cuda::normalise_rows(x.device.data(), B, D, device_norm.data(), device_y.data(),
                                 nullptr);
            expect_within(to_doubles(device_norm), norm.to_doubles(), absolute(norm.to_doubles()),
                          1e-6);
            expect_near(to_doubles(device_y), y.to_doubles(), 1e-6);
            for (const Grad mode : kBothModes) {
                const TestArray dx(shape, 3);
                reference_device().normalise_rows_backward(y, norm, dy.reference, dx.reference,
                                                           mode);
                cuda::normalise_rows_backward(device_y.data(), device_norm.data(), dy.device.data(),
                                              B, D, dx.device.data(), accumulates(mode), nullptr);
                expect_near(to_doubles(dx.device), dx.reference.to_doubles(), 1e-5);
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

TEST(ElementKernels, CastsRoundToNearestEven) {
    for (const int64_t n : kCounts) {
        SCOPED_TRACE(n);
        const TestArray x({n}, 1);
        in_every_order([&] {
            const DeviceArray<bfloat16> narrow(n);
            cuda::cast(x.device.data(), n, narrow.data(), nullptr);
            const DeviceArray<float> wide(n);
            cuda::cast(narrow.data(), n, wide.data(), nullptr);
            for (int64_t i = 0; i < n; ++i)
                ASSERT_LE(std::abs(wide[i] - x.device[i]), std::abs(x.device[i]) * 0x1p-8);
        });
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

TEST(OptimiserKernels, SgdStepIsTheReferences) {
    for (const int64_t n : kCounts) {
        for (const bool nesterov : {false, true}) {
            const TestArray dw({n}, 1);
            in_every_order([&] {
                const TestArray v({n}, 2), w({n}, 3);
                reference_device().sgd_step({0.1, 0.9, 5e-4, nesterov, 0.5}, dw.reference,
                                            v.reference, w.reference);
                cuda::sgd_step({0.1f, 0.9f, 5e-4f, 0.5f, nesterov}, dw.device.data(),
                               v.device.data(), w.device.data(), n, nullptr);
                expect_near(to_doubles(v.device), v.reference.to_doubles(), 1e-6);
                expect_near(to_doubles(w.device), w.reference.to_doubles(), 1e-6);
            });
        }
    }
}

TEST(OptimiserKernels, AdamWStepIsTheReferences) {
    for (const int64_t n : kCounts) {
        const TestArray dw({n}, 1);
        in_every_order([&] {
            const TestArray m({n}, 2), v({n}, 3, 0, 1), w({n}, 4);
            reference_device().adamw_step({0.01, 0.9, 0.999, 1e-8, 0.1, 3, 0.5}, dw.reference,
                                          m.reference, v.reference, w.reference);
            const cuda::AdamWParameters step{0.01f,
                                             0.9f,
                                             0.999f,
                                             1e-8f,
                                             0.1f,
                                             0.5f,
                                             static_cast<float>(1 - 0.9),
                                             static_cast<float>(1 - 0.999),
                                             static_cast<float>(1 - std::pow(0.9, 3)),
                                             static_cast<float>(1 - std::pow(0.999, 3))};
            cuda::adamw_step(step, dw.device.data(), m.device.data(), v.device.data(),
                             w.device.data(), n, nullptr);
            expect_near(to_doubles(m.device), m.reference.to_doubles(), 1e-6);
            expect_near(to_doubles(v.device), v.reference.to_doubles(), 1e-6);
            expect_near(to_doubles(w.device), w.reference.to_doubles(), 1e-5);
        });
    }
}

// The sums are the host's, bit for bit, and so is what follows from them.
TEST(OptimiserKernels, TheUpdateIsDecidedAsTheHostWould) {
    const std::vector<double> sums = random_values(101, 1, 0, 2);
    double sum = 0;
    for (int i = 0; i < 90; ++i) sum += sums[i];
    const double norm = std::sqrt(sum);
    for (const double clip : {0.0, 5.0, 1000.0}) {
        for (const int bad : {-1, 0, 100}) {
            std::vector<double> with_bad = sums;
            if (bad >= 0) with_bad[bad] = bad ? INFINITY : NAN;
            const DeviceArray<double> squares(with_bad);
            in_every_order([&] {
                const DeviceArray<cuda::UpdateCell> cell(std::vector<cuda::UpdateCell>(1));
                cuda::decide_update(squares.data(), 90, 101, clip, cell.data(), nullptr);
                EXPECT_EQ(cell[0].moves, bad < 0 ? 1u : 0u);
                if (bad == 0) return;
                EXPECT_EQ(cell[0].norm, norm);
                EXPECT_EQ(cell[0].gradient_scale, clip == 5 ? static_cast<float>(5 / norm) : 1.0f);
            });
        }
    }
}

TEST(OptimiserKernels, StepsReadTheirCellOrStandStill) {
    const TestArray dw({1029}, 1);
    for (const bool clipped : {false, true}) {
        for (const unsigned moves : {0u, 1u}) {
            const cuda::UpdateCell told{0.1f, 0.2f, 0.3f, 0.5f, moves, 0};
            const DeviceArray<cuda::UpdateCell> cell(std::vector<cuda::UpdateCell>{told});
            const cuda::UpdateSource source{cell.data(), clipped};
            const float scale = clipped ? 0.5f : 1.0f;
            in_every_order([&] {
                const TestArray v({1029}, 2, 0, 1), w({1029}, 3), m({1029}, 4);
                const TestArray v_same({1029}, 2, 0, 1), w_same({1029}, 3), m_same({1029}, 4);
                cuda::sgd_step({9, 0.9f, 5e-4f, 1, true}, dw.device.data(), m.device.data(),
                               w.device.data(), 1029, nullptr, source);
                cuda::adamw_step({9, 0.9f, 0.999f, 1e-8f, 0.1f, 1, 0.1f, 1e-3f, 9, 9},
                                 dw.device.data(), m.device.data(), v.device.data(),
                                 w.device.data(), 1029, nullptr, source);
                if (moves) {
                    cuda::sgd_step({0.1f, 0.9f, 5e-4f, scale, true}, dw.device.data(),
                                   m_same.device.data(), w_same.device.data(), 1029, nullptr);
                    cuda::adamw_step(
                        {0.1f, 0.9f, 0.999f, 1e-8f, 0.1f, scale, 0.1f, 1e-3f, 0.2f, 0.3f},
                        dw.device.data(), m_same.device.data(), v_same.device.data(),
                        w_same.device.data(), 1029, nullptr);
                }
                EXPECT_EQ(to_doubles(w.device), to_doubles(w_same.device));
                EXPECT_EQ(to_doubles(v.device), to_doubles(v_same.device));
                EXPECT_EQ(to_doubles(m.device), to_doubles(m_same.device));
            });
        }
    }
}

TEST(OptimiserKernels, SumOfSquaresIsExactToFloat64) {
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
