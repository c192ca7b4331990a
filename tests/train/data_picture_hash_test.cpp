#include <algorithm>
#include <set>

#include "tests/train/data_fixture.h"
#include "train/data/dataset.h"
#include "train/data/picture_hash.h"

namespace facet::test {
namespace {

std::vector<uint64_t> numbers(uint64_t first, uint64_t count) {
    std::vector<uint64_t> hashes;
    for (uint64_t i = 0; i < count; ++i) hashes.push_back(name_hash(std::to_string(first + i)));
    return hashes;
}

}  // namespace

TEST(PictureHash, ChangesWithEveryPixelAndTheShape) {
    const Image image = noise_image(7, 5, 1);
    std::set<uint64_t> hashes{picture_hash(image)};
    for (size_t i = 0; i < image.rgb.size(); ++i) {
        Image changed = image;
        changed.rgb[i] ^= 1;
        EXPECT_TRUE(hashes.insert(picture_hash(changed)).second) << i;
    }
    EXPECT_TRUE(hashes.insert(picture_hash({5, 7, image.rgb})).second);
    EXPECT_EQ(picture_hash(image), picture_hash(noise_image(7, 5, 1)));
    EXPECT_EQ(picture_hashes(std::vector<Image>{image, image}),
              (std::vector<uint64_t>{picture_hash(image), picture_hash(image)}));
}

TEST(PictureHash, TheSamePictureIsFoundUnderAnyName) {
    const TemporaryFolder a, b;
    for (uint64_t i = 0; i < 4; ++i) {
        a.write(fmt::format("{:03}/{}.png", i / 2, i), noise_image(9, 9, i));
        b.write(fmt::format("{:03}/{}.png", i / 2, i), noise_image(9, 9, 100 + i));
    }
    b.write("someone/else.ppm", noise_image(9, 9, 3));
    const Dataset learned = load_data(a.path(), {.size = 8});
    const Dataset judged = load_data(b.path(), {.size = 8});
    const Overlap found =
        overlap(trained_on(learned.hashes, learned.people), judged.hashes, judged.people);
    EXPECT_EQ(found.names, 2);  // 000 and 001 are other people here
    EXPECT_EQ(found.of_names, 3);
    EXPECT_EQ(found.pictures, 1);
    EXPECT_EQ(found.of_pictures, 5);
    EXPECT_EQ(to_string(found),
              "1 of 5 pictures and 2 of 3 names of people in common with training");
}

TEST(PictureHash, ASetComesBackFromItsText) {
    for (const uint64_t count : {0, 1, 1000}) {
        const HashSet set(numbers(0, count));
        const auto back = HashSet::from_text(set.text());
        ASSERT_TRUE(back.has_value()) << set.text();
        EXPECT_EQ(back->text(), set.text());
        EXPECT_EQ(back->count(), static_cast<int64_t>(count));
        EXPECT_EQ(back->common(numbers(0, 2000)), static_cast<int64_t>(count));
    }
    EXPECT_EQ(HashSet({3, 1, 3}).text(), "2 00000000000000010000000000000003");
    for (const char* bad : {"", "x", "1 0", "1 000000000000000g", "0 0000000000000001",
                            "2 00000000000000030000000000000001"})
        EXPECT_FALSE(HashSet::from_text(bad)) << bad;
}

// A part of both sets says how much they have in common.
TEST(PictureHash, OfALargeSetAPartIsKeptAndSaysWhich) {
    const HashSet whole(numbers(0, 40'000)), part(numbers(0, 40'000), 4'000);
    EXPECT_EQ(whole.known(), 1);
    EXPECT_EQ(part.count(), 40'000);
    EXPECT_NEAR(part.known(), 0.1, 0.01);
    EXPECT_EQ(part.common(numbers(0, 40'000)), 4'000);
    EXPECT_EQ(part.common(numbers(40'000, 40'000)), 0);
    EXPECT_NEAR(static_cast<double>(part.common(numbers(0, 20'000))), 2'000, 200);
}

}  // namespace facet::test
