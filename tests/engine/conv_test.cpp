#include <gtest/gtest.h>

#include "engine/conv_algorithm.h"
#include "engine/cpu/onednn.h"
#include "tests/engine/fixtures.h"

namespace facet::test {
namespace {

struct ConvCase {
    int64_t N, C, H, W, K, R;
    ConvGeometry g;
    Layout layout = Layout::Map;  // of x

    Shape x() const { return {N, C, H, W}; }
    Shape w() const { return {K, C, R, R}; }
    Shape y() const { return {N, K, g.out(H, R), g.out(W, R)}; }
};

std::ostream& operator<<(std::ostream& out, const ConvCase& c) {
    return out << "x " << to_string(c.x()) << (c.layout == Layout::Map ? " map" : " plain")
               << ", w " << to_string(c.w()) << ", stride " << c.g.stride << ", pad " << c.g.pad;
}

const std::vector<ConvCase> kCases = {
    // images: three plain channels
    {1, 3, 8, 8, 16, 3, {1, 1}, Layout::Plain},
    {2, 3, 7, 11, 64, 3, {1, 1}, Layout::Plain},
    {2, 3, 9, 6, 17, 3, {2, 1}, Layout::Plain},
    {1, 1, 5, 5, 1, 1, {1, 0}, Layout::Plain},
    {2, 16, 6, 5, 16, 3, {1, 1}, Layout::Plain},
    // maps: whole blocks of channels
    {1, 16, 7, 7, 16, 3, {1, 1}},
    {2, 32, 7, 9, 32, 3, {1, 1}},
    {1, 64, 6, 8, 32, 3, {1, 1}},
    {2, 32, 14, 10, 32, 3, {2, 1}},
    {2, 64, 7, 5, 32, 1, {2, 0}},
    {1, 16, 1, 1, 32, 1, {1, 0}},
    {1, 32, 4, 4, 32, 3, {1, 0}},
    // maps: padded blocks
    {1, 1, 3, 3, 1, 3, {1, 1}},
    {2, 3, 5, 7, 5, 3, {1, 1}},
    {1, 5, 6, 4, 17, 3, {2, 1}},
    {2, 17, 5, 3, 33, 1, {1, 0}},
    {1, 33, 7, 6, 17, 3, {1, 1}},
    {2, 17, 8, 9, 16, 1, {2, 0}},
    {1, 16, 9, 8, 5, 3, {2, 0}},
    {3, 15, 1, 7, 1, 3, {1, 1}},
};

// Inputs and outputs of one convolution on one device; the same numbers on each.
struct Operands {
    Operands(Device& device, const ConvCase& c, bool magnitudes = false) : device(device), c(c) {
        const auto values = [&](const Shape& shape, uint64_t seed) {
            auto drawn = random_values(count(shape), seed);
            return magnitudes ? absolute(drawn) : drawn;
        };
        x = tensor_of(device, c.x(), values(c.x(), 1), c.layout);
        w = tensor_of(device, c.w(), values(c.w(), 2));
        dy = tensor_of(device, c.y(), values(c.y(), 3), Layout::Map);
    }

    std::vector<double> forward() const {
        const Tensor y = poisoned(device, c.y(), Layout::Map);
        device.conv_forward(x, w, c.g, y);
        return result(y);
    }
    std::vector<double> backward_data(Grad mode) const {
        const Tensor dx = gradient_target(device, c.x(), mode, c.layout);
        device.conv_backward_data(dy, w, c.g, dx, mode);
        return result(dx);
    }
    std::vector<double> backward_filter(Grad mode) const {
        const Tensor dw = gradient_target(device, c.w(), mode);
        device.conv_backward_filter(x, dy, c.g, dw, mode);
        return result(dw);
    }

