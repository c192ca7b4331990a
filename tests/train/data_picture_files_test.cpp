#include "tests/train/data_fixture.h"
#include "train/data/picture_files.h"
#include "train/embed.h"

namespace facet::test {

TEST(PictureFiles, OneRuleSaysWhatAPictureIs) {
    for (const char* name : {"a.jpg", "a.JPG", "a.jpeg", "a.Png", "a.pgm", "x/a.ppm"})
        EXPECT_TRUE(is_picture_name(name)) << name;
    for (const char* name : {"a", "a.txt", ".a.jpg", "jpg", ".jpg", "a.jpg.txt", "a.gif"})
        EXPECT_FALSE(is_picture_name(name)) << name;
}

// What train reads from a folder, pairs find there: whatever the format and the case of its name.
TEST(PictureFiles, PairsFindWhatTrainingReads) {
    const TemporaryFolder folder;
    const std::vector<std::string> pictures = {"Ann/Ann_0001.png", "Ann/Ann_0002.JPG",
                                               "Bob/Bob_0001.jpeg", "Bob/Bob_0002.ppm"};
    for (size_t i = 0; i < pictures.size(); ++i) folder.write(pictures[i], noise_image(8, 8, i));
    const auto list =
        folder.write("pairs.txt", "2\nAnn\t1\t2\nBob\t1\t2\nAnn\t1\tBob\t1\nAnn\t2\tBob\t2\n");
    const EvalSet set = load_pairs(folder.path(), list, 8);
    const Dataset data = load_data(folder.path(), {.size = 8});
    EXPECT_EQ(set.files, pictures);
    EXPECT_EQ(set.hashes, data.hashes);
    EXPECT_EQ(set.people, data.people);
}

TEST(PictureFiles, TwoPicturesOfOneNumberAreRefused) {
    const TemporaryFolder folder;
    folder.write("Ann/Ann_0001.png", noise_image(8, 8, 1));
    folder.write("Ann/Ann_0001.jpg", noise_image(8, 8, 2));
    folder.write("Ann/Ann_0002.jpg", noise_image(8, 8, 3));
    const auto by_number = folder.write("lfw.txt", "1\nAnn\t1\t2\nAnn\t1\tBob\t1\n");
    const auto by_path = folder.write("paths.txt", "Ann/Ann_0001.jpg Ann/Ann_0002.jpg 1\n");
    const auto error =
        thrown_by<UnreadablePictures>([&] { load_pairs(folder.path(), by_number, 8); });
    EXPECT_TRUE(contains(error.what(), "2 of the 3 pictures")) << error.what();
    EXPECT_TRUE(contains(error.what(), "Ann_0001.jpg or Ann_0001.png?")) << error.what();
    ASSERT_EQ(error.files().size(), 2u);
    EXPECT_TRUE(contains(error.files()[1].reason, "Bob_0001.jpg: no such file"));
    EXPECT_EQ(load_pairs(folder.path(), by_path, 8).files[0], "Ann/Ann_0001.jpg");
}

}  // namespace facet::test
