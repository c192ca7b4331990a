#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/train/data_fixture.h"
#include "train/data/dataset.h"
#include "train/data/people_list.h"

namespace facet {
namespace {

using namespace test;

// people[i] gets counts[i] images of 12 x 10 pixels.
void write_people(const TemporaryFolder& folder, const std::vector<std::string>& people,
                  const std::vector<int>& counts) {
    uint64_t seed = 0;
    for (size_t i = 0; i < people.size(); ++i)
        for (int k = 0; k < counts[i]; ++k)
            folder.write(fmt::format("{}/{:04}.ppm", people[i], k), noise_image(12, 10, ++seed));
}

Dataset load(const TemporaryFolder& folder, DataOptions options = {}) {
    if (options.size == 112) options.size = 8;
    return load_data(folder.path(), options);
}

std::vector<std::string> reasons_of(const Dataset& data) {
    std::vector<std::string> reasons;
    for (const LeftOut& one : data.left_out) reasons.push_back(to_string(one));
    return reasons;
}

DataOptions with_list(const std::filesystem::path& list) {
    DataOptions options;
    options.people_list = list;
    return options;
}

TEST(DataFolder, LabelsFollowTheSortedNames) {
    const TemporaryFolder folder;
    write_people(folder, {"zoe", "Ann", "bob"}, {1, 2, 1});
    const Dataset data = load(folder);
    EXPECT_EQ(data.people, (std::vector<std::string>{"Ann", "bob", "zoe"}));
    EXPECT_EQ(data.labels, (std::vector<int32_t>{0, 0, 1, 2}));
    EXPECT_EQ(data.files, (std::vector<std::string>{"Ann/0000.ppm", "Ann/0001.ppm", "bob/0000.ppm",
                                                    "zoe/0000.ppm"}));
    EXPECT_TRUE(data.skipped.empty());
    EXPECT_TRUE(data.warnings.empty());
    EXPECT_TRUE(data.left_out.empty());
    EXPECT_EQ(data.size, 8);
    for (const Image& image : data.images) {
        EXPECT_EQ(image.width, 8);
        EXPECT_EQ(image.height, 8);
    }
}

TEST(DataFolder, ImagesAreCroppedAndResized) {
    const TemporaryFolder folder;
    const Image image = noise_image(31, 20, 1);
    folder.write("a/1.png", image);
    folder.write("a/2.png", constant_image(1, 300, 77));
    const Dataset data = load(folder);
    EXPECT_EQ(data.images[0].rgb, resize(centre_square(image), 8, 8).rgb);
    EXPECT_EQ(data.images[1].rgb, constant_image(8, 8, 77).rgb);
}

TEST(DataFolder, ReadsEveryFormatAndIgnoresOtherFiles) {
    const TemporaryFolder folder;
    for (const char* name : {"a/1.png", "a/2.JPG", "a/3.jpeg", "a/4.ppm"})
        folder.write(name, gradient_image(9, 9));
    folder.write("b/1.pgm", "P5\n1 1\n255\n@");
    folder.write("a/notes.txt", "not an image");
    folder.write("a/.hidden.jpg", "not an image");
    folder.write(".cache/x.jpg", "not an image");
    folder.write("README", "not an image");
    std::filesystem::create_directory(folder.path() / "nobody");
    const Dataset data = load(folder);
    EXPECT_EQ(data.images.size(), 5u);
    EXPECT_EQ(data.people.size(), 2u);
    EXPECT_EQ(
        reasons_of(data),
        (std::vector<std::string>{
            "1 folder: hidden, first .cache",
            "2 files: not .jpg, .png, .pgm or .ppm by their names, first README",
            "1 file: hidden, first a/.hidden.jpg", "1 folder: without a picture, first nobody"}));
}

// Whatever a folder holds is either in the data set or counted.
TEST(DataFolder, NothingVanishesUnmentioned) {
    const TemporaryFolder folder;
    write_people(folder, {"a", "b", "once", "other"}, {3, 2, 1, 2});
    const Image picture = constant_image(4, 4, 1);
    for (const char* name : {"a/more/1.png", "a/more/deeper/2.JPG", "b/more/3.png", "root.png"})
        folder.write(name, picture);
    DataOptions options = with_list(folder.write("list.txt", "a\t3\nb\t2\nonce\t1\n"));
    options.min_images = 2;
    const Dataset data = load(folder, options);
    EXPECT_EQ(data.images.size(), 5u);
    EXPECT_EQ(reasons_of(data),
              (std::vector<std::string>{
                  "3 images: in a folder within a person's, first a/more/1.png",
                  "1 file: not .jpg, .png, .pgm or .ppm by their names, first list.txt",
                  "1 image: directly in the folder, not in a person's, first root.png",
                  "1 person (2 images): not in the list " + (folder.path() / "list.txt").string() +
                      ", first other",
                  "1 person (1 image): fewer than 2 images, first once"}));
    EXPECT_EQ(to_json(data.left_out)[0]["count"], 3);
    EXPECT_EQ(to_json(data.left_out)[4]["people"], 1);
}

TEST(DataFolder, ThreadsDoNotChangeTheData) {
    const TemporaryFolder folder;
    write_people(folder, {"a", "b", "c"}, {30, 7, 25});
    DataOptions options;
    options.threads = 1;
    const Dataset one = load(folder, options);
    options.threads = 3;
    const Dataset three = load(folder, options);
    EXPECT_EQ(one.labels, three.labels);
    EXPECT_EQ(one.files, three.files);
    for (size_t i = 0; i < one.images.size(); ++i)
        EXPECT_EQ(one.images[i].rgb, three.images[i].rgb);
    EXPECT_EQ(data_hash(one), data_hash(three));
}

TEST(DataFolder, MinImagesLeavesPeopleOut) {
    const TemporaryFolder folder;
    write_people(folder, {"a", "b", "c"}, {1, 3, 2});
    DataOptions options;
    options.min_images = 2;
    const Dataset data = load(folder, options);
    EXPECT_EQ(data.people, (std::vector<std::string>{"b", "c"}));
    EXPECT_EQ(data.labels, (std::vector<int32_t>{0, 0, 0, 1, 1}));
    options.min_images = 4;
    const auto error = thrown_by<UsageError>([&] { load(folder, options); });
    EXPECT_TRUE(contains(error.what(), "has 4 or more images")) << error.what();
}

TEST(DataFolder, TheHashNamesTheContent) {
    const TemporaryFolder folder;
    write_people(folder, {"a", "b"}, {2, 2});
    const Dataset data = load(folder);
    const std::string hash = data_hash(data);
    EXPECT_EQ(hash.size(), 16u);
    EXPECT_EQ(hash, data_hash(load(folder)));

    Dataset changed = data;
    changed.images[3].rgb[5] ^= 1;
    EXPECT_NE(data_hash(changed), hash);
    changed = data;
    changed.labels[1] = 1;
    EXPECT_NE(data_hash(changed), hash);
    changed = data;
    changed.files[0] += "x";
    EXPECT_NE(data_hash(changed), hash);
    changed = data;
    std::swap(changed.images[0], changed.images[1]);
    EXPECT_NE(data_hash(changed), hash);
}

// FNV-1a of "f", 0, "p", 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, and then of that number's eight bytes,
// computed by a separate program.
TEST(DataFolder, TheHashIsTheDocumentedOne) {
    Dataset data;
    data.size = 1;
    data.images = {Image{1, 1, {1, 2, 3}}};
    data.labels = {0};
    data.files = {"f"};
    data.people = {"p"};
    EXPECT_EQ(data_hash(data), "35289afd5fd4c9e2");
}

TEST(DataFolder, UpToOnePercentUnreadableIsSkippedAndListed) {
    const TemporaryFolder folder;
    write_people(folder, {"a", "b"}, {99, 100});
    folder.write("a/0050.ppm", "P6\n12 10\n255\ntoo short");
    folder.write("alone/1.jpg", "\xff\xd8\xff garbage");
    const Dataset data = load(folder);  // 2 of 200
    EXPECT_EQ(data.images.size(), 198u);
    EXPECT_EQ(data.labels.size(), 198u);
    EXPECT_EQ(data.people, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(data.labels.back(), 1);
    ASSERT_EQ(data.skipped.size(), 2u);
    EXPECT_EQ(data.skipped[0].file, "a/0050.ppm");
    EXPECT_TRUE(contains(data.skipped[0].reason, "truncated"));
    EXPECT_EQ(data.skipped[1].file, "alone/1.jpg");
    EXPECT_EQ(reasons_of(data),
              (std::vector<std::string>{
                  "2 images: unreadable, first a/0050.ppm",
                  "1 person (0 images): fewer than 1 readable images, first alone"}));
    EXPECT_TRUE(std::ranges::none_of(data.files, [](auto& f) { return f == "a/0050.ppm"; }));

    folder.write("b/0000.ppm", "");  // 3 of 200
    const auto error = thrown_by<UnreadablePictures>([&] { load(folder); });
    EXPECT_TRUE(contains(error.what(), "3 of 200 images")) << error.what();
    EXPECT_EQ(error.files().size(), 3u);
    EXPECT_TRUE(contains(error.what(), "0050.ppm")) << error.what();
    EXPECT_TRUE(is_one_line(error.what()) && is_one_line(error.hint()));
}

TEST(DataFolder, WrongFoldersAreExplained) {
    const TemporaryFolder folder;
    const auto failure = [&](const std::string& name) {
        return thrown_by<UsageError>([&] { load_data(folder.path() / name, {}); });
    };
    EXPECT_TRUE(contains(failure("absent").what(), "there is no folder"));
    EXPECT_TRUE(contains(failure("absent").hint(), "DIR/<person>/<image>"));
    folder.write("file", "text");
    EXPECT_TRUE(contains(failure("file").what(), "is not a folder"));
    std::filesystem::create_directory(folder.path() / "empty");
    EXPECT_TRUE(contains(failure("empty").what(), "no images of people in"));
    folder.write("flat/1.png", constant_image(4, 4, 1));
    EXPECT_TRUE(contains(failure("flat").hint(), "1 image lies directly in the folder"));
    folder.write("deep/images/ann/1.png", constant_image(4, 4, 1));
    EXPECT_TRUE(contains(failure("deep").hint(), "did you mean")) << failure("deep").hint();
    for (const char* name : {"absent", "file", "empty", "flat", "deep"})
        EXPECT_TRUE(is_one_line(failure(name).what()) && is_one_line(failure(name).hint()));
    EXPECT_THROW(load_data(folder.path() / "deep/images", {.size = 0}), UsageError);
}

TEST(DataFolder, TrainingNeedsTwoPeople) {
    const TemporaryFolder folder;
    write_people(folder, {"a"}, {5});
    const Dataset one = load(folder);
    const auto error = thrown_by<UsageError>([&] { require_trainable(one); });
    EXPECT_TRUE(contains(error.what(), "at least two people, found 1")) << error.what();
    EXPECT_FALSE(error.hint().empty());
    write_people(folder, {"b"}, {1});
    EXPECT_NO_THROW(require_trainable(load(folder)));
}

TEST(DataFolder, APeopleListChoosesPeopleButNotTheirOrder) {
    const TemporaryFolder folder;
    write_people(folder, {"a", "b", "c", "d"}, {1, 2, 3, 4});
    const auto list = folder.write("list.txt", "2\nd\t4\nb\t2\n");
    const Dataset data = load(folder, with_list(list));
    EXPECT_EQ(data.people, (std::vector<std::string>{"b", "d"}));
    EXPECT_EQ(data.images.size(), 6u);
    EXPECT_TRUE(data.warnings.empty());
}

TEST(DataFolder, ADifferentCountIsAWarning) {
    const TemporaryFolder folder;
    write_people(folder, {"a", "b", "c"}, {1, 2, 3});
    const auto list = folder.write("list.txt", "a\t1\nb\t5\nc\t7\n");
    const Dataset data = load(folder, with_list(list));
    ASSERT_EQ(data.warnings.size(), 1u);
    EXPECT_TRUE(contains(data.warnings[0], "b has 2 images, the list says 5 (and 1 more"))
        << data.warnings[0];
}

TEST(DataFolder, APersonWhoIsNotThereIsAnError) {
    const TemporaryFolder folder;
    write_people(folder, {"a", "b"}, {1, 2});
    const auto list = folder.write("list.txt", "a\t1\nghost\t5\nphantom\t1\n");
    const auto error = thrown_by<UsageError>([&] { load(folder, with_list(list)); });
    EXPECT_TRUE(contains(error.what(), "names 2 people without images")) << error.what();
    EXPECT_TRUE(contains(error.what(), "first ghost")) << error.what();
    EXPECT_TRUE(is_one_line(error.hint()));
}

TEST(DataPeopleList, ReadsBothLfwLayouts) {
    const TemporaryFolder folder;
    const auto names = [&](std::string_view text) {
        std::string joined;
        for (const ListedPerson& person : read_people_list(folder.write("list", text)))
            joined += fmt::format("{}={} ", person.name, person.images);
        return joined;
    };
    EXPECT_EQ(names("2\nAnn\t3\nBob Ray\t1\n"), "Ann=3 Bob Ray=1 ");
    EXPECT_EQ(names("2\r\nAnn\t3\r\nBob\t1\r\n\r\n"), "Ann=3 Bob=1 ");
    EXPECT_EQ(names("2\n1\nAnn\t3\n2\nBob\t1\nCy\t9\n"), "Ann=3 Bob=1 Cy=9 ");
    EXPECT_EQ(names("001\t2\nAnn\t3"), "001=2 Ann=3 ");
}

TEST(DataPeopleList, WhatEditorsLeaveDoesNotCount) {
    const TemporaryFolder folder;
    const auto list = folder.write("list",
                                   "\xef\xbb\xbf"
                                   "2 \r\n\r\n Ann Lee \t 3 \r\nBob\t1\t\n   \n");
    const auto people = read_people_list(list);
    ASSERT_EQ(people.size(), 2u);
    EXPECT_EQ(people[0].name, "Ann Lee");
    EXPECT_EQ(people[0].images, 3);
    EXPECT_EQ(people[1].name, "Bob");
    const auto wide = folder.write("wide", std::string_view("\xff\xfe"
                                                            "A\0\t\0",
                                                            6));
    EXPECT_TRUE(contains(thrown_by<Error>([&] { read_people_list(wide); }).what(), "UTF-16"));
}

TEST(DataPeopleList, RefusesDamagedLists) {
    const TemporaryFolder folder;
    const auto message = [&](std::string_view text) {
        const auto list = folder.write("list", text);
        return std::string(thrown_by<Error>([&] { read_people_list(list); }).what());
    };
    EXPECT_TRUE(contains(message("1\nAnn 3\n"), "line 2: expected name<TAB>count, found 'Ann 3'"));
    for (const char* line : {"Ann\t", "Ann\tx", "Ann\t0", "Ann\t-1", "Ann\t1\t2", "\t1", "..\t1",
                             "a/b\t1", "Ann\t99999999999"})
        EXPECT_TRUE(contains(message(line), "line 1: expected")) << line;
    EXPECT_TRUE(contains(message("Ann\t1\nBob\t1\nAnn\t1\n"), "line 3: Ann is listed twice"));
    EXPECT_TRUE(contains(message("3\nAnn\t1\n"), "line 1 announces 3 people, 1 follow"));
    EXPECT_TRUE(contains(message("2\n1\nA\t1\n2\nB\t1\n"), "line 4 announces 2 people, 1 follow"));
    EXPECT_TRUE(contains(message("3\n1\nA\t1\n1\nB\t1\n"), "line 1 announces 3 folds, 2 follow"));
    EXPECT_TRUE(contains(message(""), "names nobody"));
    EXPECT_THROW(read_people_list(folder.path() / "absent"), UsageError);
    EXPECT_THROW(read_people_list(folder.path()), UsageError);
}

}  // namespace
}  // namespace facet