    Device& device;
    ConvCase c;
    Tensor x, w, dy;
};

// --- the reference: what a convolution is ---

TEST(Conv, ReferenceComputesAnExampleByHand) {
    Device& device = reference_device();
    const Tensor x = tensor_of(device, {1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}, Layout::Map);
    const Tensor w = tensor_of(device, {1, 1, 3, 3}, {1, 0, 0, 0, 10, 0, 0, 0, 100});
    const Tensor y = poisoned(device, {1, 1, 2, 3}, Layout::Map);
    device.conv_forward(x, w, {1, 1}, y);
    // 10 x(h, w) + x(h - 1, w - 1) + 100 x(h + 1, w + 1): not flipped
    EXPECT_EQ(y.to_doubles(), (std::vector<double>{510, 620, 30, 40, 51, 62}));

    const Tensor strided = poisoned(device, {1, 1, 1, 2}, Layout::Map);
    device.conv_forward(x, w, {2, 1}, strided);
    EXPECT_EQ(strided.to_doubles(), (std::vector<double>{510, 30}));
}

TEST(Conv, ReferenceSumsOverInputChannelsAndKeepsImagesApart) {
    Device& device = reference_device();
    const Tensor x = tensor_of(device, {2, 2, 1, 1}, {1, 2, 3, 4}, Layout::Map);
    const Tensor w = tensor_of(device, {3, 2, 1, 1}, {1, 10, 0, 1, 5, 0});
    const Tensor y = poisoned(device, {2, 3, 1, 1}, Layout::Map);
    device.conv_forward(x, w, {1, 0}, y);
    EXPECT_EQ(y.to_doubles(), (std::vector<double>{21, 2, 5, 43, 4, 15}));
}

TEST(Conv, ReferenceGradientsMatchCentralDifferences) {
    for (const ConvCase& c :
         {ConvCase{2, 2, 4, 3, 3, 3, {1, 1}}, ConvCase{1, 3, 5, 4, 2, 3, {2, 1}},
          ConvCase{2, 3, 3, 5, 2, 1, {2, 0}}, ConvCase{1, 1, 4, 4, 2, 3, {1, 0}}}) {
        SCOPED_TRACE(testing::Message() << c);
        const Operands o(reference_device(), c);
        const auto loss = [&] { return dot(o.forward(), o.dy.to_doubles()); };
        EXPECT_LT(relative_error(o.backward_data(Grad::Overwrite), central_differences(loss, o.x)),
                  1e-6);
        EXPECT_LT(
            relative_error(o.backward_filter(Grad::Overwrite), central_differences(loss, o.w)),
            1e-6);
    }
}

TEST(Conv, ReferenceAccumulatesOntoAGradient) {
    const ConvCase c{2, 2, 4, 3, 3, 3, {1, 1}};
    const Operands o(reference_device(), c);
    const auto before = [&](const Shape& shape) {
        return gradient_target(reference_device(), shape, Grad::Accumulate).to_doubles();
    };
    const auto sum = [](std::vector<double> a, const std::vector<double>& b) {
        for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
        return a;
    };
    EXPECT_LT(relative_error(o.backward_data(Grad::Accumulate),
                             sum(before(c.x()), o.backward_data(Grad::Overwrite))),
              1e-15);
    EXPECT_LT(relative_error(o.backward_filter(Grad::Accumulate),
                             sum(before(c.w()), o.backward_filter(Grad::Overwrite))),
              1e-15);
}

// --- the tested device against the reference ---

// Summing n products in float32, in any order, errs by at most about n u sum |x| |w| (Higham,
// Accuracy and Stability of Numerical Algorithms, 2002, chapter 3); two roundings more for an
// accumulation. The reference run on magnitudes gives the sum.
double direct_tolerance(int64_t terms) { return static_cast<double>(terms + 2) * kUnit; }

// Winograd F(4x4, 3x3) works on sums of up to 36 inputs with coefficients up to 8, so its errors
// are relative to the largest output, not to each one, and larger (Barabasz et al. 2020, Error
// analysis and improving the accuracy of Winograd convolution). Up to 11 u of the largest sum of
// magnitudes was seen on the shapes below; three times that is allowed.
constexpr double kWinogradTolerance = 32 * kUnit;

std::vector<double> plus_one(std::vector<double> magnitudes) {
    for (double& value : magnitudes) value += 1;  // what was there before an accumulation
    return magnitudes;
}

class ConvOnDevice : public testing::TestWithParam<ConvCase> {
protected:
    void TearDown() override { set_conv_algorithm(ConvAlgorithm::Auto); }

