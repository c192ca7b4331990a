// Pictures on the simulated GPU against train/data/augment.h.
#include "train/data/cuda/picture_kernels.h"

#include <algorithm>

#include "tests/gpusim/kernel_fixtures.h"
#include "train/data/augment.h"

namespace facet::test {
namespace {

constexpr uint64_t kSeed = 0x123456789abcdefu, kEpoch = (uint64_t{3} << 32) | 5;

struct Size {
    int64_t N;
    int H, W;
};
const Size kSizes[] = {{1, 1, 1}, {3, 30, 1}, {2, 2, 31}, {4, 19, 23}};

uint64_t index_of(int64_t n) { return (uint64_t{1} << 33) + 7 * static_cast<uint64_t>(n); }

std::vector<Image> noise_pictures(const Size& size) {
    std::vector<Image> pictures;
    Random random(1, Purpose::Test);
    for (int64_t n = 0; n < size.N; ++n) {
        pictures.push_back({size.W, size.H, std::vector<uint8_t>(3 * size.H * size.W)});
        for (uint8_t& value : pictures.back().rgb) value = static_cast<uint8_t>(random.bits());
    }
    return pictures;
}

std::vector<uint8_t> bytes_of(const std::vector<Image>& pictures) {
    std::vector<uint8_t> bytes;
    for (const Image& picture : pictures)
        bytes.insert(bytes.end(), picture.rgb.begin(), picture.rgb.end());
    return bytes;
}

// make(n, out) writes picture n, (3, H, W).
template <class Make>
std::vector<double> planar_batch(const Size& size, Make make) {
    const int64_t each = 3 * size.H * size.W;
    std::vector<float> values(size.N * each);
    for (int64_t n = 0; n < size.N; ++n) make(n, &values[n * each]);
    return std::vector<double>(values.begin(), values.end());
}

// launch(shape, y) must write what is expected, (N, 3, H, W), planar and channels last.
template <class T, class Launch>
void check_layouts(const Size& size, const std::vector<double>& expected, double tolerance,
                   Launch launch) {
    for (const bool channels_last : {false, true}) {
        SCOPED_TRACE(fmt::format("{} x {} x {}, {}", size.N, size.H, size.W,
                                 channels_last ? "channels last" : "planar"));
        const Shape shape = {size.N, 3, size.H, size.W};
        in_every_order([&] {
            const DeviceArray<T> y(expected.size());
            launch(PictureShape{size.N, size.H, size.W, channels_last}, y.data());
            expect_near(channels_last ? from_channels_last(y, shape) : to_doubles(y), expected,
                        tolerance);
        });
    }
}

template <class T>
void check_variations(const Size& size, const AugmentOptions& options) {
    const std::vector<Image> pictures = noise_pictures(size);
    const DeviceArray<uint8_t> x(bytes_of(pictures));
    std::vector<PictureVariation> variations;
    const std::vector<double> expected = planar_batch(size, [&](int64_t n, float* out) {
        const Variation drawn = draw_variation(size.W, size.H, options, kSeed, kEpoch, index_of(n));
        variations.push_back(device_variation(drawn, index_of(n)));
        augment(pictures[n], options, kSeed, kEpoch, index_of(n), out);
    });
    const DeviceArray<PictureVariation> device_variations(variations);
    // A coordinate that is off by its rounding, 2^-19 at 31 pixels, is off by up to 255 as much in
    // value.
    const double tolerance = sizeof(T) == 2 ? 0x1p-8 : 2e-5;
    check_layouts<T>(size, expected, tolerance, [&](const PictureShape& shape, T* y) {
        cuda::vary_pictures(x.data(), shape, device_variations.data(), device_noise(kSeed, kEpoch),
                            y, nullptr);
    });
}

}  // namespace

TEST(PictureKernels, NormalisationIsExact) {
    for (const Size& size : kSizes) {
        const std::vector<Image> pictures = noise_pictures(size);
        const DeviceArray<uint8_t> x(bytes_of(pictures));
        const std::vector<double> expected =
            planar_batch(size, [&](int64_t n, float* out) { to_floats(pictures[n], out); });
        check_layouts<float>(size, expected, 0, [&](const PictureShape& shape, float* y) {
            cuda::normalise_pictures(x.data(), shape, y, nullptr);
        });
        check_layouts<bfloat16>(size, expected, 0x1p-8,
                                [&](const PictureShape& shape, bfloat16* y) {
                                    cuda::normalise_pictures(x.data(), shape, y, nullptr);
                                });
    }
}

TEST(PictureKernels, VariationsAreTheProcessors) {
    const AugmentOptions strong{0.5, 180, 0.9, 1, 0.9, 0.9, 0.5, 1};
    for (const Size& size : kSizes) check_variations<float>(size, strong);
    check_variations<float>({6, 16, 16}, AugmentOptions());
    check_variations<bfloat16>({2, 16, 13}, strong);
}

TEST(PictureKernels, WithoutVariationTheyOnlyNormalise) {
    check_variations<float>({2, 9, 14}, AugmentOptions::none());
}

}  // namespace facet::test
