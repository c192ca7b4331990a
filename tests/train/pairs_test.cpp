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
        return read_lfw_pairs(path_);
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
    EXPECT_THROW(read_lfw_pairs(path_ / "missing"), Error);
    EXPECT_THROW(read_lfw_pairs(path_.parent_path()), Error);
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
