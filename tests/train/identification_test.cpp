#include "train/eval/identification.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "engine/error.h"
#include "engine/random.h"

namespace facet {
namespace {

TEST(Embeddings, PairSimilaritiesAreCosines) {
    const std::vector<float> embeddings = {3, 4, 0.5f, 0, 0, -2};  // (3, 2)
    PairList list;
    list.pairs = {{0, 1, true, 0}, {0, 2, false, 0}, {1, 1, true, 0}};
    const auto similarities = pair_similarities(embeddings, 2, list);
    EXPECT_DOUBLE_EQ(similarities[0], 0.6);
    EXPECT_DOUBLE_EQ(similarities[1], -0.8);
    EXPECT_DOUBLE_EQ(similarities[2], 1);
}

TEST(Embeddings, WithoutADirectionAreErrorsThatNameTheImage) {
    PairList list;
    list.files = {"a.jpg", "b.jpg"};
    list.pairs = {{0, 1, true, 0}};
    for (const float bad : {0.0f, std::nanf(""), std::numeric_limits<float>::infinity()}) {
        const std::vector<float> embeddings = {1, 0, 0, bad};
        try {
            pair_similarities(embeddings, 2, list);
            FAIL() << bad << " was accepted";
        } catch (const Error& error) {
            EXPECT_NE(std::string(error.what()).find("embedding 1 (b.jpg)"), std::string::npos);
        }
    }
    list.pairs = {{0, 2, true, 0}};
    EXPECT_THROW(pair_similarities(std::vector<float>{1, 0, 0, 1}, 2, list), Error);
    EXPECT_THROW(pair_similarities(std::vector<float>{1, 0, 1}, 2, list), Error);
}

TEST(Embeddings, RankOneMatchesBruteForce) {
    constexpr int N = 150, D = 7;
    Random random(4, Purpose::Test);
    std::vector<float> embeddings;
    std::vector<int> labels;
    for (int i = 0; i < N; ++i) {
        labels.push_back(i < 140 ? i % 35 : 100 + i);  // the last ten have one image each
        for (int d = 0; d < D; ++d) {
            const double centre = Random(5, Purpose::Test, labels.back(), d).normal();
            embeddings.push_back(
                static_cast<float>((centre + 0.5 * random.normal()) * (1 + i % 3)));
        }
    }
    PairList list;
    for (int i = 0; i < N; ++i)
        for (int j = 0; j < N; ++j) list.pairs.push_back({i, j, false, 0});
    const auto cosines = pair_similarities(embeddings, D, list);
    int right = 0;
    for (int i = 0; i < 140; ++i) {
        int nearest = -1;
        for (int j = 0; j < N; ++j) {
            if (j == i) continue;
            if (nearest < 0 || cosines[static_cast<size_t>(i * N + j)] >
                                   cosines[static_cast<size_t>(i * N + nearest)])
                nearest = j;
        }
        right += labels[static_cast<size_t>(nearest)] == labels[static_cast<size_t>(i)];
    }
    const Identification result = identify_leave_one_out(embeddings, D, labels);
    EXPECT_EQ(result.probes, 140);
    EXPECT_EQ(result.gallery, N - 1);
    EXPECT_DOUBLE_EQ(result.rank1, right / 140.0);
    EXPECT_GT(result.rank1, 0.2);
    EXPECT_LT(result.rank1, 0.95);
}

TEST(Embeddings, ATieBetweenRightAndWrongIsWrong) {
    const std::vector<float> same_for_all = {1, 0, 1, 0, 1, 0};
    EXPECT_EQ(identify_leave_one_out(same_for_all, 2, std::vector<int>{0, 0, 1}).rank1, 0);
    EXPECT_THROW(identify_leave_one_out(same_for_all, 2, std::vector<int>{0, 1, 2}), Error);
    EXPECT_THROW(identify_leave_one_out(same_for_all, 2, std::vector<int>{0, 1}), Error);
}

}  // namespace
}  // namespace facet
