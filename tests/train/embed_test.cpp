// From pictures to embeddings and verdicts: the mirror image, the crop, pairs that are drawn.
#include "train/embed.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/train/data_fixture.h"
#include "train/data/augment.h"
#include "train/eval/identification.h"

namespace facet::test {
namespace {

constexpr int size = 32;

ResNet small_network() {
    Initialiser init(cpu_device(), 5);
    ResNetConfig config;
    config.image = size;
    config.embedding = 8;
    return ResNet(init, config);
}

std::vector<Image> pictures(int count) {
    std::vector<Image> images;
    for (int i = 0; i < count; ++i) images.push_back(noise_image(size, size, i));
    return images;
}

// More than one batch of 64, the last one not full.
TEST(Embed, AddsTheEmbeddingOfTheMirrorImage) {
    ResNet network = small_network();
    std::vector<Image> images = pictures(67), mirrored;
    for (const Image& image : images) mirrored.push_back(mirror(image));
    const std::vector<float> plain = embed_images(network, images, false),
                             of_mirrored = embed_images(network, mirrored, false),
                             both = embed_images(network, images, true);
    ASSERT_EQ(both.size(), 67u * 8);
    EXPECT_NE(plain, of_mirrored);
    for (size_t i = 0; i < both.size(); ++i) {
        EXPECT_EQ(both[i], plain[i] + of_mirrored[i]) << i;
    }
    std::vector<int64_t> progress;
    embed_images(network, images, true, [&](int64_t done) { progress.push_back(done); });
    EXPECT_EQ(progress, (std::vector<int64_t>{64, 67}));
}

TEST(Embed, EvaluatesWithAndWithoutTheMirrorImage) {
    ResNet network = small_network();
    EvalSet set;
    set.images = pictures(8);
    set.labels = {0, 0, 1, 1, 2, 2, 3, 3};
    set.pairs = generate_pairs(set.labels, 4, 2, 1);
    for (const bool add_mirror : {false, true}) {
        const auto embeddings = embed_images(network, set.images, add_mirror);
        const auto similarity = pair_similarities(embeddings, 8, set.pairs);
        VerifyOptions options;
        options.far_targets = {0.25};
        options.seed = 3;
        const Verification expected = verify(similarity, set.pairs, options),
                           found = evaluate(network, set, add_mirror, options);
        EXPECT_EQ(found.similarity_same.mean, expected.similarity_same.mean);
        EXPECT_EQ(found.similarity_different.max, expected.similarity_different.max);
        EXPECT_EQ(found.interval.low, expected.interval.low);
        ASSERT_EQ(found.tar_at_far.size(), 1u);
        EXPECT_EQ(found.tar_at_far[0].target_far, 0.25);
        ASSERT_TRUE(found.identification.has_value());
        EXPECT_EQ(found.identification->rank1,
                  identify_leave_one_out(embeddings, 8, set.labels).rank1);
    }
}

// Wide and tall pictures: what a pair sees is the largest centred square, scaled.
TEST(Embed, PicturesOfPairsAreCroppedAndScaledLikeAllOthers) {
    const TemporaryFolder folder;
    const std::vector<Image> images = {gradient_image(90, 40), gradient_image(40, 70),
                                       noise_image(64, 50, 3)};
    folder.write("faces/A/A_0001.jpg", images[0]);
    folder.write("faces/A/A_0002.jpg", images[1]);
    folder.write("faces/B/B_0001.jpg", images[2]);
    const auto pairs = folder.write("pairs.txt", "1\nA\t1\t2\nA\t2\tB\t1\n");
    const EvalSet set = load_pairs(folder.path() / "faces", pairs, size);
    ASSERT_EQ(set.images.size(), 3u);
    EXPECT_EQ(set.people, (std::vector<std::string>{"A", "B"}));
    for (size_t i = 0; i < 3; ++i) {
        const Image stored = load_image(folder.path() / "faces" / set.pairs.files.at(i));
        EXPECT_EQ(set.images[i].rgb, resize(centre_square(stored), size, size).rgb) << i;
    }
}

TEST(Embed, DrawnPairsKeepPicturesLabelsAndNames) {
    Dataset data;
    data.size = size;
    data.images = pictures(6);
    data.labels = {0, 0, 1, 1, 2, 2};
    data.people = {"a", "b", "c"};
    for (int i = 0; i < 6; ++i) data.files.push_back(fmt::format("{}", i));
    const std::string hash = data_hash(data);
    const EvalSet set = draw_pairs(data, "somewhere", 3, 4);
    EXPECT_EQ(set.hash, hash);
    EXPECT_EQ(set.labels, (std::vector<int>{0, 0, 1, 1, 2, 2}));
    EXPECT_EQ(set.people, data.people);
    EXPECT_EQ(set.source, "somewhere");
    EXPECT_EQ(set.images[5].rgb, data.images[5].rgb);
    const auto same = std::count_if(set.pairs.pairs.begin(), set.pairs.pairs.end(),
                                    [](const Pair& pair) { return pair.same; });
    EXPECT_EQ(same, 3);
    EXPECT_EQ(set.pairs.pairs.size(), 6u);
    for (const Pair& pair : set.pairs.pairs) {
        EXPECT_EQ(pair.same, set.labels[pair.a] == set.labels[pair.b]);
    }
    const auto again = draw_pairs(data, "", 3, 5).pairs.pairs;
    bool differs = false;
    for (size_t i = 0; i < again.size(); ++i) {
        differs |= again[i].a != set.pairs.pairs[i].a || again[i].b != set.pairs.pairs[i].b;
    }
    EXPECT_TRUE(differs) << "the seed decides the pairs";
}

}  // namespace
}  // namespace facet::test
