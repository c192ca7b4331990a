#include <algorithm>
#include <chrono>
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
    EXPECT_LE(buffers.size(), 6u);  // depth, one being made, one in use, one to spare
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
