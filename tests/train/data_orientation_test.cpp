// EXIF orientations, against the definition: which visual sides the stored first row and first
// column lie on (Exif 2.3, 4.6.4).
#include <algorithm>
#include <array>

#include "tests/train/data_fixture.h"
#include "tests/train/jpeg_fixture.h"
#include "tests/train/png_fixture.h"
#include "train/data/orientation.h"

namespace facet {
namespace {

using namespace test;

enum class Side { Top, Bottom, Left, Right };

struct Definition {
    int orientation;
    Side first_row, first_column;
};

constexpr Definition kDefinitions[] = {
    {1, Side::Top, Side::Left},     {2, Side::Top, Side::Right},   {3, Side::Bottom, Side::Right},
    {4, Side::Bottom, Side::Left},  {5, Side::Left, Side::Top},    {6, Side::Right, Side::Top},
    {7, Side::Right, Side::Bottom}, {8, Side::Left, Side::Bottom},
};

Image seen(const Image& stored, const Definition& definition) {
    const bool on_its_side =
        definition.first_row == Side::Left || definition.first_row == Side::Right;
    Image image = constant_image(on_its_side ? stored.height : stored.width,
                                 on_its_side ? stored.width : stored.height, 0);
    for (int row = 0; row < stored.height; ++row)
        for (int column = 0; column < stored.width; ++column) {
            int x = 0, y = 0;
            const auto place = [&](Side side, int distance) {
                if (side == Side::Top) y = distance;
                if (side == Side::Bottom) y = image.height - 1 - distance;
                if (side == Side::Left) x = distance;
                if (side == Side::Right) x = image.width - 1 - distance;
            };
            place(definition.first_row, row);
            place(definition.first_column, column);
            std::copy_n(stored.at(column, row), 3, image.at(x, y));
        }
    return image;
}

// A TIFF directory with a camera's name and the orientation, SHORT or LONG.
Bytes exif_block(int orientation, bool little_endian, int type = 3) {
    Bytes block = bytes_from(little_endian ? "II" : "MM");
    const auto put = [&](uint32_t value, int size) {
        for (int i = 0; i < size; ++i) {
            const int shift = 8 * (little_endian ? i : size - 1 - i);
            block.push_back(static_cast<uint8_t>(value >> shift));
        }
    };
    put(42, 2);
    put(12, 4);  // the directory's place, behind four bytes of something else
    put(0x11223344, 4);
    put(2, 2);
    for (const auto& [tag, kind, count] : {std::array{0x010F, 2, 4}, {0x0112, type, 1}}) {
        put(tag, 2);
        put(kind, 2);
        put(count, 4);
        if (tag == 0x0112) {
            put(orientation, type == 3 ? 2 : 4);
            if (type == 3) put(0, 2);
        } else {
            put(0x41414100, 4);
        }
    }
    put(0, 4);
    return block;
}

Bytes with_exif(const Bytes& jpeg, const Bytes& block) {
    Bytes content = bytes_from(std::string_view("Exif\0\0", 6));
    append(content, block);
    return with_segment(jpeg, jpeg_segment(0xE1, content));
}

std::vector<int> samples(const Image& image) { return {image.rgb.begin(), image.rgb.end()}; }

TEST(DataOrientation, AllEightAreAppliedInBothByteOrders) {
    const Image picture = gradient_image(24, 16);
    const Bytes jpeg = encode_image(picture, ".jpg");
    const Image stored_jpeg = decode_image(jpeg, "stored");
    const PngKind kind{24, 16};
    for (const Definition& definition : kDefinitions)
        for (const bool little : {true, false})
            for (const int type : {3, 4}) {
                const Bytes block = exif_block(definition.orientation, little, type);
                const Bytes chunk = png_chunk("eXIf", block);
                EXPECT_EQ(decode_image(with_exif(jpeg, block), "jpeg").rgb,
                          seen(stored_jpeg, definition).rgb)
                    << definition.orientation;
                for (const Bytes& png : {make_png(kind, samples(picture), chunk),
                                         make_png(kind, samples(picture), {}, chunk)}) {
                    const Image read = decode_image(png, "png");
                    const Image expected = seen(picture, definition);
                    EXPECT_EQ(read.width, expected.width) << definition.orientation;
                    EXPECT_EQ(read.height, expected.height) << definition.orientation;
                    EXPECT_EQ(read.rgb, expected.rgb) << definition.orientation;
                }
            }
}

TEST(DataOrientation, ABlockThatNamesNoneLeavesThePictureAsItIsStored) {
    const Bytes jpeg = encode_image(gradient_image(24, 16), ".jpg");
    const Image stored = decode_image(jpeg, "stored");
    for (const int orientation : {0, 9, 255, 65535})
        EXPECT_EQ(decode_image(with_exif(jpeg, exif_block(orientation, true)), "x").rgb,
                  stored.rgb);
    const Bytes other_type = exif_block(6, true, 2);
    EXPECT_EQ(decode_image(with_exif(jpeg, other_type), "x").rgb, stored.rgb);
    // APP1 holds XMP too.
    EXPECT_EQ(
        decode_image(with_segment(jpeg, jpeg_segment(0xE1, bytes_from("http://ns.adobe.com"))), "x")
            .rgb,
        stored.rgb);
}

TEST(DataOrientation, ADamagedBlockNeverHurts) {
    for (const bool little : {true, false}) {
        const Bytes block = exif_block(6, little);
        for (size_t size = 0; size < block.size(); ++size) {
            const int orientation = exif_orientation(std::span(block).first(size));
            EXPECT_TRUE(orientation == 1 || (orientation == 6 && size >= 36)) << size;
        }
        for (size_t at = 0; at < block.size(); ++at)
            for (const int value : {0x00, 0x7F, 0xFF}) {
                Bytes damaged = block;
                damaged[at] = static_cast<uint8_t>(value);
                const int orientation = exif_orientation(damaged);
                EXPECT_TRUE(orientation >= 1 && orientation <= 8) << at;
            }
    }
}

TEST(DataOrientation, AWrittenPictureIsNotTurnedAgain) {
    const TemporaryFolder folder;
    const Image picture = noise_image(9, 5, 3);
    const Image turned = decode_image(
        make_png({9, 5}, samples(picture), png_chunk("eXIf", exif_block(6, false))), "turned");
    ASSERT_EQ(turned.width, 5);
    for (const char* name : {"a.png", "a.ppm"})
        EXPECT_EQ(load_image(folder.write(name, turned)).rgb, turned.rgb);
    EXPECT_EQ(load_image(folder.write("a.jpg", turned)).width, 5);
}

}  // namespace
}  // namespace facet
