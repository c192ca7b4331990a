#include "train/eval/pairs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>

#include "engine/error.h"

namespace facet {
namespace {

class LfwPairs : public testing::Test {
protected:
    ~LfwPairs() override { std::filesystem::remove(path_); }

    PairList read(const std::string& text) const {
        std::ofstream(path_, std::ios::binary) << text;
        return read_pairs(path_);
    }
    std::string error(const std::string& text) const {
        try {
            read(text);
        } catch (const Error& error) {
            return error.what();
        }
        return "no error";
    }

    std::filesystem::path path_ =
        std::filesystem::temp_directory_path() / fmt::format("facet-pairs-{}.txt", ::getpid());
};

TEST_F(LfwPairs, ReadsViewTwo) {
    const PairList list = read(
        "2\t1\n"
        "Ann\t1\t12\n"
        "Ann\t1\tBob\t3\n"
        "Bob\t3\t10001\n"
        "Cid\t2\tAnn\t12\n");
    EXPECT_EQ(list.files,
              (std::vector<std::string>{"Ann/Ann_0001.jpg", "Ann/Ann_0012.jpg", "Bob/Bob_0003.jpg",
                                        "Bob/Bob_10001.jpg", "Cid/Cid_0002.jpg"}));
    EXPECT_EQ(list.folds, 2);
    EXPECT_TRUE(list.cross_validated);
    ASSERT_EQ(list.pairs.size(), 4u);
    const Pair expected[] = {{0, 1, true, 0}, {0, 2, false, 0}, {2, 3, true, 1}, {4, 1, false, 1}};
    for (size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(list.pairs[i].a, expected[i].a) << i;
        EXPECT_EQ(list.pairs[i].b, expected[i].b) << i;
        EXPECT_EQ(list.pairs[i].same, expected[i].same) << i;
        EXPECT_EQ(list.pairs[i].fold, expected[i].fold) << i;
    }
}

TEST_F(LfwPairs, ReadsViewOneAndWindowsLineEnds) {
    const PairList list = read("2\r\nA\t1\t2\r\nA\t2\t3\r\nA\t1\tB\t1\r\nB\t1\tC\t1\r\n\r\n");
    EXPECT_EQ(list.folds, 1);
    EXPECT_FALSE(list.cross_validated);
    ASSERT_EQ(list.pairs.size(), 4u);
    EXPECT_TRUE(list.pairs[1].same);
    EXPECT_FALSE(list.pairs[2].same);
    EXPECT_EQ(list.files.size(), 5u);
}

TEST_F(LfwPairs, NamesTheLineThatIsWrong) {
    EXPECT_NE(error("1\t1\nA\t1\t2\nA\t1\tB\n").find("line 3: found 'A\t1\tB'"), std::string::npos);
    EXPECT_NE(error("1\nA\t1\t2\n").find("line 3: found 'the end of the file'"), std::string::npos);
    EXPECT_NE(error("1\nA\t1\t2\nA\t1\tB\t1\nmore\n").find("line 4"), std::string::npos);
    for (const std::string bad : {"", "x\n", "0\n", "-1\n", "1\t2\t3\n", "10\t0\n", "10\tx\n"}) {
        EXPECT_NE(error(bad).find("line 1:"), std::string::npos) << bad;
    }
    for (const std::string bad : {"A\t1", "A\t1\tx", "A\t0\t1", "A\t1\t1", "A 1 2", "\t1\t2",
                                  "A\t1\t2\t3", "../A\t1\t2", "..\t1\t2", "A\t1\t99999999999"}) {
        EXPECT_NE(error("1\n" + bad + "\nA\t1\tB\t1\n").find("line 2:"), std::string::npos) << bad;
    }
    for (const std::string bad : {"A\t1\tA\t2", "A\t1\t2", "A\t1\tB\t0", "A\tx\tB\t1"}) {
        EXPECT_NE(error("1\nA\t1\t2\n" + bad + "\n").find("line 3:"), std::string::npos) << bad;
    }
    EXPECT_THROW(read_pairs(path_ / "missing"), Error);
    EXPECT_THROW(read_pairs(path_.parent_path()), Error);
}

TEST_F(LfwPairs, AByteOrderMarkAndBlanksAtLineEndsDoNotCount) {
    const PairList list = read(
        "\xef\xbb\xbf"
        "1 \r\nAnn\t1\t2 \r\nAnn\t1\tBob\t3\t\n \n");
    EXPECT_EQ(list.pairs.size(), 2u);
    EXPECT_EQ(list.files[2], "Bob/Bob_0003.jpg");
    EXPECT_NE(error(std::string("\xff\xfe"
                                "1\0",
                                4))
                  .find("UTF-16"),
              std::string::npos);
}

// One fold cannot be judged at the threshold of the others: the same as View 1.
TEST_F(LfwPairs, OneFoldIsNotCrossValidated) {
    const std::string pairs = "Ann\t1\t2\nAnn\t3\t4\nAnn\t1\tBob\t3\nAnn\t2\tBob\t3\n";
    const PairList one = read("1\t2\n" + pairs), view1 = read("2\n" + pairs);
    EXPECT_FALSE(one.cross_validated);
    EXPECT_EQ(one.folds, 1);
    EXPECT_EQ(one.protocol, view1.protocol);
    EXPECT_EQ(one.files, view1.files);
}

TEST_F(LfwPairs, ReadsALineAPair) {
    for (const char* separator : {" ", "\t", "  ", " \t"}) {
        const auto line = [&](const char* a, const char* b, const char* same) {
            return std::string(a) + separator + b + separator + same + "\n";
        };
        const PairList list = read(line("a/1.jpg", "a/2.PNG", "1") + line("a/1.jpg", "b.png", "0"));
        EXPECT_EQ(list.files, (std::vector<std::string>{"a/1.jpg", "a/2.PNG", "b.png"}));
        ASSERT_EQ(list.pairs.size(), 2u);
        EXPECT_TRUE(list.pairs[0].same);
        EXPECT_FALSE(list.pairs[1].same);
        EXPECT_EQ(list.pairs[1].b, 2);
        EXPECT_FALSE(list.cross_validated);
        EXPECT_TRUE(list.formats_known);
    }
    EXPECT_EQ(read("a b/1 2.jpg\ta b/3.jpg\t0\n").files[0], "a b/1 2.jpg");
}

TEST_F(LfwPairs, ReadsALineAPairWithFolds) {
    const PairList list =
        read("a/1.jpg a/2.jpg\t2\na/1.jpg b/1.jpg\t0\nb/1.jpg b/2.jpg\t1\nb/1.jpg a/1.jpg\t0\n");
    EXPECT_EQ(list.folds, 2);
    EXPECT_TRUE(list.cross_validated);
    EXPECT_EQ(list.pairs[0].fold, 1);
    EXPECT_EQ(list.pairs[1].fold, 0);
    EXPECT_EQ(list.pairs[2].fold, 0);
    EXPECT_EQ(list.pairs[3].fold, 1);
}

// As CALFW and CPLFW are distributed: same pairs first, with their folds, then different ones.
TEST_F(LfwPairs, ReadsTwoLinesAPair) {
    std::string text;
    for (int fold = 1; fold <= 10; ++fold) {
        for (int i = 0; i < 3; ++i)
            text += fmt::format("A_{0:04}.jpg {1}\nA_{2:04}.jpg {1}\n", i + 1, fold, i + 2);
    }
    for (int i = 0; i < 30; ++i) text += fmt::format("A_0001.jpg\t0\r\nB_{:04}.jpg\t0\r\n", i + 1);
    const PairList list = read(text);
    EXPECT_EQ(list.folds, 10);
    EXPECT_TRUE(list.cross_validated);
    ASSERT_EQ(list.pairs.size(), 60u);
    for (int i = 0; i < 60; ++i) {
        EXPECT_EQ(list.pairs[i].same, i < 30) << i;
        EXPECT_EQ(list.pairs[i].fold, i % 30 / 3) << i;
    }
    EXPECT_EQ(list.files[0], "A_0001.jpg");
    // CPLFW says 1 and 0 only: no folds.
    EXPECT_FALSE(read("A_1.jpg 1\nA_2.jpg 1\nA_1.jpg 0\nB_1.jpg 0\n").cross_validated);
}

TEST_F(LfwPairs, NamesTheLineAndTheFormOfTheOthers) {
    const auto expect_says = [&](const std::string& text, const std::string& line,
                                 const std::string& says) {
        const std::string found = error(text);
        EXPECT_NE(found.find(line), std::string::npos) << text << "\n" << found;
        EXPECT_NE(found.find(says), std::string::npos) << text << "\n" << found;
    };
    const std::string one = "a/1.jpg a/2.jpg 1\n", two = "a/1.jpg 1\na/2.jpg 1\n";
    for (const char* bad : {"a/1.jpg a/2.jpg", "a/1.jpg a/2.jpg x", "a/1.jpg a/2.jpg -1",
                            "a/1.jpg a/1.jpg 1", "a/1.jpg a/2.txt 1", "../a/1.jpg a/2.jpg 1",
                            "a/1.jpg /a/2.jpg 1", "a/1.jpg a/../2.jpg 1", "a/1.jpg b/1.jpg 0 0"})
        expect_says(one + bad + "\n", "line 2:", "'picture picture 0|1'");
    expect_says(two + "a/1.jpg 1\n", "line 4: found 'the end of the file'", "two lines");
    expect_says(two + "a/1.jpg 1\na/2.jpg 2\n", "line 4:", "two lines with the same fold");
    expect_says(two + "a/1.jpg a/2.jpg 1\n", "line 3:", "two lines with the same fold");
    expect_says("a/1.jpg a/2.jpg 3\na/1.jpg b/2.jpg 0\n", "no pair of fold 1", "1 to 3");
    for (const char* none : {"", "a b\n", "a/1.jpg\n", "1,2\n"})
        expect_says(none, "line 1:", "CALFW, CPLFW");
}

TEST(PersonOf, IsTheFolderOrTheNameWithoutItsNumber) {
    EXPECT_EQ(person_of("Ann Lee/1.jpg"), "Ann Lee");
    EXPECT_EQ(person_of("a/b/1.jpg"), "a/b");
    EXPECT_EQ(person_of("Ann_Lee_0001.jpg"), "Ann_Lee");
    EXPECT_EQ(person_of("0001.jpg"), "0001");
    EXPECT_EQ(person_of("_1.jpg"), "_1");
    EXPECT_EQ(person_of("Ann.jpg"), "Ann");
}

// `images[p]` images of person p.
std::vector<int> labels_of(const std::vector<int>& images) {
    std::vector<int> labels;
    for (size_t person = 0; person < images.size(); ++person) {
        labels.insert(labels.end(), static_cast<size_t>(images[person]), static_cast<int>(person));
    }
    return labels;
}

struct Counted {
    std::map<int, int> same, different;  // per fold
    std::map<int, std::set<int>> folds_of_person;
};

Counted check_and_count(const PairList& list, const std::vector<int>& labels) {
    Counted counted;
    std::set<std::pair<int, int>> seen;
    for (const Pair& pair : list.pairs) {
        EXPECT_NE(pair.a, pair.b);
        EXPECT_EQ(labels[static_cast<size_t>(pair.a)] == labels[static_cast<size_t>(pair.b)],
                  pair.same);
        EXPECT_TRUE(seen.emplace(std::min(pair.a, pair.b), std::max(pair.a, pair.b)).second);
        ++(pair.same ? counted.same : counted.different)[pair.fold];
        for (const int image : {pair.a, pair.b}) {
            counted.folds_of_person[labels[static_cast<size_t>(image)]].insert(pair.fold);
        }
    }
    return counted;
}

TEST(GeneratedPairs, AreBalancedUniqueAndDisjointInPeople) {
    std::vector<int> images(60, 5);
    images[7] = 400;  // one person with very many images
    images[9] = 1;
    const auto labels = labels_of(images);
    const PairList list = generate_pairs(labels, 103, 10, 5);
    const Counted counted = check_and_count(list, labels);
    for (int fold = 0; fold < 10; ++fold) {
        EXPECT_EQ(counted.same.at(fold), fold < 3 ? 11 : 10);
        EXPECT_EQ(counted.different.at(fold), fold < 3 ? 11 : 10);
    }
    for (const auto& [person, folds] : counted.folds_of_person) EXPECT_EQ(folds.size(), 1u);
    EXPECT_NE(list.protocol.find("no person in two folds"), std::string::npos);
    EXPECT_TRUE(list.cross_validated);
}

TEST(GeneratedPairs, FallBackToSharedPeopleAndUseEveryPair) {
    // 3 people of 3 images: 9 same pairs, 27 different ones; 2 folds cannot be disjoint in people.
    const auto labels = labels_of({3, 3, 3});
    const PairList list = generate_pairs(labels, 9, 2, 1);
    const Counted counted = check_and_count(list, labels);
    EXPECT_EQ(counted.same.at(0), 5);
    EXPECT_EQ(counted.same.at(1), 4);
    EXPECT_EQ(counted.different.at(1), 4);
    EXPECT_NE(list.protocol.find("people recur"), std::string::npos);
    // Every different pair there is: 2 people, 2 x 2 of them.
    check_and_count(generate_pairs(labels_of({4, 1}), 4, 1, 1), labels_of({4, 1}));
}

TEST(GeneratedPairs, DependOnTheSeedAlone) {
    const auto labels = labels_of(std::vector<int>(40, 4));
    const auto key = [&](uint64_t seed) {
        std::vector<int> numbers;
        for (const Pair& pair : generate_pairs(labels, 50, 5, seed).pairs) {
            numbers.insert(numbers.end(), {pair.a, pair.b, pair.same, pair.fold});
        }
        return numbers;
    };
    EXPECT_EQ(key(3), key(3));
    EXPECT_NE(key(3), key(4));
}

TEST(GeneratedPairs, RefuseWhatTheImagesDoNotHold) {
    EXPECT_THROW(generate_pairs(labels_of({3, 3, 3}), 10, 1, 1), Error);
    EXPECT_THROW(generate_pairs(labels_of({5}), 1, 1, 1), Error);        // no different pair
    EXPECT_THROW(generate_pairs(labels_of({1, 1, 1}), 1, 1, 1), Error);  // no same pair
    EXPECT_THROW(generate_pairs({}, 1, 1, 1), Error);
    EXPECT_THROW(generate_pairs(labels_of({3, 3, 3}), 0, 1, 1), UsageError);
    EXPECT_THROW(generate_pairs(labels_of({3, 3, 3}), 4, 0, 1), UsageError);
    EXPECT_THROW(generate_pairs(labels_of({3, 3, 3}), 4, 5, 1), UsageError);
}

}  // namespace
}  // namespace facet
