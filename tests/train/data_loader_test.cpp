#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <set>

#include "tests/train/data_fixture.h"
#include "train/data/loader.h"

namespace facet {
namespace {

using namespace test;

Dataset noise_dataset(int images) {
    Dataset data;
    data.size = 16;
    data.people = {"even", "odd"};
    for (int i = 0; i < images; ++i) {
        data.images.push_back(noise_image(16, 16, i));
        data.labels.push_back(i % 2);
        data.files.push_back(fmt::format("{}.png", i));
    }
    return data;
}

LoaderOptions options_of(int batch, int workers) {
    LoaderOptions options;
    options.batch = batch;
    options.seed = 7;
    options.workers = workers;
    return options;
}

bool same(const ImageBatch& a, const ImageBatch& b) {
    return a.pixels == b.pixels && a.labels == b.labels && a.images == b.images &&
           a.epoch == b.epoch && a.step == b.step;
}

TEST(DataSampler, AnEpochHoldsEveryImageAtMostOnce) {
    Sampler sampler(103, 10, 1);
    EXPECT_EQ(sampler.steps_per_epoch(), 10);
    std::set<uint32_t> seen;
    for (int step = 0; step < 10; ++step)
        for (const uint32_t image : sampler.indices(0, step)) {
            EXPECT_LT(image, 103u);
            EXPECT_TRUE(seen.insert(image).second);
        }
    EXPECT_EQ(seen.size(), 100u);
}

TEST(DataSampler, EpochAndStepSuffice) {
    const auto copy = [](std::span<const uint32_t> span) {
        return std::vector<uint32_t>(span.begin(), span.end());
    };
    Sampler walking(50, 7, 3);
    std::vector<std::vector<uint32_t>> walked;
    for (int epoch = 0; epoch < 3; ++epoch)
        for (int step = 0; step < 7; ++step) walked.push_back(copy(walking.indices(epoch, step)));
    Sampler jumping(50, 7, 3);
    for (const int at : {20, 3, 9, 3, 15})
        EXPECT_EQ(copy(jumping.indices(at / 7, at % 7)), walked[at]);
    EXPECT_NE(walked[0], walked[7]);  // epochs differ
    Sampler other(50, 7, 4);
    EXPECT_NE(copy(other.indices(0, 0)), walked[0]);  // seeds differ
}

// Over many epochs every image is dropped now and then, and none much more than the others.
TEST(DataSampler, TheDroppedImagesChange) {
    Sampler sampler(10, 9, 5);
    std::vector<int> dropped(10, 0);
    for (int epoch = 0; epoch < 1000; ++epoch) {
        uint32_t rest = 45;  // 0 + ... + 9 less the nine drawn
        for (const uint32_t image : sampler.indices(epoch, 0)) rest -= image;
        ++dropped[rest];
    }
    for (const int count : dropped) EXPECT_NEAR(count, 100, 40);
}

TEST(DataSampler, RefusesImpossibleRequests) {
    EXPECT_THROW(Sampler(10, 0, 1), UsageError);
    const auto error = thrown_by<UsageError>([] { Sampler(10, 11, 1); });
    EXPECT_TRUE(contains(error.hint(), "at most 10"));
    EXPECT_THROW(Sampler(0, 1, 1), UsageError);
    Sampler sampler(10, 5, 1);
    EXPECT_THROW(sampler.indices(0, 2), Error);
    EXPECT_THROW(sampler.indices(-1, 0), Error);
}

// 7 people; person p has p + 1 images.
std::vector<int32_t> labels_of_seven() {
    std::vector<int32_t> labels;
    for (int32_t p = 0; p < 7; ++p) labels.insert(labels.end(), p + 1, p);
    return labels;
}

TEST(DataSampler, ABalancedBatchHoldsKImagesOfEachOfItsPeople) {
    const std::vector<int32_t> labels = labels_of_seven();
    Sampler sampler(labels, 9, 3, 1);
    EXPECT_EQ(sampler.steps_per_epoch(), 28 / 9);
    for (int epoch = 0; epoch < 50; ++epoch)
        for (int step = 0; step < 3; ++step) {
            const auto batch = sampler.indices(epoch, step);
            ASSERT_EQ(batch.size(), 9u);
            std::map<int32_t, std::map<uint32_t, int>> people;
            for (const uint32_t image : batch) ++people[labels.at(image)][image];
            EXPECT_EQ(people.size(), 3u);
            for (const auto& [person, images] : people) {
                // All different where the person has K; otherwise as often as each other.
                const int of_person = person + 1;
                EXPECT_EQ(std::ssize(images), std::min(of_person, 3));
                for (const auto& [image, times] : images) {
                    EXPECT_GE(times, 3 / std::min(of_person, 3));
                    EXPECT_LE(times, (3 + of_person - 1) / of_person);
                }
            }
        }
}

TEST(DataSampler, BalancedPeopleComeInRoundsAndTheirImagesInTurn) {
    // 6 people of 4 images, 2 a batch of 4: a round is 3 batches, an epoch of 6 has two.
    std::vector<int32_t> labels;
    for (int i = 0; i < 24; ++i) labels.push_back(i / 4);
    Sampler sampler(labels, 4, 2, 5);
    for (int epoch = 0; epoch < 20; ++epoch) {
        std::set<uint32_t> images;
        std::vector<int> times(6, 0);
        for (int step = 0; step < 6; ++step) {
            for (const uint32_t image : sampler.indices(epoch, step)) {
                images.insert(image);
                ++times[labels[image]];
            }
            if (step == 2) {
                EXPECT_EQ(times, std::vector<int>(6, 2));
            }
        }
        EXPECT_EQ(images.size(), 24u);  // each deck was dealt twice: all of it
    }
}

TEST(DataSampler, BalancedEpochAndStepSuffice) {
    const std::vector<int32_t> labels = labels_of_seven();
    const auto at = [&](uint64_t seed, int epoch, int step) {
        Sampler sampler(labels, 8, 4, seed);
        const auto span = sampler.indices(epoch, step);
        return std::vector<uint32_t>(span.begin(), span.end());
    };
    Sampler walking(labels, 8, 4, 3);
    for (int epoch = 0; epoch < 3; ++epoch)
        for (int step = 0; step < 3; ++step)
            EXPECT_TRUE(std::ranges::equal(walking.indices(epoch, step), at(3, epoch, step)));
    EXPECT_NE(at(3, 0, 0), at(3, 1, 0));
    EXPECT_NE(at(3, 0, 0), at(4, 0, 0));
}

TEST(DataSampler, RefusesImpossibleBalance) {
    const std::vector<int32_t> labels = labels_of_seven();
    EXPECT_NO_THROW(Sampler(labels, 14, 2, 1));
    EXPECT_THROW(Sampler(labels, 9, 2, 1), UsageError);   // does not divide
    EXPECT_THROW(Sampler(labels, 4, 4, 1), UsageError);   // one person
    EXPECT_THROW(Sampler(labels, 8, 1, 1), UsageError);   // no pairs
    EXPECT_THROW(Sampler(labels, 16, 2, 1), UsageError);  // 8 people of 7
    EXPECT_THROW(Sampler(labels, 32, 8, 1), UsageError);  // more than there are images
}

TEST(DataLoader, FollowsTheSamplerWithAnyNumberOfWorkers) {
    const Dataset data = noise_dataset(45);
    for (const int workers : {1, 3}) {
        Sampler sampler(45, 10, 7);
        Loader loader(data, options_of(10, workers));
        EXPECT_EQ(loader.steps_per_epoch(), 4);
        for (int i = 0; i < 14; ++i) {
            const ImageBatch batch = loader.next();
            EXPECT_EQ(batch.epoch, i / 4);
            EXPECT_EQ(batch.step, i % 4);
            EXPECT_TRUE(std::ranges::equal(batch.images, sampler.indices(i / 4, i % 4)));
            ASSERT_EQ(batch.labels.size(), 10u);
            for (int k = 0; k < 10; ++k)
                EXPECT_EQ(batch.labels[k], static_cast<int>(batch.images[k] % 2));
        }
    }
}

TEST(DataLoader, PixelsAreTheAugmentedImages) {
    const Dataset data = noise_dataset(12);
    Loader loader(data, options_of(5, 2));
    std::vector<float> expected(3 * 16 * 16);
    for (int i = 0; i < 5; ++i) {
        const ImageBatch batch = loader.next();
        ASSERT_EQ(batch.pixels.size(), 5 * expected.size());
        for (int k = 0; k < 5; ++k) {
            augment(data.images[batch.images[k]], AugmentOptions(), 7, batch.epoch, batch.images[k],
                    expected.data());
            EXPECT_TRUE(std::equal(expected.begin(), expected.end(),
                                   batch.pixels.begin() + k * expected.size()));
        }
    }
}

TEST(DataLoader, BalancedCopiesOfAnImageAreVariedDifferently) {
    Dataset data = noise_dataset(8);
    data.people = {"one", "two", "three"};
    data.labels = {0, 1, 1, 1, 1, 2, 2, 2};  // person 0 has one image
    LoaderOptions options = options_of(8, 2);
    options.per_person = 4;
    Loader loader(data, options);
    const size_t floats = 3 * 16 * 16;
    int copies = 0;
    for (int i = 0; i < 20; ++i) {
        const ImageBatch batch = loader.next();
        std::set<std::vector<float>> different;
        for (int k = 0; k < 8; ++k) {
            EXPECT_EQ(batch.labels[k], data.labels[batch.images[k]]);
            EXPECT_EQ(batch.labels[k], batch.labels[k / 4 * 4]);
            if (batch.images[k] != 0) continue;
            ++copies;
            different.emplace(batch.pixels.begin() + k * floats,
                              batch.pixels.begin() + (k + 1) * floats);
        }
        if (batch.labels[0] == 0 || batch.labels[4] == 0) {
            EXPECT_EQ(different.size(), 4u);
        }
    }
    EXPECT_GT(copies, 0);
}

TEST(DataLoader, GoesOnInTheMiddleOfAnEpochWithTheSameBytes) {
    const Dataset data = noise_dataset(45);
    std::vector<ImageBatch> whole;
    Loader loader(data, options_of(10, 1));
    for (int i = 0; i < 12; ++i) whole.push_back(loader.next());
    // (1, 4) is the end of epoch 1, that is the start of epoch 2.
    for (const auto& [epoch, step] : {std::pair{0, 3}, {1, 2}, {1, 4}}) {
        LoaderOptions options = options_of(10, 3);
        options.epoch = epoch;
        options.step = step;
        Loader resumed(data, options);
        for (int i = epoch * 4 + step; i < 12; ++i)
            EXPECT_TRUE(same(resumed.next(), whole[i])) << i;
    }
}

TEST(DataLoader, RecyclingChangesNothingAndReusesMemory) {
    const Dataset data = noise_dataset(45);
    Loader fresh(data, options_of(10, 1)), recycling(data, options_of(10, 1));
    std::set<const float*> buffers;
    for (int i = 0; i < 60; ++i) {
        ImageBatch batch = recycling.next();
        EXPECT_TRUE(same(batch, fresh.next()));
        buffers.insert(batch.pixels.data());
        recycling.recycle(std::move(batch));
    }
    EXPECT_LE(buffers.size(), options_of(10, 1).depth + 1u);  // made ahead, and the one in use
}

TEST(DataLoader, MakesOnlyDepthBatchesAhead) {
    Dataset data = noise_dataset(40);
    LoaderOptions options = options_of(10, 2);
    options.depth = 2;
    Loader loader(data, options);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    // Were a third batch already made, it would not see this.
    Sampler sampler(40, 10, 7);
    for (const uint32_t image : sampler.indices(0, 2)) data.labels[image] = 9;
    loader.next();
    loader.next();
    EXPECT_EQ(loader.next().labels, std::vector<int32_t>(10, 9));
}

TEST(DataLoader, AWorkersExceptionComesOutOfNext) {
    Dataset data = noise_dataset(20);
    Sampler sampler(20, 5, 7);
    const uint32_t bad = sampler.indices(0, 2)[1];
    data.images[bad] = noise_image(3, 3, 1);
    Loader loader(data, options_of(5, 2));
    loader.next();
    loader.next();
    const auto error = thrown_by<Error>([&] { loader.next(); });
    EXPECT_TRUE(contains(error.what(), fmt::format("{}.png: is 3 x 3", bad))) << error.what();
    EXPECT_EQ(loader.next().step, 3);
}

TEST(DataLoader, ClosesAtAnyMoment) {
    const Dataset data = noise_dataset(30);
    for (int i = 0; i < 60; ++i) {
        Loader loader(data, options_of(10, 1 + i % 4));
        for (int k = 0; k < i % 5; ++k) loader.next();
    }
}

TEST(DataLoader, RefusesImpossibleRequests) {
    const Dataset data = noise_dataset(20);
    const auto refuses = [&](auto change) {
        LoaderOptions options = options_of(5, 1);
        change(options);
        try {
            Loader loader(data, options);
        } catch (const Error&) {
            return true;
        }
        return false;
    };
    EXPECT_FALSE(refuses([](LoaderOptions&) {}));
    EXPECT_TRUE(refuses([](LoaderOptions& o) { o.batch = 21; }));
    EXPECT_TRUE(refuses([](LoaderOptions& o) { o.workers = 0; }));
    EXPECT_TRUE(refuses([](LoaderOptions& o) { o.depth = 0; }));
    EXPECT_TRUE(refuses([](LoaderOptions& o) { o.step = 5; }));
    EXPECT_TRUE(refuses([](LoaderOptions& o) { o.epoch = -1; }));
    EXPECT_TRUE(refuses([](LoaderOptions& o) { o.augment.mirror = 2; }));
}

}  // namespace
}  // namespace facet
