// What is no picture that is read, is called by its name.
#include "tests/train/data_fixture.h"
#include "train/data/picture_formats.h"

namespace facet {
namespace {

using namespace test;
using namespace std::string_view_literals;

TEST(DataFormats, WhatIsNotReadIsNamedWithWhatToDo) {
    const std::pair<std::string_view, const char*> kinds[] = {
        {"GIF89a\x01\0\x01\0"sv, "a GIF picture"},
        {"GIF87a", "a GIF picture"},
        {"RIFF\x24\0\0\0WEBPVP8 "sv, "a WebP picture"},
        {"\0\0\0\x1c"
         "ftypavif\0\0"sv,
         "an AVIF picture"},
        {"\0\0\0\x18"
         "ftypheic\0\0"sv,
         "a HEIC picture"},
        {"\0\0\0\x18"
         "ftypmif1\0\0"sv,
         "a HEIF picture"},
        {"\0\0\0\x18"
         "ftypisom\0\0"sv,
         "a film"},
        {"II*\0\x08\0\0\0"sv, "a TIFF"},
        {"MM\0*\0\0\0\x08"sv, "a TIFF"},
        {"\0\0\0\x0cjP  \r\n\x87\n"sv, "a JPEG 2000 picture"},
        {"\xff\x4f\xff\x51\0"sv, "a JPEG 2000 picture"},
        {"\0\0\0\x0cJXL \r\n\x87\n"sv, "a JPEG XL picture"},
        {"\xff\x0a\x7f", "a JPEG XL picture"},
        {"BM6\0\0\0"sv, "a BMP picture"},
        {"8BPS\0\x01"sv, "a Photoshop file"},
        {"#?RADIANCE\n", "a Radiance HDR picture"},
        {"P2\n2 2\n255\n0 0 0 0\n", "a PNM picture of another kind"},
        {"P4\n2 2\n"sv, "a PNM picture of another kind"},
        {"\n <!DOCTYPE HTML PUBLIC>\n<html>", "a page of HTML"},
        {"\xef\xbb\xbf<html lang=en>\xe2\x80\xa6", "a page of HTML"},
        {"<?xml version=\"1.0\"?><svg>", "an SVG drawing"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "Git LFS"},
        {"/annex/objects/SHA256E-s3--00.jpg\n", "git-annex"},
        {"{\"error\": \"rate limit\"}", "a text"},
        {"\0\0\0\0\0\0\0\0\0\0\0\0"sv, "nothing but zero bytes"},
        {"\x93NUMPY\x01", "a NumPy array"},
        {"PK\x03\x04", "a ZIP archive"},
        {"%PDF-1.7", "a PDF document"},
        {"\x80\x81\x82\x83\x84", "no kind that is known"},
    };
    for (const auto& [bytes, name] : kinds) {
        const auto error = thrown_by<Error>([&, bytes = bytes] {
            decode_image({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "x.jpg");
        });
        EXPECT_TRUE(contains(error.what(), name)) << name << ": " << error.what();
        EXPECT_TRUE(contains(error.what(), "expected a JPEG, a PNG or a binary PGM/PPM")) << name;
        EXPECT_TRUE(is_one_line(error.what())) << name;
        EXPECT_TRUE(is_one_line(error.hint())) << name;
    }
}

TEST(DataFormats, AnEmptyFileIsCalledOne) {
    const auto error = thrown_by<Error>([] { decode_image({}, "x.jpg"); });
    EXPECT_TRUE(contains(error.what(), "x.jpg: empty file")) << error.what();
    EXPECT_TRUE(contains(error.hint(), "fetch the picture again")) << error.hint();
}

// A name says nothing: people rename what they cannot open.
TEST(DataFormats, TheContentDecidesNotTheName) {
    const TemporaryFolder folder;
    const Image image = noise_image(5, 4, 1);
    const auto png = encode_image(image, ".png");
    const auto path =
        folder.write("a.jpg", {reinterpret_cast<const char*>(png.data()), png.size()});
    EXPECT_EQ(load_image(path).rgb, image.rgb);
}

}  // namespace
}  // namespace facet
