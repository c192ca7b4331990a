// The loop on the CPU device: what of a configuration reaches the loader, the learner, the log and
// the files, with r10 on pictures of noise.
#include "train/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "engine/cpu/onednn.h"
#include "tests/train/small_run.h"
#include "train/checkpoint.h"
#include "train/files/atomic.h"
#include "train/files/json_lines.h"

namespace facet::test {
namespace {

RunConfig small_config() {
    RunConfig config = noise_run();
    config.seed = 3;
    return config;
}

struct Logged {
    std::vector<double> lr, loss;
    std::vector<int64_t> epoch;
    std::vector<std::string> hash;
    int evaluations = 0;
};

class TrainerTest : public testing::Test {
protected:
    TemporaryFolder folder;
    Dataset data = noise_data(5, 4);
    EvalSet evaluation = draw_pairs(data, "noise", 6, 1);
    std::atomic<bool> stop = false;
    int runs = 0;

    std::filesystem::path next_path() { return folder.path() / fmt::format("run{}", runs++); }

    Logged train(const RunConfig& config, std::function<void(const StepReport&)> progress = {}) {
        RunFolder run = RunFolder::create(next_path());
        Trainer trainer(cpu_device(), config, run, data, &evaluation);
        Logged logged;
        TrainEvents events;
        events.step = progress;
        events.evaluation = [&](int64_t, const Verification&) { ++logged.evaluations; };
        trainer.run(stop, events);
        each_json_line(run.log(), [&](const nlohmann::json& line) {
            if (line.contains("evaluation")) return;
            logged.lr.push_back(line.at("lr"));
            logged.loss.push_back(line.at("loss"));
            logged.epoch.push_back(line.at("epoch"));
            logged.hash.push_back(line.at("hash"));
        });
        return logged;
    }
};

TEST_F(TrainerTest, EachStepHasTheRateOfItsOwnNumber) {
    RunConfig config = small_config();
    config.schedule.kind = "poly";
    config.schedule.power = 1.5;
    config.schedule.lr = 0.02;
    config.schedule.final_lr = 0.001;
    config.schedule.warmup = 2;
    std::vector<double> progress;
    const Logged logged =
        train(config, [&](const StepReport& step) { progress.push_back(step.lr); });
    ASSERT_EQ(logged.lr.size(), 5u);
    EXPECT_EQ(logged.lr, progress);
    EXPECT_EQ(logged.lr[0], 0.01);  // the first of two steps of warm-up
    EXPECT_EQ(logged.lr[1], 0.02);
    for (int64_t step = 0; step < 5; ++step) {
        EXPECT_EQ(logged.lr[step], learning_rate(config.schedule, step, 5)) << step;
    }
}

// The rate that is logged is the one that is used.
TEST_F(TrainerTest, AStepWithoutARateMovesNothing) {
    RunConfig config = small_config();
    config.schedule = {
        .kind = "step", .lr = 0.05, .warmup = 0, .milestones = {0.35}, .factor = 1e-30};
    // Steps 0 and 1 lie before 35 % of five steps; from step 2 on parameters rest, and of the hash
    // only running statistics move.
    std::vector<std::vector<double>> proxies;
    RunFolder run = RunFolder::create(next_path());
    Trainer trainer(cpu_device(), config, run, data, &evaluation);
    TrainEvents events;
    events.step = [&](const StepReport&) {
        proxies.push_back(trainer.learner().head().step().w.to_doubles());
    };
    trainer.run(stop, events);
    ASSERT_EQ(proxies.size(), 5u);
    EXPECT_NE(proxies[0], proxies[1]);
    for (int step = 2; step < 5; ++step) EXPECT_EQ(proxies[step], proxies[1]) << step;
}

TEST_F(TrainerTest, StepsOrElseEpochsDecideTheLength) {
    RunConfig config = small_config();
    const auto total = [&] {
        RunFolder run = RunFolder::create(next_path());
        return Trainer(cpu_device(), config, run, data, nullptr).total_steps();
    };
    EXPECT_EQ(total(), 5);
    config.epochs = 3;
    EXPECT_EQ(total(), 15);
    config.steps = 7;
    EXPECT_EQ(total(), 7);
    config.steps = 0;
    config.batch = 6;
    EXPECT_EQ(total(), 9);  // of 20 images three batches of six
}

TEST_F(TrainerTest, EpochsAreCountedAndEvaluatedAfter) {
    RunConfig config = small_config();
    config.epochs = 4;
    config.eval_every = 2;
    const Logged logged = train(config);
    EXPECT_EQ(logged.evaluations, 2);  // after the second epoch and at the end
    ASSERT_EQ(logged.epoch.size(), 20u);
    for (int64_t step = 0; step < 20; ++step) EXPECT_EQ(logged.epoch[step], step / 5);
}

TEST_F(TrainerTest, CheckpointsComeWhenTheyAreDue) {
    RunConfig config = small_config();
    config.checkpoint_every = 2;
    RunFolder run = RunFolder::create(next_path());
    Trainer trainer(cpu_device(), config, run, data, nullptr);
    std::vector<bool> there;
    TrainEvents events;
    events.step = [&](const StepReport&) {
        there.push_back(std::filesystem::exists(run.checkpoint()));
        std::filesystem::remove(run.checkpoint());
    };
    trainer.run(stop, events);
    // Looked at before the step's own checkpoint: those of steps 0, 2 and 4.
    EXPECT_EQ(there, (std::vector<bool>{true, false, true, false, true}));
    EXPECT_TRUE(std::filesystem::exists(run.checkpoint())) << "of the last step";
}

TEST_F(TrainerTest, TheSeedIsThatOfNetworkOrderAndVariations) {
    RunConfig config = small_config();
    const Logged one = train(config), again = train(config);
    EXPECT_EQ(one.hash, again.hash);
    config.seed = 4;
    EXPECT_NE(train(config).hash, one.hash);
}

TEST_F(TrainerTest, TheLoaderIsToldWhatTheConfigurationSays) {
    RunConfig config = small_config();
    config.batch = 8;
    config.seed = 11;
    config.workers = 3;
    config.augment = {.mirror = 0.1,
                      .rotation = 1,
                      .scale = 0.2,
                      .shift = 0.3,
                      .brightness = 0.4,
                      .contrast = 0.5,
                      .grey = 0.6,
                      .erase = 0.7};
    const LoaderOptions plain = loader_options(config);
    EXPECT_EQ(plain.batch, 8);
    EXPECT_EQ(plain.per_person, 0);
    EXPECT_EQ(plain.seed, 11u);
    EXPECT_EQ(plain.workers, 3);
    EXPECT_EQ(plain.augment.mirror, 0.1);
    EXPECT_EQ(plain.augment.rotation, 1);
    EXPECT_EQ(plain.augment.scale, 0.2);
    EXPECT_EQ(plain.augment.shift, 0.3);
    EXPECT_EQ(plain.augment.brightness, 0.4);
    EXPECT_EQ(plain.augment.contrast, 0.5);
    EXPECT_EQ(plain.augment.grey, 0.6);
    EXPECT_EQ(plain.augment.erase, 0.7);
    config.loss = "triplet";
    EXPECT_EQ(loader_options(config).per_person, 4);
    config.per_person = 2;
    EXPECT_EQ(loader_options(config).per_person, 2);
}

// With parameters that hardly move, the first loss follows from the pictures of the first batch.
TEST_F(TrainerTest, TheLoaderUsesWhatItIsTold) {
    RunConfig config = small_config();
    config.steps = 1;
    config.network.dropout = 0;
    config.augment = {.mirror = 0,
                      .rotation = 0,
                      .scale = 0,
                      .shift = 0,
                      .brightness = 0,
                      .contrast = 0,
                      .grey = 0,
                      .erase = 0};
    const double plain = train(config).loss.at(0);
    const auto with = [&](double AugmentOptions::*option, double value) {
        RunConfig other = config;
        other.augment.*option = value;
        return train(other).loss.at(0);
    };
    for (const auto option :
         {&AugmentOptions::mirror, &AugmentOptions::rotation, &AugmentOptions::scale,
          &AugmentOptions::shift, &AugmentOptions::brightness, &AugmentOptions::contrast,
          &AugmentOptions::grey, &AugmentOptions::erase}) {
        EXPECT_NE(with(option, 0.9), plain);
    }
    config.per_person = 2;
    EXPECT_NE(train(config).loss.at(0), plain);
}

TEST_F(TrainerTest, TheConvolutionIsTheOneNamed) {
    RunConfig config = small_config();
    const ConvAlgorithm before = conv_algorithm();
    std::vector<std::pair<const char*, ConvAlgorithm>> names{{"direct", ConvAlgorithm::Direct},
                                                             {"auto", ConvAlgorithm::Auto}};
    if (onednn::offers_winograd()) names.emplace_back("winograd", ConvAlgorithm::Winograd);
    for (const auto& [name, algorithm] : names) {
        config.conv = name;
        RunFolder run = RunFolder::create(next_path());
        const Trainer trainer(cpu_device(), config, run, data, nullptr);
        EXPECT_EQ(conv_algorithm(), algorithm) << name;
    }
    set_conv_algorithm(before);
}

// The whole loop, written out: batches of the loader, rates of the schedule, steps of the learner.
TEST_F(TrainerTest, TheLoopIsThatOfLoaderScheduleAndLearner) {
    RunConfig config = small_config();
    config.epochs = 2;
    config.loss = "elasticface";
    const Logged logged = train(config);
    Loader loader(data, loader_options(config));
    Learner learner(cpu_device(), learner_config(config), 5);
    for (int64_t step = 0; step < 10; ++step) {
        const ImageBatch batch = loader.next();
        const Tensor pixels =
            Tensor::from(cpu_device(), {4, 3, 32, 32}, std::span<const float>(batch.pixels));
        const StepResult result = learner.step(pixels, {batch.labels.begin(), batch.labels.end()},
                                               learning_rate(config.schedule, step, 10), step);
        EXPECT_EQ(result.loss, logged.loss.at(step)) << step;
        EXPECT_EQ(learner.parameter_hash(), logged.hash.at(step)) << step;
    }
}

TEST_F(TrainerTest, ARunIsNotResumedWithOtherPicturesOrAnotherBatch) {
    RunConfig config = small_config();
    RunFolder run = RunFolder::create(next_path());
    Trainer(cpu_device(), config, run, data, nullptr).run(stop, {});
    const auto refusal = [&](const RunConfig& with, const Dataset& pictures) {
        return thrown_by<Error>(
            [&] { Trainer(cpu_device(), with, run, pictures, nullptr).resume(); });
    };
    Dataset changed = data;
    changed.images[3].rgb[5] ^= 1;
    EXPECT_TRUE(contains(refusal(config, changed).what(), "the training images have changed"));
    RunConfig smaller = config;
    smaller.batch = 2;
    EXPECT_TRUE(contains(refusal(smaller, data).what(), "the checkpoint has batch 4, the run 2"));
}

TEST_F(TrainerTest, AStoppedRunGoesOnWhereItWas) {
    RunConfig config = small_config();
    config.epochs = 2;
    config.optimiser.kind = "adamw";
    config.schedule.lr = 0.001;
    const Logged straight = train(config);
    const std::filesystem::path path = next_path();
    {
        RunFolder run = RunFolder::create(path);
        Trainer trainer(cpu_device(), config, run, data, &evaluation);
        TrainEvents events;
        events.step = [&](const StepReport& step) { stop = step.step == 7; };
        EXPECT_EQ(trainer.run(stop, events), Outcome::Interrupted);
        EXPECT_EQ(trainer.steps_done(), 7);
        write_file_atomically(run.config(), "");  // a run that can be opened
    }
    stop = false;
    RunFolder run = RunFolder::open(path);
    run.claim();
    Trainer trainer(cpu_device(), config, run, data, &evaluation);
    trainer.resume();
    EXPECT_EQ(trainer.steps_done(), 7);
    EXPECT_EQ(trainer.learner().optimiser().steps(), 7);
    EXPECT_EQ(trainer.run(stop, {}), Outcome::Finished);
    std::vector<std::string> hashes;
    each_json_line(run.log(), [&](const nlohmann::json& line) {
        if (line.contains("hash")) hashes.push_back(line.at("hash"));
    });
    EXPECT_EQ(hashes, straight.hash);
}

}  // namespace
}  // namespace facet::test