    bool uses_winograd(onednn::Direction direction) const {
        const ConvCase& c = GetParam();
        const onednn::ConvProblem problem{
            c.N, c.C, c.H, c.W, c.K, c.R, c.g.stride, c.g.pad, c.layout == Layout::Plain};
        return tested_device().name() == "cpu" && conv_algorithm() != ConvAlgorithm::Direct &&
               onednn::has_winograd(problem, direction);
    }

    void expect_close(onednn::Direction direction, int64_t terms, const std::vector<double>& found,
                      const std::vector<double>& exact, const std::vector<double>& magnitude) {
        SCOPED_TRACE(onednn::name_of(direction));
        if (uses_winograd(direction)) {
            expect_within(found, exact, largest(magnitude), kWinogradTolerance);
        } else {
            expect_within(found, exact, magnitude, direct_tolerance(terms));
        }
    }
};

INSTANTIATE_TEST_SUITE_P(Shapes, ConvOnDevice, testing::ValuesIn(kCases));

TEST_P(ConvOnDevice, EveryAlgorithmMatchesTheReference) {
    const ConvCase& c = GetParam();
    const Operands tested(tested_device(), c), exact(reference_device(), c);
    const Operands magnitude(reference_device(), c, true);
    const auto y = exact.forward(), y_magnitude = magnitude.forward();
    const auto dx_magnitude = plus_one(magnitude.backward_data(Grad::Overwrite));
    const auto dw_magnitude = plus_one(magnitude.backward_filter(Grad::Overwrite));
    const std::vector<double> dx[] = {exact.backward_data(Grad::Overwrite),
                                      exact.backward_data(Grad::Accumulate)};
    const std::vector<double> dw[] = {exact.backward_filter(Grad::Overwrite),
                                      exact.backward_filter(Grad::Accumulate)};
    using onednn::Direction;
    for (const ConvAlgorithm algorithm :
         {ConvAlgorithm::Direct, ConvAlgorithm::Winograd, ConvAlgorithm::Auto}) {
        SCOPED_TRACE(testing::Message() << "algorithm " << static_cast<int>(algorithm));
        set_conv_algorithm(algorithm);
        expect_close(Direction::Forward, c.C * c.R * c.R, tested.forward(), y, y_magnitude);
        for (const Grad mode : kBothModes) {
            const int m = static_cast<int>(mode);
            expect_close(Direction::BackwardData, c.K * c.R * c.R, tested.backward_data(mode),
                         dx[m], dx_magnitude);
            expect_close(Direction::BackwardFilter, c.N * c.y()[2] * c.y()[3],
                         tested.backward_filter(mode), dw[m], dw_magnitude);
        }
    }
}

// Filter gradients are left out: oneDNN splits their sums by threads.
TEST_P(ConvOnDevice, TheNumberOfThreadsDoesNotChangeABit) {
    const Operands tested(tested_device(), GetParam());
    for (const ConvAlgorithm algorithm : {ConvAlgorithm::Direct, ConvAlgorithm::Winograd}) {
        set_conv_algorithm(algorithm);
        expect_same_bits_with_two_threads([&] {
            std::vector<double> all = tested.forward();
            append(all, tested.backward_data(Grad::Overwrite));
            append(all, tested.backward_data(Grad::Accumulate));
            return all;
        });
    }
}

TEST_P(ConvOnDevice, TheSameCallGivesTheSameBits) {
    const Operands tested(tested_device(), GetParam());
    EXPECT_EQ(tested.backward_filter(Grad::Overwrite), tested.backward_filter(Grad::Overwrite));
    EXPECT_EQ(tested.forward(), tested.forward());
}

// A test of Winograd that never meets Winograd would pass for nothing.
TEST(Conv, WinogradIsAmongTheShapesTestedWhereTheLibraryHasIt) {
    const onednn::ConvProblem problem{2, 32, 13, 9, 64, 3, 1, 1, false};
    EXPECT_EQ(onednn::has_winograd(problem, onednn::Direction::Forward), why_no_winograd().empty());
    if (onednn::description().starts_with("oneDNN 2") && cpu_device().channel_block() == 16) {
        EXPECT_EQ(why_no_winograd(), "");  // for AVX-512 oneDNN 2 has it
    }
}

TEST(Conv, TheAlgorithmIsNamedAndWinogradRefusedWhereThereIsNone) {
    EXPECT_EQ(conv_algorithm_named("--conv", "auto"), ConvAlgorithm::Auto);
    EXPECT_EQ(conv_algorithm_named("--conv", "direct"), ConvAlgorithm::Direct);
    expect_error([] { conv_algorithm_named("--conv", "fast"); }, {"--conv", "'fast'", "direct"});
    if (why_no_winograd().empty()) {
        EXPECT_EQ(conv_algorithm_named("--conv", "winograd"), ConvAlgorithm::Winograd);
    } else {
        expect_error([] { conv_algorithm_named("--conv", "winograd"); },
                     {"--conv winograd", "oneDNN"});
    }
}

TEST(Conv, AlgorithmChangesTakeEffectBetweenCalls) {
    const Operands tested(cpu_device(), {2, 32, 13, 9, 64, 3, {1, 1}});
    set_conv_algorithm(ConvAlgorithm::Direct);
    const auto direct = tested.forward();
    set_conv_algorithm(ConvAlgorithm::Winograd);
    tested.forward();
    set_conv_algorithm(ConvAlgorithm::Direct);
    EXPECT_EQ(tested.forward(), direct);
    set_conv_algorithm(ConvAlgorithm::Auto);
    EXPECT_EQ(conv_algorithm(), ConvAlgorithm::Auto);
}

TEST(Conv, WrongShapesAreRefusedByName) {
    for (Device* device : all_devices()) {
        const Tensor x(*device, {2, 3, 8, 6}, Layout::Map), y(*device, {2, 5, 8, 6}, Layout::Map);
        const Tensor w(*device, {5, 3, 3, 3});
        const auto forward = [&](const Tensor& x, const Tensor& w, ConvGeometry g,
                                 const Tensor& y) {
            return [=] { device->conv_forward(x, w, g, y); };
        };
        expect_error(forward(x, Tensor(*device, {5, 4, 3, 3}), {1, 1}, y),
                     {"conv_forward", "(5, 4, 3, 3)", "(5, 3, 3, 3)"});
        expect_error(forward(x, Tensor(*device, {5, 3, 3, 1}), {1, 1}, y),
                     {"conv_forward", "filter"});
        expect_error(forward(x, Tensor(*device, {5, 3}), {1, 1}, y), {"conv_forward", "filter"});
        expect_error(forward(x, w, {2, 1}, y), {"conv_forward", "(2, 5, 8, 6)", "(2, 5, 4, 3)"});
        expect_error(forward(x, w, {0, 1}, y), {"conv_forward", "stride"});
        expect_error(forward(x, w, {1, -1}, y), {"conv_forward", "pad"});
        expect_error(forward(x, Tensor(*device, {5, 3, 9, 9}), {1, 0}, y), {"conv_forward", "9"});
        expect_error(forward(x, w, {1, 1}, Tensor(*device, {2, 5, 8, 6})), {"conv_forward", "map"});
        expect_error(forward(Tensor(), w, {1, 1}, y), {"conv_forward"});
        expect_error(
            [&] {
                device->conv_backward_data(x, w, {1, 1}, x, Grad::Overwrite);
            },
            {"conv_backward_data", "(2, 3, 8, 6)", "(2, 5, 8, 6)"});
        expect_error(
            [&] {
                device->conv_backward_filter(x, y, {2, 1}, w, Grad::Overwrite);
            },
            {"conv_backward_filter", "(2, 5, 8, 6)", "(2, 5, 4, 3)"});
    }
}

}  // namespace
}  // namespace facet::test
