// From which checkpoint a run goes on when something is wrong with what a killed run left.
#include "train/resume.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/noise.h"
#include "tests/train/data_fixture.h"
#include "train/checkpoint.h"
#include "train/files/file_reader.h"
#include "train/files/safetensors.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

constexpr int64_t B = 4, C = 3;

LearnerConfig small() {
    LearnerConfig config;
    config.network.embedding = 8;
    config.head.loss = "adaface";  // keeps a state
    return config;
}

// A run of 5 steps with checkpoints after 0, 2 and 4.
class Resume : public testing::Test {
protected:
    Resume() : folder_(RunFolder::create(temporary_.path() / "run")) {
        save(0);
        for (int64_t step = 1; step <= 5; ++step) {
            learner_.step(noise_images(cpu_device(), B), {0, 1, 2, 0}, 0.01, step - 1);
            folder_.append({{"step", step}, {"hash", learner_.parameter_hash()}});
            hashes_[step] = learner_.parameter_hash();
            if (step % 2 == 0) save(step);
        }
    }

    void save(int64_t step) {
        save_checkpoint(folder_.checkpoint(), learner_, {step, B, "data"}, folder_.previous());
    }

    std::map<std::string, std::string> files() const {
        std::map<std::string, std::string> all;
        for (const auto& entry : fs::directory_iterator(folder_.path())) {
            all[entry.path().filename().string()] = read_file(entry.path());
        }
        return all;
    }

    static void flip_a_bit(const fs::path& file, size_t at) {
        std::string bytes = read_file(file);
        bytes.at(at) ^= 4;
        std::ofstream(file, std::ios::binary) << bytes;
    }

    // Says `why`, goes on from the checkpoint of step 2, and leaves a folder that agrees with it.
    void expect_to_fall_back(const std::string& why) {
        Learner resumed(cpu_device(), small(), C);
        const auto before = files();
        const Resumption found = restore(folder_, resumed);
        EXPECT_EQ(files(), before);
        ASSERT_TRUE(found.position && found.fell_back) << why;
        EXPECT_EQ(found.position->steps, 2);
        EXPECT_EQ(resumed.parameter_hash(), hashes_[2]);
        EXPECT_TRUE(contains(found.warning, why)) << found.warning;
        settle_folder(folder_, found, true);
        EXPECT_EQ(folder_.logged().steps(), 2);
        EXPECT_EQ(read_file(folder_.checkpoint()), before.at("checkpoint-previous.safetensors"));
        // The next checkpoint must not put the damaged one in the place of the whole one.
        save_checkpoint(folder_.checkpoint(), resumed, {3, B, "data"}, folder_.previous());
        EXPECT_EQ(read_file(folder_.previous()), before.at("checkpoint-previous.safetensors"));
    }

    TemporaryFolder temporary_;
    RunFolder folder_;
    Learner learner_{cpu_device(), small(), C};
    std::map<int64_t, std::string> hashes_;
};

TEST_F(Resume, FromTheLastCheckpoint) {
    Learner resumed(cpu_device(), small(), C);
    const Resumption found = restore(folder_, resumed);
    ASSERT_TRUE(found.position);
    EXPECT_EQ(found.position->steps, 4);
    EXPECT_EQ(found.logged, 5);
    EXPECT_EQ(found.warning, "");
    EXPECT_EQ(resumed.parameter_hash(), hashes_[4]);
    settle_folder(folder_, found, true);
    EXPECT_EQ(folder_.logged().steps(), 4);
}

// A number is the same however it was written: as typed, or as a default is.
TEST_F(Resume, FromAnotherSpellingOfTheSameLossOnly) {
    const auto resumed_with = [&](const char* eps) {
        LearnerConfig config = small();
        config.head.loss_parameters = {{"eps", eps}};
        Learner resumed(cpu_device(), config, C);
        return load_checkpoint(folder_.checkpoint(), resumed).steps;
    };
    ASSERT_TRUE(contains(learner_.loss().describe(), "eps=0.001"));
    EXPECT_EQ(resumed_with("1e-3"), 4);
    EXPECT_EQ(resumed_with("0.0010"), 4);
    const Error error = thrown_by<Error>([&] { resumed_with("0.0011"); });
    EXPECT_TRUE(contains(error.what(), "this run has 'adaface")) << error.what();
}

TEST_F(Resume, FallsBackWhereTheLastIsMissing) {
    fs::remove(folder_.checkpoint());
    expect_to_fall_back("it is missing");
}

TEST_F(Resume, FallsBackWhereTheLastIsTorn) {
    fs::resize_file(folder_.checkpoint(), fs::file_size(folder_.checkpoint()) / 2);
    expect_to_fall_back("truncated");
}

TEST_F(Resume, FallsBackWhereABitOfTheLastIsFlipped) {
    flip_a_bit(folder_.checkpoint(), fs::file_size(folder_.checkpoint()) - 100);
    expect_to_fall_back("checksum");
}

TEST_F(Resume, FallsBackWhereTheParametersAreNotThoseOfTheLog) {
    SafeTensors content = read_safetensors(folder_.checkpoint());
    content.tensors.at("head.weight").bytes.at(0) ^= std::byte{1};
    write_safetensors(folder_.checkpoint(), content);  // with a checksum that is right
    expect_to_fall_back("its parameters are not those of step 4");
}

TEST_F(Resume, FallsBackWhereTheLogIsDamagedBeforeTheLast) {
    std::string log = read_file(folder_.log());
    log.at(log.find("\"step\":3")) = 'x';
    std::ofstream(folder_.log()) << log;
    expect_to_fall_back("log.jsonl can be read to step 2 only");
}

TEST_F(Resume, IsRefusedWhereNoCheckpointIsWhole) {
    fs::remove(folder_.checkpoint());
    flip_a_bit(folder_.previous(), 4000);
    const auto before = files();
    Learner resumed(cpu_device(), small(), C);
    const Error error = thrown_by<Error>([&] { restore(folder_, resumed); });
    for (const char* part : {"it is missing", "checkpoint-previous.safetensors", "5 steps"}) {
        EXPECT_TRUE(contains(error.what(), part)) << part << " in " << error.what();
    }
    EXPECT_TRUE(contains(error.hint(), "facet train --config"));
    EXPECT_EQ(files(), before);
}

// Two runs that wrote into one log leave steps that do not follow each other.
TEST_F(Resume, ALogOfTwoRunsIsReadAsFarAsItIsOne) {
    std::string log = read_file(folder_.log());
    std::ofstream(folder_.log()) << log + log;
    EXPECT_EQ(folder_.logged().steps(), 5);
    EXPECT_EQ(folder_.logged().lines, 10);
}

TEST_F(Resume, BeforeTheFirstCheckpointARunBeginsAgainAndOnlyThen) {
    for (const fs::path& file : {folder_.checkpoint(), folder_.previous(), folder_.log()}) {
        fs::remove(file);
    }
    Learner fresh(cpu_device(), small(), C);
    EXPECT_FALSE(restore(folder_, fresh).position);
    std::ofstream(folder_.model()) << "of a run that has ended";
    EXPECT_THROW(restore(folder_, fresh), Error);
    fs::remove(folder_.model());
    std::ofstream(folder_.log()) << "no step, but a line\n";
    EXPECT_THROW(restore(folder_, fresh), Error);
}

}  // namespace
}  // namespace facet::test
