// Training batches that the device makes of 8-bit pictures, against those that the loader's threads
// make; training with them, interrupted and not.
#include "tests/gpudoubles/training.h"
#include "tests/train/data_fixture.h"
#include "train/embed.h"
#include "train/trainer.h"

namespace gpudoubles {
namespace {

using namespace facet;

constexpr int kPictures = 2;  // a batch

class Pictures : public CleanTest {
protected:
    Device& cuda = cuda_device(Precision::Float32);
};

Dataset noise_pictures(int count, int size) {
    Dataset data;
    data.size = size;
    data.people = {"even", "odd"};
    for (int i = 0; i < count; ++i) {
        data.images.push_back(test::noise_image(size, size, i));
        data.labels.push_back(i % 2);
        data.files.push_back(fmt::format("{}.png", i));
    }
    return data;
}

LoaderOptions options_of(bool on_device) {
    LoaderOptions options;
    options.batch = kPictures;
    options.seed = 5;
    options.on_device = on_device;
    return options;
}

Tensor made_on(Device& device, const ImageBatch& batch) {
    const DevicePictures pictures = upload_beside(device, batch.pictures);
    device.await_uploads();
    const Tensor pixels(device, {kPictures, 3, batch.pictures.H, batch.pictures.W});
    make_pixels(pictures, pixels);
    return pixels;
}

TEST_F(Pictures, BatchesAreThoseOfTheLoadersThreads) {
    const Dataset data = noise_pictures(10, 24);
    Loader on_host(data, options_of(false)), on_device(data, options_of(true));
    for (int step = 0; step < 5; ++step) {  // of three epochs
        const ImageBatch expected = on_host.next(), found = on_device.next();
        EXPECT_EQ(found.images, expected.images);
        EXPECT_EQ(found.labels, expected.labels);
        EXPECT_TRUE(found.pixels.empty());
        const std::vector<double> pixels = made_on(cuda, found).to_doubles();
        ASSERT_EQ(pixels.size(), expected.pixels.size());
        // The tolerance of tests/gpusim/picture_kernels_test.cpp.
        for (size_t i = 0; i < pixels.size(); ++i)
            ASSERT_NEAR(pixels[i], expected.pixels[i], 2e-5 * (1 + std::abs(expected.pixels[i])));
    }
}

TEST_F(Pictures, WithoutVariationsTheyAreNormalisedExactly) {
    const Dataset data = noise_pictures(kPictures, 13);
    ImageBatch batch;
    batch.pictures.H = batch.pictures.W = 13;
    std::vector<float> expected(kPictures * 3 * 13 * 13);
    for (int64_t n = 0; n < kPictures; ++n) {
        const Image& image = data.images[n];
        batch.pictures.pictures.insert(batch.pictures.pictures.end(), image.rgb.begin(),
                                       image.rgb.end());
        to_floats(image, &expected[n * 3 * 13 * 13]);
    }
    EXPECT_EQ(made_on(cuda, batch).to_vector<float>(), expected);
}

TEST_F(Pictures, WhatDoesNotFitIsRefused) {
    PictureBatch batch{.H = 2, .W = 2, .pictures = std::vector<uint8_t>(23)};
    EXPECT_THROW(upload_beside(cuda, batch), Error);
    batch.pictures.resize(24);
    batch.variations.resize(1);
    EXPECT_THROW(upload_beside(cuda, batch), Error);
    EXPECT_THROW(upload_beside(cpu_device(), batch), Error);
}

RunConfig small_run(int64_t steps) {
    RunConfig config;
    config.steps = steps;
    config.batch = kPictures;
    config.network.image = kImage;
    config.network.embedding = kEmbedding;
    config.seed = 1;
    config.schedule.lr = 0.01;
    return config;
}

// What is seen of a run.
struct Seen {
    Doubles losses, norms;
    std::vector<std::string> hashes;  // of the parameters after each step
    Named tensors;
};

// Interrupted after `stop_after` steps.
Seen train_on(Device& device, const Dataset& data, RunFolder& folder, int64_t stop_after) {
    Trainer trainer(device, small_run(10), folder, data, nullptr);
    trainer.resume();
    Seen seen;
    std::atomic<bool> stop = false;
    const auto on_step = [&](const StepReport& report) {
        seen.losses.push_back(report.result.loss);
        seen.norms.push_back(report.result.gradient_norm);
        seen.hashes.push_back(trainer.learner().parameter_hash());
        stop = report.step == stop_after;
    };
    TrainEvents events;
    events.step = on_step;
    trainer.run(stop, events);
    for (const auto& [name, tensor] : trainer.learner().tensors())
        seen.tensors.emplace_back(name, tensor.to_doubles());
    return seen;
}

Seen train_without_stop(Device& device, const Dataset& data) {
    const test::TemporaryFolder temporary;
    RunFolder folder = RunFolder::create(temporary.path() / "run");
    return train_on(device, data, folder, 10);
}

// The tolerances of learner_test.cpp.
TEST_F(Pictures, TenStepsFollowTheCpuAndAnInterruptionChangesNoBit) {
    const Dataset data = noise_pictures(9, kImage);
    const Seen expected = train_without_stop(cpu_device(), data);
    const Seen found = train_without_stop(cuda, data);
    ASSERT_EQ(found.losses.size(), 10u);
    EXPECT_NEAR(found.losses[0], expected.losses[0], 1e-5 * expected.losses[0]);
    EXPECT_LT(distance_of(found.losses, expected.losses), 1e-2);
    EXPECT_LT(distance_of(found.norms, expected.norms), 5e-2);
    EXPECT_LT(largest_distance(found.tensors, expected.tensors).distance, 5e-2);

    const test::TemporaryFolder temporary;
    RunFolder folder = RunFolder::create(temporary.path() / "run");
    EXPECT_EQ(train_on(cuda, data, folder, 2).hashes.size(), 2u);
    const Seen resumed = train_on(cuda, data, folder, 4);
    ASSERT_EQ(resumed.hashes.size(), 2u);
    EXPECT_EQ(resumed.hashes[1], found.hashes[3]);
}

// Evaluation goes the same way; its pixels have the same bits, so only the networks' rounding
// shows.
TEST_F(Pictures, EmbeddingsAreNearTheCpus) {
    const Dataset data = noise_pictures(3, 64);
    const auto embed = [&](Device& device) {
        Initialiser init(device, 1);
        ResNet network(init, {.embedding = kEmbedding});
        const std::vector<float> embeddings = embed_images(network, data.images, true);
        return Doubles(embeddings.begin(), embeddings.end());
    };
    EXPECT_LT(distance_of(embed(cuda), embed(cpu_device())), 1e-4);
}

}  // namespace
}  // namespace gpudoubles
