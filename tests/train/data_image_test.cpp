#include <algorithm>
#include <cmath>

#include "tests/train/data_fixture.h"

namespace facet {
namespace {

using namespace test;

std::span<const uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Kinds of PNG that stb_image_write does not write, encoded by hand with zlib.
// 3 x 2, grey: 0 50 100 / 10 200 255.
constexpr uint8_t kGreyPng[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
    0x52, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x02, 0x08, 0x00, 0x00, 0x00, 0x00, 0xb8,
    0x1f, 0x39, 0xc6, 0x00, 0x00, 0x00, 0x10, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x60,
    0x30, 0x4a, 0x61, 0xe0, 0x3a, 0xf1, 0x1f, 0x00, 0x05, 0xd5, 0x02, 0x68, 0xda, 0x81, 0x6b,
    0xd5, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
// 1 x 1, 16-bit RGBA: 0x1234 0x5678 0x9abc, opaque.
constexpr uint8_t kDeepPng[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
    0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x10, 0x06, 0x00, 0x00, 0x00, 0x4f,
    0x85, 0x18, 0xca, 0x00, 0x00, 0x00, 0x11, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x10,
    0x32, 0x09, 0xab, 0x98, 0xb5, 0xe7, 0xff, 0x7f, 0x00, 0x0d, 0xfa, 0x04, 0x69, 0xd8, 0x2a,
    0xb5, 0x23, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

TEST(DataImage, PngAndPpmReturnTheSamePixels) {
    const TemporaryFolder folder;
    for (const char* name : {"a.png", "a.ppm"})
        for (const auto& [w, h] : {std::pair{1, 1}, {1, 37}, {41, 1}, {23, 17}, {4000, 2}}) {
            const Image image = noise_image(w, h, 1);
            const Image read = load_image(folder.write(name, image));
            EXPECT_EQ(read.width, w);
            EXPECT_EQ(read.height, h);
            EXPECT_EQ(read.rgb, image.rgb) << name << " " << w << " x " << h;
        }
}

TEST(DataImage, JpegReturnsNearlyTheSamePixels) {
    const Image image = gradient_image(40, 56);
    for (const char* extension : {".jpg", ".JPEG"}) {
        const Image read = decode_image(encode_image(image, extension), "memory");
        ASSERT_EQ(read.rgb.size(), image.rgb.size());
        int worst = 0;
        for (size_t i = 0; i < image.rgb.size(); ++i)
            worst = std::max(worst, std::abs(read.rgb[i] - image.rgb[i]));
        EXPECT_LE(worst, 6);
    }
}

TEST(DataImage, LowerJpegQualityMakesSmallerFiles) {
    const Image image = noise_image(64, 64, 2);
    EXPECT_LT(encode_image(image, ".jpg", 30).size(), encode_image(image, ".jpg", 95).size() / 2);
}

TEST(DataImage, GreyPicturesBecomeEqualChannels) {
    const Image pgm = decode_image(bytes_of("P5\n# a comment\n3 1\n255\nA\x80z"), "memory");
    EXPECT_EQ(pgm.rgb, (std::vector<uint8_t>{65, 65, 65, 128, 128, 128, 122, 122, 122}));
    const Image png = decode_image(kGreyPng, "memory");
    EXPECT_EQ(png.width, 3);
    EXPECT_EQ(png.height, 2);
    EXPECT_EQ(png.rgb, (std::vector<uint8_t>{0, 0, 0, 50, 50, 50, 100, 100, 100, 10, 10, 10, 200,
                                             200, 200, 255, 255, 255}));
}

TEST(DataImage, SixteenBitSamplesKeepTheirHighByte) {
    EXPECT_EQ(decode_image(kDeepPng, "memory").rgb, (std::vector<uint8_t>{0x12, 0x56, 0x9a}));
}

TEST(DataImage, RefusesEveryTruncation) {
    const Image image = noise_image(24, 24, 3);
    for (const char* extension : {".png", ".jpg", ".ppm"}) {
        const std::vector<uint8_t> whole = encode_image(image, extension);
        EXPECT_EQ(decode_image(whole, "whole").width, 24);
        for (size_t size = 0; size < whole.size(); ++size) {
            const std::span<const uint8_t> part(whole.data(), size);
            EXPECT_THROW(decode_image(part, "part"), Error) << extension << " cut at " << size;
        }
    }
}

TEST(DataImage, DamageIsAnErrorOrAPictureButNothingElse) {
    const Image image = noise_image(16, 16, 4);
    Random random(5, Purpose::Test);
    int refused = 0;
    for (const char* extension : {".png", ".jpg", ".ppm"})
        for (int trial = 0; trial < 300; ++trial) {
            std::vector<uint8_t> bytes = encode_image(image, extension);
            for (int i = 0; i < 3; ++i) bytes[random.below(bytes.size())] ^= 1 << random.below(8);
            try {
                const Image read = decode_image(bytes, "damaged");
                ASSERT_EQ(read.rgb.size(), size_t{3} * read.width * read.height);
            } catch (const Error& error) {
                ++refused;
                EXPECT_TRUE(is_one_line(error.what()));
            }
        }
    EXPECT_GT(refused, 100);
}

TEST(DataImage, RefusesWhatIsNoPicture) {
    const TemporaryFolder folder;
    const auto message = [](std::string_view text) {
        return std::string(thrown_by<Error>([&] { decode_image(bytes_of(text), "x.jpg"); }).what());
    };
    EXPECT_TRUE(contains(message(""), "x.jpg: empty"));
    EXPECT_TRUE(contains(message("hello, world"), "x.jpg: it is a text"));
    EXPECT_TRUE(contains(message("P5\n1 1\n255"), "truncated"));
    EXPECT_TRUE(contains(message("P5\n1 1\n255xab"), "header is damaged"));
    EXPECT_TRUE(contains(message("P5\n2 2\n255\nabc"), "3 bytes of pixels found, 4 expected"));
    EXPECT_TRUE(contains(message("P5\n1 1\n65535\nab"), "values up to 65535, expected 255"));
    EXPECT_TRUE(contains(message("P5\n0 1\n255\nab"), "header is damaged"));
    EXPECT_TRUE(contains(message("P6\n99999 99999\n255\nab"), "declares 99999 x 99999"));
    EXPECT_TRUE(contains(message("P5\n99999999999999999999 1\n255\n"), "declares"));
    EXPECT_THROW(load_image(folder.path() / "absent.png"), Error);
    EXPECT_THROW(load_image(folder.path()), Error);
}

TEST(DataImage, RefusesToWriteUnknownFormatsAndPlaces) {
    const Image image = constant_image(2, 2, 9);
    EXPECT_THROW(encode_image(image, ".webp"), UsageError);
    EXPECT_THROW(encode_image(image, ".jpg", 0), UsageError);
    EXPECT_THROW(encode_image(Image{2, 2, {}}, ".png"), Error);
    EXPECT_THROW(save_image(image, "/nonexistent-folder/a.png"), Error);
}

TEST(DataImage, MirrorExchangesLeftAndRight) {
    const Image image = noise_image(5, 3, 6);
    const Image mirrored = mirror(image);
    for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 5; ++x)
            for (int c = 0; c < 3; ++c) EXPECT_EQ(mirrored.at(x, y)[c], image.at(4 - x, y)[c]);
    EXPECT_EQ(mirror(mirrored).rgb, image.rgb);
}

TEST(DataImage, CentreSquareCutsTheLongerAxis) {
    const Image wide = noise_image(9, 4, 7);
    const Image square = centre_square(wide);
    ASSERT_EQ(square.width, 4);
    ASSERT_EQ(square.height, 4);
    for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 4; ++x) EXPECT_EQ(square.at(x, y)[1], wide.at(x + 2, y)[1]);
    EXPECT_EQ(centre_square(noise_image(1, 5000, 7)).rgb.size(), 3u);
}

TEST(DataResize, AConstantPictureStaysConstant) {
    for (const int value : {0, 1, 127, 254, 255})
        for (const auto& [w, h] : {std::pair{1, 1}, {3, 200}, {64, 64}, {113, 7}})
            for (const int out : {1, 2, 50, 64, 301}) {
                const Image image = resize(constant_image(w, h, value), out, out + 1);
                ASSERT_EQ(image.width, out);
                ASSERT_EQ(image.height, out + 1);
                EXPECT_TRUE(std::ranges::all_of(image.rgb, [&](int v) { return v == value; }));
            }
}

TEST(DataResize, TheSameSizeIsTheSamePicture) {
    const Image image = noise_image(31, 17, 8);
    EXPECT_EQ(resize(image, 31, 17).rgb, image.rgb);
}

TEST(DataResize, AFineCheckerboardShrinksToGrey) {
    Image board = constant_image(120, 120, 0);
    for (int y = 0; y < 120; ++y)
        for (int x = 0; x < 120; ++x)
            std::fill_n(board.at(x, y), 3, static_cast<uint8_t>((x + y) % 2 * 255));
    for (const int size : {60, 40, 30, 17}) {
        const Image small = resize(board, size, size);
        for (int y = 2; y < size - 2; ++y)  // at the border the kernel is one-sided
            for (int x = 2; x < size - 2; ++x) EXPECT_NEAR(small.at(x, y)[0], 127.5, 4) << size;
    }
}

// A linear ramp is reproduced by Catmull-Rom, so it shows any shift of the sampling grid.
TEST(DataResize, KeepsPositions) {
    Image ramp = constant_image(100, 100, 0);
    for (int y = 0; y < 100; ++y)
        for (int x = 0; x < 100; ++x) {
            ramp.at(x, y)[0] = static_cast<uint8_t>(2 * x);
            ramp.at(x, y)[1] = static_cast<uint8_t>(2 * y);
        }
    for (const int size : {37, 50, 160}) {
        const Image scaled = resize(ramp, size, size);
        for (int i = size / 5; i < size - size / 5; ++i) {
            const double source = (i + 0.5) * 100 / size - 0.5;
            EXPECT_NEAR(scaled.at(i, size / 2)[0], 2 * source, 0.6) << size;
            EXPECT_NEAR(scaled.at(size / 2, i)[1], 2 * source, 0.6) << size;
        }
    }
}

TEST(DataResize, RefusesAnEmptyResult) {
    EXPECT_THROW(resize(constant_image(2, 2, 0), 0, 5), UsageError);
    EXPECT_THROW(resize(Image(), 5, 5), Error);
}

}  // namespace
}  // namespace facet
