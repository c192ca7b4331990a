// JPEGs: which colours their samples are, and the kinds that are refused by name.
#include <algorithm>

#include "tests/train/data_fixture.h"
#include "tests/train/jpeg_fixture.h"
#include "train/data/jpeg_checks.h"

namespace facet {
namespace {

using namespace test;

std::string refusal(const Bytes& bytes) {
    const auto error = thrown_by<Error>([&] { decode_image(bytes, "x.jpg"); });
    EXPECT_TRUE(is_one_line(error.what()));
    return error.what();
}

void expect_colour(const FlatJpeg& kind, int r, int g, int b) {
    const Image image = decode_image(flat_jpeg(kind), "x.jpg");
    ASSERT_EQ(image.width, 8);
    for (int i = 0; i < 64; ++i) {
        EXPECT_NEAR(image.rgb[3 * i], r, 2);
        EXPECT_NEAR(image.rgb[3 * i + 1], g, 2);
        EXPECT_NEAR(image.rgb[3 * i + 2], b, 2);
    }
}

// (R, G, B) = (200, 100, 50) is (Y, Cb, Cr) = (124, 86, 182).
TEST(DataJpeg, ColoursAreWhatTheMarkersAndNamesSay) {
    const std::vector<int> rgb{200, 100, 50}, ycc{124, 86, 182};
    const Bytes jfif = jfif_segment();
    expect_colour({{77}, {}, {}}, 77, 77, 77);
    expect_colour({ycc, {}, {}}, 200, 100, 50);
    expect_colour({ycc, {}, jfif}, 200, 100, 50);
    expect_colour({ycc, {0, 1, 2}, {}}, 200, 100, 50);
    expect_colour({ycc, {}, adobe_segment(1)}, 200, 100, 50);
    expect_colour({rgb, {}, adobe_segment(0)}, 200, 100, 50);
    expect_colour({rgb, {'R', 'G', 'B'}, {}}, 200, 100, 50);
    expect_colour({rgb, {'R', 'G', 'B'}, adobe_segment(0)}, 200, 100, 50);
    Bytes both = jfif;  // JFIF is always YCbCr
    const Bytes adobe = adobe_segment(0);
    both.insert(both.end(), adobe.begin(), adobe.end());
    expect_colour({ycc, {}, both}, 200, 100, 50);
}

// Adobe stores the complements of inks: the colour is c k / 255. YCCK holds the inks' YCbCr.
TEST(DataJpeg, InksAreTakenAsAdobeStoresThem) {
    expect_colour({{200, 100, 50, 255}, {}, adobe_segment(0)}, 200, 100, 50);
    expect_colour({{200, 100, 50, 128}, {}, adobe_segment(0)}, 100, 50, 25);
    expect_colour({{131, 170, 74, 255}, {}, adobe_segment(2)}, 200, 100, 50);
    expect_colour({{131, 170, 74, 128}, {}, adobe_segment(2)}, 100, 50, 25);
}

TEST(DataJpeg, ColoursThatNothingNamesAreRefused) {
    EXPECT_TRUE(contains(refusal(flat_jpeg({{1, 2, 3, 4}, {}, {}})),
                         "4 components without the Adobe marker"));
    EXPECT_TRUE(contains(refusal(flat_jpeg({{1, 2, 3, 4}, {}, adobe_segment(1)})),
                         "4 components with Adobe's colour transform 1"));
    EXPECT_TRUE(contains(refusal(flat_jpeg({{1, 2}, {}, {}})), "a JPEG of 2 components"));
    EXPECT_TRUE(contains(refusal(flat_jpeg({{1, 2, 3}, {'R', 'G', 'B'}, jfif_segment()})),
                         "called R, G and B beside a JFIF marker"));
    EXPECT_TRUE(contains(refusal(flat_jpeg({{1, 2, 3}, {'R', 'G', 'B'}, adobe_segment(1)})),
                         "called R, G and B beside an Adobe marker"));
}

TEST(DataJpeg, KindsThatAreNotReadAreNamed) {
    const auto kind = [](FlatJpeg jpeg) {
        jpeg.samples = {124, 86, 182};
        return refusal(flat_jpeg(jpeg));
    };
    for (const int frame : {0xC9, 0xCA, 0xCB})
        EXPECT_TRUE(
            contains(kind({.frame = frame}), "an arithmetic-coded JPEG, which is not read"));
    EXPECT_TRUE(contains(kind({.frame = 0xC3}), "a lossless JPEG"));
    for (const int frame : {0xC5, 0xC6, 0xC7})
        EXPECT_TRUE(contains(kind({.frame = frame}), "a hierarchical JPEG"));
    EXPECT_TRUE(contains(kind({.frame = 0xCD}), "a hierarchical, arithmetic-coded JPEG"));
    EXPECT_TRUE(contains(kind({.markers = jpeg_segment(0xDE, Bytes(15))}), "a hierarchical JPEG"));
    EXPECT_TRUE(contains(kind({.frame = 0xF7}), "a JPEG-LS"));
    EXPECT_TRUE(contains(kind({.frame = 0xC1, .bits = 12}), "a JPEG of 12 bits a sample"));
    EXPECT_TRUE(contains(kind({.height = 0}), "whose height only its end tells"));
    EXPECT_TRUE(contains(kind({.width = 65500, .height = 65500}), "declares 65500 x 65500 pixels"));
    EXPECT_TRUE(contains(kind({.width = 0}), "declares 0 x 8 pixels"));
    EXPECT_TRUE(contains(kind({.sampling = 0x10}), "sampling factors 1 x 0"));
}

TEST(DataJpeg, SamplingThatIsNoWholeRatioIsNamed) {
    Bytes jpeg = flat_jpeg({{124, 86, 182}, {}, {}, 0xC0, 8, 8, 8, 0x31});
    const uint8_t second[] = {2, 0x11, 0};
    *(std::search(jpeg.begin(), jpeg.end(), std::begin(second), std::end(second)) + 1) = 0x21;
    EXPECT_TRUE(contains(refusal(jpeg), "samples a component 2 x 1 times in 3 x 1"));
}

TEST(DataJpeg, AComponentWithoutAScanIsDamage) {
    Bytes jpeg = flat_jpeg({{124, 86, 182}, {}, {}});
    const uint8_t scan[] = {3, 1, 0, 2, 0, 3, 0, 0, 63};
    *(std::search(jpeg.begin(), jpeg.end(), std::begin(scan), std::end(scan)) + 5) = 2;
    EXPECT_TRUE(contains(refusal(jpeg), "component 3 of 3 has no scan"));
    EXPECT_TRUE(contains(refusal({0xFF, 0xD8}), "a JPEG without a frame"));
}

TEST(DataJpeg, RefusesAnOverfullHuffmanTable) {
    Bytes bytes = encode_image(noise_image(16, 16, 4), ".jpg");
    const uint8_t dht[] = {0xFF, 0xC4};
    const auto segment = std::search(bytes.begin(), bytes.end(), std::begin(dht), std::end(dht));
    ASSERT_NE(segment, bytes.end());
    std::fill_n(segment + 5, 16, 200);  // the number of codes of each length
    EXPECT_TRUE(contains(refusal(bytes), "a Huffman table of 3200 codes"));
}

// Behind the pixels, where the file ends within the numbers of codes.
TEST(DataJpeg, RefusesAHuffmanTableThatIsCutOff) {
    Bytes bytes = encode_image(noise_image(16, 16, 4), ".jpg");
    bytes.resize(bytes.size() - 2);
    for (const uint8_t byte : {0xFF, 0xC4, 0, 0x14, 0x10, 0, 0, 0, 250, 250, 250})
        bytes.push_back(byte);
    EXPECT_TRUE(contains(refusal(bytes), "truncated in a Huffman table"));
}

TEST(DataJpeg, WithoutItsEndMarkerItIsTruncated) {
    Bytes bytes = encode_image(gradient_image(16, 16), ".jpg");
    bytes.resize(bytes.size() - 2);
    EXPECT_TRUE(contains(refusal(bytes), "truncated, a JPEG without its end marker"));
    bytes.push_back(0xFF);
    EXPECT_TRUE(contains(refusal(bytes), "truncated, a JPEG without its end marker"));
}

TEST(DataJpeg, WhatIsBehindTheEndIsIgnored) {
    Bytes bytes = encode_image(gradient_image(16, 16), ".jpg");
    const Image expected = decode_image(bytes, "x");
    bytes.insert(bytes.end(), 1000, 0xC9);
    EXPECT_EQ(decode_image(bytes, "x").rgb, expected.rgb);
}

}  // namespace
}  // namespace facet
