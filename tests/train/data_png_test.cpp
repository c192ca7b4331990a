// PNGs: every kind is decoded to what it means, every damage is found.
#include <algorithm>

#include "tests/train/data_fixture.h"
#include "tests/train/png_fixture.h"
#include "train/data/png_checks.h"

namespace facet {
namespace {

using namespace test;

std::string refusal(const Bytes& bytes) {
    const auto error = thrown_by<Error>([&] { decode_image(bytes, "x.png"); });
    return fmt::format("{} | {}", error.what(), error.hint());
}

std::vector<int> random_samples(const PngKind& kind, uint64_t seed) {
    Random random(seed, Purpose::Test);
    std::vector<int> samples(size_t(kind.width) * kind.height * samples_of(kind.colour));
    for (int& sample : samples) sample = static_cast<int>(random.below(1u << kind.depth));
    return samples;
}

constexpr int kPaletteSize = 5;

Bytes palette() {
    Bytes colours;
    for (int i = 0; i < 3 * kPaletteSize; ++i) colours.push_back(static_cast<uint8_t>(16 * i + 3));
    return colours;
}

// What the samples of one pixel mean in 8-bit RGB.
std::array<uint8_t, 3> meaning(const PngKind& kind, const int* samples) {
    const auto eight_bits = [&](int value) {
        return static_cast<uint8_t>(kind.depth == 16 ? value >> 8
                                                     : value * 255 / ((1 << kind.depth) - 1));
    };
    if (kind.colour == 3) {
        if (samples[0] >= kPaletteSize) return {0, 0, 0};
        const Bytes colours = palette();
        return {colours[3 * samples[0]], colours[3 * samples[0] + 1], colours[3 * samples[0] + 2]};
    }
    const bool grey = kind.colour == 0 || kind.colour == 4;
    return {eight_bits(samples[0]), eight_bits(samples[grey ? 0 : 1]),
            eight_bits(samples[grey ? 0 : 2])};
}

TEST(DataPng, EveryKindIsDecodedToWhatItMeans) {
    const std::pair<int, std::vector<int>> kinds[] = {
        {0, {1, 2, 4, 8, 16}}, {2, {8, 16}}, {3, {1, 2, 4, 8}}, {4, {8, 16}}, {6, {8, 16}}};
    for (const auto& [colour, depths] : kinds)
        for (const int depth : depths)
            for (const bool interlaced : {false, true})
                for (const bool transparent : {false, true})
                    for (const auto& [w, h] : {std::pair{1, 1}, {11, 9}, {2, 17}}) {
                        if (transparent && colour >= 4) continue;
                        const PngKind kind{w, h, depth, colour, interlaced};
                        const std::vector<int> samples = random_samples(kind, 1);
                        Bytes before;
                        if (colour == 3) append(before, png_chunk("PLTE", palette()));
                        if (transparent)
                            append(before, png_chunk("tRNS", Bytes(colour == 3   ? 2
                                                                   : colour == 0 ? 2
                                                                                 : 6)));
                        const Image read = decode_image(make_png(kind, samples, before), "x.png");
                        ASSERT_EQ(read.width, w);
                        ASSERT_EQ(read.height, h);
                        const int n = samples_of(colour);
                        for (int i = 0; i < w * h; ++i) {
                            const auto expected = meaning(kind, &samples[size_t(i) * n]);
                            for (int c = 0; c < 3; ++c)
                                ASSERT_EQ(read.rgb[3 * i + c], expected[c])
                                    << "colour " << colour << ", " << depth << " bits, interlaced "
                                    << interlaced << ", pixel " << i;
                        }
                    }
}

// Deflated and stored: a stored picture inflates whatever its pixels are changed to.
TEST(DataPng, EverySingleBitThatFlipsIsFound) {
    const PngKind kind{9, 7};
    for (const int level : {0, 6}) {
        const Bytes whole = make_png(kind, random_samples(kind, 2), {}, {}, level);
        ASSERT_EQ(decode_image(whole, "whole").width, 9);
        for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
            Bytes damaged = whole;
            damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
            EXPECT_THROW(decode_image(damaged, "x"), Error) << "level " << level << ", bit " << bit;
        }
    }
}

TEST(DataPng, AHoleOfZerosIsFound) {
    const PngKind kind{64, 64};
    for (const int level : {0, 6}) {
        Bytes damaged = make_png(kind, random_samples(kind, 3), {}, {}, level);
        ASSERT_GT(damaged.size(), 8192u);
        std::fill_n(damaged.begin() + 3000, 4096, 0);
        EXPECT_TRUE(contains(refusal(damaged), "damaged, chunk IDAT at byte 33 has the checksum"))
            << refusal(damaged);
    }
}

TEST(DataPng, TheChecksumOfThePixelsIsCompared) {
    const PngKind kind{9, 7};
    Bytes stream = zlib_stream(png_lines(kind, random_samples(kind, 4)), 6);
    stream.back() ^= 1;
    Bytes png = png_head(kind);
    append(png, png_chunk("IDAT", stream));
    append(png, png_chunk("IEND", {}));
    EXPECT_TRUE(contains(refusal(png), "damaged pixels: incorrect data check")) << refusal(png);
}

TEST(DataPng, PixelsMayComeInPiecesAndWithMoreBehindThem) {
    const PngKind kind{9, 7};
    Bytes lines = png_lines(kind, random_samples(kind, 5));
    const Image expected = decode_image(make_png(kind, random_samples(kind, 5)), "whole");
    lines.resize(lines.size() + 100'000);
    const Bytes stream = zlib_stream(lines, 6);
    Bytes png = png_head(kind);
    append(png, png_chunk("IDAT", {}));
    for (size_t i = 0; i < stream.size(); ++i) append(png, png_chunk("IDAT", {stream[i]}));
    append(png, png_chunk("IEND", {}));
    append(png, bytes_from("what a phone puts behind the picture"));
    EXPECT_EQ(decode_image(png, "x").rgb, expected.rgb);
}

TEST(DataPng, EveryTruncationIsFound) {
    const PngKind kind{9, 7};
    const Bytes whole = make_png(kind, random_samples(kind, 6));
    for (size_t size = 0; size < whole.size(); ++size)
        EXPECT_THROW(decode_image(std::span(whole).first(size), "x"), Error) << size;
    Bytes without_end(whole.begin(), whole.end() - 12);
    EXPECT_TRUE(contains(refusal(without_end), "a PNG ends with IEND")) << refusal(without_end);
}

TEST(DataPng, WhatIsNotReadIsNamed) {
    const PngKind kind{3, 2};
    const std::vector<int> samples = random_samples(kind, 7);
    Bytes apple = make_png(kind, samples);
    const Bytes chunk = png_chunk("CgBI", {0x50, 0, 0x20, 2});
    apple.insert(apple.begin() + 8, chunk.begin(), chunk.end());
    EXPECT_TRUE(contains(refusal(apple), "a PNG of Apple's own kind (CgBI)"));
    EXPECT_TRUE(contains(refusal(apple), "-revert-iphone-optimizations"));
    EXPECT_TRUE(
        contains(refusal(make_png(kind, samples, png_chunk("ABCD", {}))), "needs the chunk ABCD"));
    EXPECT_TRUE(
        contains(refusal(make_png({3, 2, 4, 2}, std::vector<int>(18))), "colour type 2 of 4 bits"));
    EXPECT_TRUE(contains(refusal(make_png({3, 2, 8, 3}, samples)), "palette is missing"));
    EXPECT_TRUE(contains(refusal(make_png({0, 2}, {})), "declares 0 x 2 pixels"));
    Bytes text = make_png(kind, samples);
    text.erase(text.begin() + 4);  // the carriage return of \r\n
    EXPECT_TRUE(contains(refusal(text), "transfers as text"));
}

TEST(DataPng, SizesAreNotBelieved) {
    Bytes huge = png_head({99'999, 99'999});
    append(huge, png_chunk("IEND", {}));
    EXPECT_TRUE(contains(refusal(huge), "declares 99999 x 99999")) << refusal(huge);
    Bytes png = png_head({8000, 8000});
    append(png, png_chunk("IDAT", zlib_stream({0, 1, 2}, 6)));
    append(png, png_chunk("IEND", {}));
    EXPECT_TRUE(contains(refusal(png), "cannot hold 8000 x 8000 pixels")) << refusal(png);
}

}  // namespace
}  // namespace facet
