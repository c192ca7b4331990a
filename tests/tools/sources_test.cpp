// Which pictures a configuration names, to learn from and to be judged on.
#include "tools/sources.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/train/data_fixture.h"
#include "tools/synth/source.h"

namespace facet::test {
namespace {

RunConfig synth_config() {
    RunConfig config;
    config.data = "synth";
    config.network.image = 32;
    config.synth_people = 3;
    config.synth_images = 2;
    config.synth_eval_people = 4;
    config.synth_eval_images = 3;
    return config;
}

std::set<std::vector<uint8_t>> contents(const std::vector<Image>& images) {
    std::set<std::vector<uint8_t>> all;
    for (const Image& image : images) all.insert(image.rgb);
    return all;
}

TEST(Sources, ANameMeansTheSourceThatRecognisesIt) {
    EXPECT_TRUE(source_kind("synth").page.procedural);
    for (const char* folder : {"", "synth/", "./synth", "faces", "faces.rec"}) {
        EXPECT_FALSE(source_kind(folder).page.procedural) << folder;
        EXPECT_TRUE(source_kind(folder).page.has_files) << folder;
    }
    EXPECT_EQ(all_sources_text(), "synth, or a folder DIR/<person>/<image>");
}

TEST(Sources, OnlyOneTakesWhatNoOtherRecognises) {
    const SourceKind second{{.what = "a second folder", .recognises = nullptr}, nullptr};
    EXPECT_THROW(register_source(second), Error);
    EXPECT_EQ(all_sources_text(), "synth, or a folder DIR/<person>/<image>");
}

TEST(Sources, ProceduralPeopleToJudgeOnAreNotThoseLearnedFrom) {
    const RunConfig config = synth_config();
    const Dataset learned = training_data(config);
    const EvalSet judged = *evaluation_data(config);
    EXPECT_EQ(learned.images.size(), 6u);
    EXPECT_EQ(learned.people,
              (std::vector<std::string>{"person_00000", "person_00001", "person_00002"}));
    EXPECT_EQ(judged.images.size(), 12u);
    EXPECT_EQ(judged.people.front(), fmt::format("person_{}", synth::kFirstUnseenPerson));
    // Also where both sets are made alike: the same number of people, pictures and the same seed.
    RunConfig alike = config;
    alike.synth_eval_people = alike.synth_people = 4;
    alike.synth_eval_images = alike.synth_images = 3;
    const auto one = contents(training_data(alike).images);
    const auto other = contents(evaluation_data(alike)->images);
    EXPECT_EQ(one.size(), 12u);
    EXPECT_EQ(other.size(), 12u);
    for (const auto& picture : other) EXPECT_FALSE(one.contains(picture));
}

TEST(Sources, TheSeedOfTheFacesIsTheirOwnOrElseTheRuns) {
    const auto hashes = [](int64_t seed, int64_t synth_seed) {
        RunConfig config = synth_config();
        config.seed = seed;
        config.synth_seed = synth_seed;
        return std::pair(data_hash(training_data(config)), evaluation_data(config)->hash);
    };
    const auto plain = hashes(7, -1);
    EXPECT_EQ(hashes(3, 7), plain);
    EXPECT_EQ(hashes(7, 7), plain);
    EXPECT_NE(hashes(3, -1).first, plain.first);
    EXPECT_NE(hashes(3, -1).second, plain.second);
    EXPECT_EQ(hashes(9, 0), hashes(0, -1)) << "0 is a seed";
}

TEST(Sources, DifficultyIsThatOfBothSets) {
    RunConfig config = synth_config();
    const std::string learned = data_hash(training_data(config)),
                      judged = evaluation_data(config)->hash;
    config.synth_difficulty = 0.5;
    EXPECT_NE(data_hash(training_data(config)), learned);
    EXPECT_NE(evaluation_data(config)->hash, judged);
}

// Down to the resolution and up again, each set by its own.
TEST(Sources, DetailIsTakenFromTheSetThatIsNamed) {
    const RunConfig whole = synth_config();
    RunConfig coarse = whole;
    coarse.resolution = 8;
    const auto coarsened = [](const Image& image, int side) {
        return resize(resize(image, side, side), 32, 32).rgb;
    };
    const Dataset learned = training_data(whole), learned_coarse = training_data(coarse);
    for (size_t i = 0; i < learned.images.size(); ++i) {
        EXPECT_EQ(learned_coarse.images[i].rgb, coarsened(learned.images[i], 8));
    }
    EXPECT_EQ(evaluation_data(coarse)->hash, evaluation_data(whole)->hash);

    RunConfig coarse_eval = whole;
    coarse_eval.eval_resolution = 16;
    EXPECT_EQ(data_hash(training_data(coarse_eval)), data_hash(learned));
    const EvalSet judged = *evaluation_data(whole), judged_coarse = *evaluation_data(coarse_eval);
    for (size_t i = 0; i < judged.images.size(); ++i) {
        EXPECT_EQ(judged_coarse.images[i].rgb, coarsened(judged.images[i], 16));
    }
    EXPECT_NE(judged_coarse.source.find("of 16 pixels"), std::string::npos);
}

class FolderSources : public testing::Test {
protected:
    // Three people with 4, 3 and 1 pictures, taller than wide.
    void SetUp() override {
        const std::pair<const char*, int> people[] = {{"Ann", 4}, {"Bob", 3}, {"Cy", 1}};
        for (const auto& [name, count] : people) {
            for (int i = 1; i <= count; ++i) {
                folder.write(fmt::format("faces/{0}/{0}_{1:04}.jpg", name, i),
                             noise_image(40, 56, name[0] * 10 + i));
            }
        }
        config.data = (folder.path() / "faces").string();
        config.network.image = 32;
    }
    TemporaryFolder folder;
    RunConfig config;
};

TEST_F(FolderSources, PeopleWithTooFewPicturesAndOffTheListAreLeftOut) {
    EXPECT_EQ(training_data(config).people, (std::vector<std::string>{"Ann", "Bob"}));
    config.min_images = 4;
    EXPECT_EQ(training_data(config).people, (std::vector<std::string>{"Ann"}));
    config.min_images = 1;
    EXPECT_EQ(training_data(config).people, (std::vector<std::string>{"Ann", "Bob", "Cy"}));
    config.people = folder.write("list.txt", "2\nBob\t3\nCy\t1\n").string();
    EXPECT_EQ(training_data(config).people, (std::vector<std::string>{"Bob", "Cy"}));
    EXPECT_EQ(training_data(config).size, 32);
}

TEST_F(FolderSources, PairsComeFromTheFolderToJudgeOnOrElseTheOneLearnedFrom) {
    EXPECT_FALSE(evaluation_data(config).has_value());
    config.pairs =
        folder.write("pairs.txt", "2\nAnn\t1\t2\nBob\t1\t3\nAnn\t1\tBob\t1\nAnn\t4\tCy\t1\n")
            .string();
    const EvalSet own = *evaluation_data(config);
    EXPECT_EQ(own.pairs.pairs.size(), 4u);
    EXPECT_TRUE(own.labels.empty());
    folder.write("others/Ann/Ann_0001.jpg", noise_image(40, 56, 999));
    config.eval_data = (folder.path() / "others").string();
    EXPECT_THROW(evaluation_data(config), Error) << "Bob is not there";
    config.eval_data = config.data;
    config.data = (folder.path() / "others").string();
    EXPECT_EQ(evaluation_data(config)->hash, own.hash);
    config.eval_resolution = 8;
    EXPECT_EQ(evaluation_data(config)->images[0].rgb,
              resize(resize(own.images[0], 8, 8), 32, 32).rgb);
}

TEST_F(FolderSources, WithoutPairsTheyAreDrawnFromTheFolderToJudgeOn) {
    config.eval_data = config.data;
    config.data = "synth";
    const EvalSet drawn = *evaluation_data(config);
    EXPECT_EQ(drawn.people, (std::vector<std::string>{"Ann", "Bob", "Cy"}));
    EXPECT_EQ(drawn.labels, (std::vector<int>{0, 0, 0, 0, 1, 1, 1, 2}));
    const Image stored = load_image(folder.path() / "faces/Bob/Bob_0002.jpg");
    EXPECT_EQ(drawn.images[5].rgb, resize(centre_square(stored), 32, 32).rgb);
    config.eval_resolution = 8;
    EXPECT_EQ(evaluation_data(config)->images[5].rgb,
              resize(resize(drawn.images[5], 8, 8), 32, 32).rgb);
}

TEST(Cards, SayWhatWasJudgedHow) {
    const TemporaryFolder folder;
    const auto model = folder.write("m.safetensors", "not read");
    ResNetConfig network;
    network.image = 112;
    EvalSet set;
    set.source = "the pairs";
    set.hash = "0123";
    set.images.resize(5);
    Verification verification;
    verification.auc = 0.75;
    const EvaluationCard with = card_of(model, network, set, true, verification),
                         without = card_of(model, network, set, false, verification);
    EXPECT_EQ(with.data, "the pairs");
    EXPECT_EQ(with.data_hash, "0123");
    EXPECT_EQ(with.images, 5);
    EXPECT_EQ(with.verification.auc, 0.75);
    EXPECT_NE(with.model.find("r10 at 112 pixels, D = 256"), std::string::npos) << with.model;
    EXPECT_NE(with.flags.at("mirror"), without.flags.at("mirror"));
    EXPECT_EQ(without.flags.at("mirror"), "not used");
    folder.write("m.safetensors", "changed");
    EXPECT_NE(card_of(model, network, set, true, verification).model_hash, with.model_hash);
}

}  // namespace
}  // namespace facet::test
