#include "train/eval/floors.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/random.h"
#include "train/eval/card.h"

namespace facet {
namespace {

Image random_image(Random& random, int width, int height) {
    Image image{width, height, {}};
    for (int i = 0; i < width * height * 3; ++i) {
        image.rgb.push_back(static_cast<uint8_t>(random.below(256)));
    }
    return image;
}

// Blurred noise that belongs to a person, plus noise of each picture, and its brightness.
Image picture_of(int person, int shot) {
    constexpr int kSide = 16;
    Image image{kSide, kSide, {}};
    Random shots(person * 100 + shot, Purpose::Test, 1);
    const double brightness = shots.uniform(-40, 40);
    for (int y = 0; y < kSide; ++y) {
        for (int x = 0; x < kSide; ++x) {
            Random patch(person, Purpose::Test, y / 4, x / 4);
            const double value = 128 + 30 * patch.normal() + 15 * shots.normal() + brightness;
            const auto byte = static_cast<uint8_t>(std::clamp(value, 0.0, 255.0));
            image.rgb.insert(image.rgb.end(), {byte, byte, byte});
        }
    }
    return image;
}

TEST(Floors, RawPixelsAreTheCosineOfTheStandardisedImage) {
    Random random(1, Purpose::Test);
    const std::vector<Image> images = {random_image(random, 5, 4), random_image(random, 5, 4)};
    PairList list;
    list.pairs = {{0, 1, true, 0}, {0, 0, true, 0}};
    for (const bool with_mirror : {false, true}) {
        double ab = 0, aa = 0, bb = 0;
        for (int y = 0; y < 4; ++y) {
            for (int x = 0; x < 5; ++x) {
                for (int c = 0; c < 3; ++c) {
                    const auto value = [&](const Image& image) {
                        const double pixel = image.at(x, y)[c] / 127.5 - 1;
                        return with_mirror ? pixel + image.at(4 - x, y)[c] / 127.5 - 1 : pixel;
                    };
                    ab += value(images[0]) * value(images[1]);
                    aa += value(images[0]) * value(images[0]);
                    bb += value(images[1]) * value(images[1]);
                }
            }
        }
        const auto similarities = raw_pixel_similarities(images, list, with_mirror);
        EXPECT_NEAR(similarities[0], ab / std::sqrt(aa * bb), 1e-12);
        EXPECT_NEAR(similarities[1], 1, 1e-12);
    }
}

TEST(Floors, GreyRowsAverageOverAreas) {
    // 3 x 2 pixels, grey 0, 60, 120 above and 30 below, to a 2 x 2 grid: each column of the grid
    // covers one and a half pixels, each row one.
    Image image{3, 2, {}};
    for (const uint8_t grey : {0, 60, 120, 30, 30, 30}) {
        image.rgb.insert(image.rgb.end(), {grey, grey, grey});
    }
    const auto rows = grey_rows(std::vector<Image>{image}, 2);
    const float expected[] = {20, 100, 30, 30};  // (0 + 60/2) / 1.5, (60/2 + 120) / 1.5
    ASSERT_EQ(rows.size(), 4u);
    for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(rows[i], expected[i], 1e-4);
    const Image red{1, 1, {200, 0, 0}};
    EXPECT_NEAR(grey_rows(std::vector<Image>{red}, 1)[0], 59.8f, 1e-4);
    EXPECT_NEAR(grey_rows(std::vector<Image>{red}, 3)[8], 59.8f, 1e-4);  // enlarging repeats
}

TEST(Floors, WhitenedComponentsAreUncorrelatedWithVarianceOne) {
    constexpr int N = 400, F = 12, K = 5;
    Random random(2, Purpose::Test);
    std::vector<float> rows;
    for (int i = 0; i < N; ++i) {
        const double shared = random.normal();
        for (int f = 0; f < F; ++f) {
            rows.push_back(static_cast<float>(10 + (f + 1) * random.normal() + 3 * shared));
        }
    }
    const WhitenedPca pca(rows, F, K);
    ASSERT_EQ(pca.dimensions(), K);
    const auto projected = pca.project(rows);
    for (int a = 0; a < K; ++a) {
        for (int b = 0; b < K; ++b) {
            double product = 0, mean = 0;
            for (size_t i = 0; i < N; ++i) {
                product += projected[i * K + a] * projected[i * K + b] / double(N);
                mean += projected[i * K + a] / double(N);
            }
            EXPECT_NEAR(product, a == b, 1e-4);
            EXPECT_NEAR(mean, 0, 1e-4);
        }
    }
}

TEST(Floors, TheFirstComponentIsTheDirectionOfGreatestVariance) {
    // Points t (3, 4) + 0.1 u (-4, 3) with t, u = +-1: t has the greater variance.
    std::vector<float> rows;
    for (const float t : {-1.f, 1.f}) {
        for (const float u : {-1.f, 1.f}) {
            rows.insert(rows.end(), {3 * t - 0.4f * u, 4 * t + 0.3f * u});
        }
    }
    const WhitenedPca pca(rows, 2, 1);
    const auto projected = pca.project(rows);
    for (const float p : projected) EXPECT_NEAR(std::abs(p), 1, 1e-5);
    EXPECT_NEAR(projected[0], projected[1], 1e-5);   // the same t
    EXPECT_NEAR(projected[0], -projected[2], 1e-5);  // the opposite t
}

TEST(Floors, DirectionsWithoutVarianceAreLeftOut) {
    const std::vector<float> rows = {1, 2, 3, 2, 4, 3, 3, 6, 3};  // one line in space
    EXPECT_EQ(WhitenedPca(rows, 3, 3).dimensions(), 1);
    const std::vector<float> two = {1, 2, 3, 3, 1, 7};
    EXPECT_EQ(WhitenedPca(two, 3, 3).dimensions(), 1);
}

TEST(Floors, SimilarPicturesOfAPersonAreRecognised) {
    std::vector<Image> images;
    std::vector<int> labels;
    for (int person = 0; person < 40; ++person) {
        for (int shot = 0; shot < 4; ++shot) {
            images.push_back(picture_of(person, shot));
            labels.push_back(person);
        }
    }
    const PairList list = generate_pairs(labels, 200, 5, 1);
    FloorOptions options;
    options.side = 8;
    options.dimensions = 12;
    for (const bool with_mirror : {false, true}) {
        options.with_mirror = with_mirror;
        const Floors floors = verification_floors(images, list, images, options);
        EXPECT_GT(floors.raw_pixels.cross_validated.mean, 0.6);
        EXPECT_GT(floors.whitened_pca.cross_validated.mean, 0.9);
        EXPECT_EQ(floors.pca_dimensions, 12);
        EXPECT_EQ(floors.pca_images, 160);
    }
}

TEST(Floors, APictureAndItsMirrorImageAreOneWhereBothAreTaken) {
    std::vector<Image> images;
    PairList list;
    list.folds = 5;
    list.cross_validated = true;
    for (int i = 0; i < 5; ++i) {
        const Image plain = picture_of(i, 0);
        images.insert(images.end(), {plain, mirror(plain)});
        list.pairs.push_back({2 * i, 2 * i + 1, true, i});
        list.pairs.push_back({2 * i, 2 * ((i + 1) % 5), false, i});
    }
    for (const bool with_mirror : {false, true}) {
        const Floors floors = verification_floors(
            images, list, images, {.side = 8, .with_mirror = with_mirror, .verify = {}});
        for (const Verification* floor : {&floors.raw_pixels, &floors.whitened_pca}) {
            if (with_mirror) {
                EXPECT_NEAR(floor->similarity_same.min, 1, 1e-6);
            } else {
                EXPECT_LT(floor->similarity_same.max, 0.9);
            }
        }
    }
}

TEST(Floors, RefuseImagesThatDoNotFit) {
    Random random(1, Purpose::Test);
    std::vector<Image> images = {random_image(random, 4, 4), random_image(random, 4, 5)};
    PairList list;
    list.pairs = {{0, 1, true, 0}};
    EXPECT_THROW(raw_pixel_similarities(images, list, true), Error);
    EXPECT_THROW(grey_rows(images, 2), Error);
    images[1] = images[0];
    list.pairs = {{0, 2, true, 0}};
    EXPECT_THROW(raw_pixel_similarities(images, list, true), Error);
    EXPECT_THROW(grey_rows(images, 0), UsageError);
    EXPECT_THROW(WhitenedPca(grey_rows(images, 2), 4, 2), Error);  // all the same
    EXPECT_THROW(WhitenedPca(std::vector<float>{1, 2}, 2, 2), Error);
    EXPECT_THROW(WhitenedPca(std::vector<float>{1, 2, 3}, 2, 2), Error);
    EXPECT_THROW(WhitenedPca(std::vector<float>{1, std::nanf(""), 3, 4}, 2, 2), Error);
    EXPECT_THROW(WhitenedPca(std::vector<float>{1, 2, 3, 4}, 2, 0), UsageError);
}

TEST(EvaluationCard, HoldsWhatDecidesTheWorthOfANumber) {
    EvaluationCard card;
    card.model = "run/model.safetensors";
    card.data_hash = "0123456789abcdef";
    card.flags = {{"mirror", "embeddings added"}};
    PairList list;
    list.folds = 2;
    list.cross_validated = true;
    list.pairs = {{0, 1, true, 0}, {0, 1, false, 0}, {0, 1, true, 1}, {0, 1, false, 1}};
    card.verification = verify(std::vector<double>{0.9, 0.1, 0.9, 0.1}, list);
    const auto path =
        std::filesystem::temp_directory_path() / fmt::format("facet-card-{}.json", ::getpid());
    write_card(path, card);
    const auto json = nlohmann::json::parse(std::ifstream(path));
    std::filesystem::remove(path);
    EXPECT_EQ(json["data_hash"], "0123456789abcdef");
    EXPECT_EQ(json["flags"]["mirror"], "embeddings added");
    EXPECT_EQ(json["common_with_training"], "not known");
    EXPECT_EQ(json["verification"]["accuracy"]["mean"], 1.0);
    EXPECT_EQ(json["verification"]["accuracy"]["interval95"].size(), 2u);
    EXPECT_FALSE(json.contains("floors"));
}

}  // namespace
}  // namespace facet
