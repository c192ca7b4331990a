#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>

#include "tests/train/data_fixture.h"
#include "train/data/augment.h"

namespace facet {
namespace {

using namespace test;

constexpr int kTrials = 200;

// NaN beforehand, so that what is not written shows.
std::vector<float> blank(const Image& image) {
    return std::vector<float>(image.rgb.size(), std::numeric_limits<float>::quiet_NaN());
}

std::vector<float> varied(const Image& image, const AugmentOptions& options, uint64_t index = 0,
                          uint64_t epoch = 0, uint64_t seed = 1) {
    std::vector<float> out = blank(image);
    augment(image, options, seed, epoch, index, out.data());
    return out;
}

std::vector<float> plain(const Image& image) {
    std::vector<float> out = blank(image);
    to_floats(image, out.data());
    return out;
}

AugmentOptions only(double AugmentOptions::*knob, double value) {
    AugmentOptions options = AugmentOptions::none();
    options.*knob = value;
    return options;
}

TEST(DataAugment, ToFloatsIsPlanarAndNormalised) {
    const Image image{2, 1, {0, 255, 51, 102, 128, 204}};
    const std::vector<float> out = plain(image);
    const double expected[] = {0, 102, 255, 128, 51, 204};
    for (int i = 0; i < 6; ++i) EXPECT_NEAR(out[i], (expected[i] / 255 - 0.5) / 0.5, 1e-7);
    EXPECT_EQ(out[0], -1.0f);
    EXPECT_EQ(out[2], 1.0f);
}

TEST(DataAugment, EverythingOffIsExactlyToFloats) {
    for (const auto& [w, h] : {std::pair{1, 1}, {1, 9}, {33, 5}, {64, 64}, {112, 112}}) {
        const Image image = noise_image(w, h, 1);
        EXPECT_EQ(varied(image, AugmentOptions::none()), plain(image)) << w << " x " << h;
    }
}

TEST(DataAugment, DependsOnSeedEpochAndIndexAlone) {
    const Image image = noise_image(40, 40, 2);
    const AugmentOptions options;
    const std::vector<float> first = varied(image, options, 3, 4, 5);
    EXPECT_EQ(varied(image, options, 3, 4, 5), first);
    EXPECT_NE(varied(image, options, 2, 4, 5), first);
    EXPECT_NE(varied(image, options, 3, 5, 5), first);
    EXPECT_NE(varied(image, options, 3, 4, 6), first);
    std::vector<float> elsewhere;
    std::thread([&] { elsewhere = varied(image, options, 3, 4, 5); }).join();
    EXPECT_EQ(elsewhere, first);
}

TEST(DataAugment, WritesEveryValueWithinRange) {
    const AugmentOptions strong{0.5, 180, 0.9, 1, 0.9, 0.9, 0.5, 1};
    for (const auto& [w, h] : {std::pair{1, 1}, {1, 30}, {31, 2}, {64, 64}})
        for (int i = 0; i < kTrials; ++i)
            for (const float value : varied(noise_image(w, h, 3), strong, i))
                ASSERT_TRUE(value >= -1 && value <= 1) << value;
}

TEST(DataAugment, MirrorHappensAtItsRate) {
    const Image image = noise_image(24, 18, 4);
    const std::vector<float> same = plain(image), mirrored = plain(mirror(image));
    EXPECT_EQ(varied(image, only(&AugmentOptions::mirror, 1)), mirrored);
    int count = 0;
    for (int i = 0; i < kTrials; ++i) {
        const std::vector<float> out = varied(image, only(&AugmentOptions::mirror, 0.3), i);
        ASSERT_TRUE(out == same || out == mirrored);
        count += out == mirrored;
    }
    EXPECT_NEAR(count, 0.3 * kTrials, 4 * std::sqrt(0.3 * 0.7 * kTrials));
}

// Where a soft bright spot, put at (40, 20) of 64 x 64, is found afterwards.
struct Spot {
    double x, y, mass;
};

Spot spot_after(const AugmentOptions& options, uint64_t index) {
    Image image = constant_image(64, 64, 0);
    for (int y = 0; y < 64; ++y)
        for (int x = 0; x < 64; ++x)
            std::fill_n(image.at(x, y), 3,
                        static_cast<uint8_t>(
                            255 * std::exp(-(std::pow(x - 40, 2) + std::pow(y - 20, 2)) / 18)));
    const std::vector<float> out = varied(image, options, index);
    Spot spot{0, 0, 0};
    for (int y = 0; y < 64; ++y)
        for (int x = 0; x < 64; ++x) {
            const double value = out[y * 64 + x] + 1;
            spot.x += value * x;
            spot.y += value * y;
            spot.mass += value;
        }
    spot.x /= spot.mass;
    spot.y /= spot.mass;
    return spot;
}

TEST(DataAugment, ShiftMovesBothAxesWithinItsRange) {
    const double range = 0.1 * 64;
    double low_x = 0, high_x = 0, low_y = 0, high_y = 0, together = 0;
    for (int i = 0; i < kTrials; ++i) {
        const Spot spot = spot_after(only(&AugmentOptions::shift, 0.1), i);
        together += (spot.x - 40) * (spot.y - 20);
        low_x = std::min(low_x, spot.x - 40);
        high_x = std::max(high_x, spot.x - 40);
        low_y = std::min(low_y, spot.y - 20);
        high_y = std::max(high_y, spot.y - 20);
    }
    EXPECT_LT(std::abs(together), 0.25 * kTrials * range * range / 3);  // variance range^2 / 3
    for (const double reached : {-low_x, high_x, -low_y, high_y}) {
        EXPECT_LE(reached, range + 0.1);
        EXPECT_GE(reached, 0.9 * range);
    }
}

TEST(DataAugment, RotationTurnsAboutTheCentreByAtMostItsRange) {
    const double start = std::atan2(20 - 31.5, 40 - 31.5), radius = std::hypot(8.5, 11.5);
    double least = 0, most = 0;
    for (int i = 0; i < kTrials; ++i) {
        const Spot spot = spot_after(only(&AugmentOptions::rotation, 20), i);
        EXPECT_NEAR(std::hypot(spot.x - 31.5, spot.y - 31.5), radius, 0.1);
        const double turn = std::atan2(spot.y - 31.5, spot.x - 31.5) - start;
        least = std::min(least, turn);
        most = std::max(most, turn);
    }
    const double range = 20 * 3.14159265 / 180;
    EXPECT_NEAR(most, range, 0.1 * range);
    EXPECT_NEAR(least, -range, 0.1 * range);
}

TEST(DataAugment, ScaleMagnifiesAboutTheCentreWithinItsRange) {
    const double radius = std::hypot(8.5, 11.5), mass = spot_after(AugmentOptions::none(), 0).mass;
    double least = 1, most = 1;
    for (int i = 0; i < kTrials; ++i) {
        const Spot spot = spot_after(only(&AugmentOptions::scale, 0.3), i);
        const double factor = std::hypot(spot.x - 31.5, spot.y - 31.5) / radius;
        EXPECT_NEAR(std::sqrt(spot.mass / mass), factor, 0.02);
        least = std::min(least, factor);
        most = std::max(most, factor);
    }
    EXPECT_NEAR(least, 0.7, 0.03);
    EXPECT_NEAR(most, 1.3, 0.03);
}

TEST(DataAugment, TheBorderContinuesOutside) {
    const std::vector<float> expected = plain(constant_image(16, 16, 50));
    for (int i = 0; i < 20; ++i) {
        const AugmentOptions options{0.5, 180, 0.9, 1, 0, 0, 0, 0};
        EXPECT_EQ(varied(constant_image(16, 16, 50), options, i), expected);
    }
}

TEST(DataAugment, BrightnessIsAFactor) {
    const Image image = gradient_image(32, 32);
    const std::vector<float> before = plain(image);
    double least = 1, most = 1;
    for (int i = 0; i < kTrials; ++i) {
        const std::vector<float> out = varied(image, only(&AugmentOptions::brightness, 0.4), i);
        const double factor = (out[10] + 1) / (before[10] + 1);
        for (size_t k = 0; k < out.size(); ++k)
            ASSERT_NEAR(out[k], std::min(1.0, factor * (before[k] + 1) - 1), 1e-5);
        least = std::min(least, factor);
        most = std::max(most, factor);
    }
    EXPECT_NEAR(least, 0.6, 0.04);
    EXPECT_NEAR(most, 1.4, 0.04);
}

TEST(DataAugment, ContrastKeepsTheMeanGrey) {
    Image image = constant_image(32, 32, 0);
    for (size_t i = 0; i < image.rgb.size(); ++i)  // 100 and 140: contrast never clips them
        image.rgb[i] = i / 3 % 2 ? 100 : 140;
    double least = 1, most = 1;
    for (int i = 0; i < kTrials; ++i) {
        const std::vector<float> out = varied(image, only(&AugmentOptions::contrast, 0.5), i);
        const double mean = std::accumulate(out.begin(), out.end(), 0.0) / out.size();
        EXPECT_NEAR(mean, 120 / 127.5 - 1, 1e-4);
        const double factor = (out[0] - out[1]) * 127.5 / 40;
        least = std::min(least, factor);
        most = std::max(most, factor);
    }
    EXPECT_NEAR(least, 0.5, 0.05);
    EXPECT_NEAR(most, 1.5, 0.05);
}

TEST(DataAugment, ContrastKeepsTheMeanThatBrightnessMade) {
    const Image image = constant_image(16, 16, 120);  // contrast alone leaves it as it is
    AugmentOptions both = only(&AugmentOptions::brightness, 0.5);
    both.contrast = 0.9;
    for (int i = 0; i < 50; ++i) {
        const std::vector<float> bright = varied(image, only(&AugmentOptions::brightness, 0.5), i);
        EXPECT_NEAR(varied(image, both, i)[0], bright[0], 1e-5);
    }
}

TEST(DataAugment, GreyKeepsTheLuma) {
    const Image image = noise_image(20, 20, 6);
    const std::vector<float> before = plain(image);
    const std::vector<float> out = varied(image, only(&AugmentOptions::grey, 1));
    for (int i = 0; i < 400; ++i) {
        EXPECT_EQ(out[i], out[400 + i]);
        EXPECT_EQ(out[i], out[800 + i]);
        EXPECT_NEAR(out[i], 0.299 * before[i] + 0.587 * before[400 + i] + 0.114 * before[800 + i],
                    1e-5);
    }
    int count = 0;
    for (int i = 0; i < kTrials; ++i)
        count += varied(image, only(&AugmentOptions::grey, 0.2), i) != before;
    EXPECT_NEAR(count, 0.2 * kTrials, 4 * std::sqrt(0.2 * 0.8 * kTrials));
}

TEST(DataAugment, EraseHidesOneRectangleOfNoise) {
    const int side = 64;
    const Image image = constant_image(side, side, 255);
    double mean_area = 0;
    for (int i = 0; i < kTrials; ++i) {
        const std::vector<float> out = varied(image, only(&AugmentOptions::erase, 1), i);
        int left = side, right = -1, top = side, bottom = -1, changed = 0;
        for (int y = 0; y < side; ++y)
            for (int x = 0; x < side; ++x) {
                bool hidden = false;
                for (int c = 0; c < 3; ++c) hidden |= out[(c * side + y) * side + x] != 1.0f;
                if (!hidden) continue;
                ++changed;
                left = std::min(left, x), right = std::max(right, x);
                top = std::min(top, y), bottom = std::max(bottom, y);
            }
        const int w = right - left + 1, h = bottom - top + 1;
        ASSERT_EQ(changed, w * h);  // noise is white in all channels once in 2^24 pixels
        ASSERT_GE(w * h, 0.015 * side * side);
        ASSERT_LE(w * h, 0.21 * side * side);
        ASSERT_LE(static_cast<double>(h) / w, 3.8);
        ASSERT_GE(static_cast<double>(h) / w, 0.26);
        mean_area += static_cast<double>(w * h) / (side * side) / kTrials;
    }
    EXPECT_NEAR(mean_area, 0.11, 0.015);
}

// A knob must not disturb what the others do to an image.
TEST(DataAugment, KnobsAreIndependent) {
    const Image image = noise_image(30, 30, 8);
    const std::vector<float> mirrored = plain(mirror(image));
    for (int i = 0; i < 50; ++i) {
        const bool alone = varied(image, only(&AugmentOptions::mirror, 0.5), i) == mirrored;
        AugmentOptions two = only(&AugmentOptions::mirror, 0.5);
        two.erase = 1;  // hides at most a fifth
        const std::vector<float> out = varied(image, two, i);
        size_t equal = 0;
        for (size_t k = 0; k < out.size(); ++k) equal += out[k] == mirrored[k];
        EXPECT_EQ(alone, equal > out.size() / 2) << i;
    }
}

TEST(DataAugment, RefusesOptionsOutOfRange) {
    EXPECT_NO_THROW(check_augment(AugmentOptions()));
    EXPECT_NO_THROW(check_augment(AugmentOptions::none()));
    using Knob = double AugmentOptions::*;
    for (const auto& [knob, value, name] :
         {std::tuple<Knob, double, const char*>{&AugmentOptions::mirror, 1.1, "mirror"},
          {&AugmentOptions::rotation, 181, "rotation"},
          {&AugmentOptions::scale, 1, "scale"},
          {&AugmentOptions::shift, -0.1, "shift"},
          {&AugmentOptions::brightness, 1, "brightness"},
          {&AugmentOptions::contrast, -1, "contrast"},
          {&AugmentOptions::grey, 2, "grey"},
          {&AugmentOptions::erase, std::nan(""), "erase"}}) {
        const AugmentOptions wrong = only(knob, value);
        const auto error = thrown_by<UsageError>([&] { check_augment(wrong); });
        EXPECT_TRUE(contains(error.what(), name)) << error.what();
    }
}

}  // namespace
}  // namespace facet
