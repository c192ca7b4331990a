// Whole training runs: the same seed gives the same bytes, an interruption changes nothing, and
// what is wrong is said in one line.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/training_runs.h"
#include "tests/train/data_fixture.h"
#include "tools/sources.h"
#include "train/eval/floors.h"
#include "train/files/npy.h"
#include "train/files/safetensors.h"
#include "train/model.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

// Another optimiser, a loss that learns a bias, sampled classes, as many images of each person in a
// batch, an evaluation after every epoch.
const std::string other_run =
    small_run +
    "--loss softmax --optimizer adamw --lr 0.001 --sample-rate 0.75 --per-person 2 "
    "--eval-every 1 ";

// The lines of a log without what depends on the clock.
std::vector<std::string> timeless_lines(const fs::path& log) {
    std::vector<std::string> lines;
    std::ifstream in(log);
    for (std::string line; std::getline(in, line);) {
        auto entry = nlohmann::json::parse(line);
        entry.erase("images_per_s");
        entry.erase("seconds");
        lines.push_back(entry.dump());
    }
    return lines;
}

// The sixteen digits that stand behind these words.
std::string hash_after(const std::string& words, const std::string& text) {
    const size_t at = text.find(words);
    return at == std::string::npos ? "" : text.substr(at + words.size(), 16);
}

class TrainCommand : public testing::Test {
protected:
    // The uninterrupted run that others are compared with.
    static void SetUpTestSuite() {
        folder = new TemporaryFolder;
        ASSERT_EQ(run(small_run + "--out '" + whole().string() + "' 2>/dev/null").status, 0);
    }
    static void TearDownTestSuite() { delete folder; }
    static fs::path whole() { return folder->path() / "whole"; }

    static TemporaryFolder* folder;
};
TemporaryFolder* TrainCommand::folder = nullptr;

}  // namespace

TEST_F(TrainCommand, LeavesACompleteRunFolder) {
    for (const char* name : {"config.toml", "log.jsonl", "checkpoint.safetensors",
                             "checkpoint-previous.safetensors", "model.safetensors", "card.json"}) {
        EXPECT_TRUE(fs::exists(whole() / name)) << name;
    }
    EXPECT_EQ(std::distance(fs::directory_iterator(whole()), fs::directory_iterator()), 6);
    const auto hashes = hashes_of(whole() / "log.jsonl");
    EXPECT_EQ(hashes.size(), 21u);
    EXPECT_NE(hashes.front(), hashes.back());
    const auto card = nlohmann::json::parse(content(whole() / "card.json"));
    EXPECT_TRUE(card.contains("data_hash"));
    EXPECT_TRUE(card.contains("floors"));
}

TEST_F(TrainCommand, SameSeedGivesTheSameBytesAndAnotherSeedOthers) {
    ASSERT_EQ(
        run(small_run + "--out '" + (folder->path() / "again").string() + "' 2>/dev/null").status,
        0);
    EXPECT_TRUE(content(whole() / "model.safetensors") ==
                content(folder->path() / "again/model.safetensors"));
    EXPECT_TRUE(content(whole() / "checkpoint.safetensors") ==
                content(folder->path() / "again/checkpoint.safetensors"));
    EXPECT_EQ(hashes_of(whole() / "log.jsonl"), hashes_of(folder->path() / "again/log.jsonl"));
    const std::string first = "diff '" + whole().string() + "' '";
    EXPECT_EQ(run(first + (folder->path() / "again").string() + "'").status, 0);

    ASSERT_EQ(
        run(small_run + "--seed 1 --out '" + (folder->path() / "other").string() + "' 2>/dev/null")
            .status,
        0);
    EXPECT_FALSE(content(whole() / "model.safetensors") ==
                 content(folder->path() / "other/model.safetensors"));
    EXPECT_EQ(run(first + (folder->path() / "other").string() + "'").status, 1);
}

TEST_F(TrainCommand, ItsConfigurationMakesTheSameRunAgain) {
    const std::string config = (whole() / "config.toml").string();
    const std::string out = (folder->path() / "from-config").string();
    ASSERT_EQ(run("train --config '" + config + "' --out '" + out + "' 2>/dev/null").status, 0);
    EXPECT_TRUE(content(whole() / "model.safetensors") ==
                content(folder->path() / "from-config/model.safetensors"));
}

TEST_F(TrainCommand, KilledInTheMiddleOfAnEpochAndResumedGivesTheSameBytes) {
    const fs::path out = folder->path() / "killed";
    ASSERT_TRUE(
        WIFSIGNALED(interrupt(small_run, out, SIGKILL, 10)));  // step 10 is the third of epoch 2
    ASSERT_FALSE(fs::exists(out / "model.safetensors"));
    ASSERT_EQ(run("train --resume '" + out.string() + "' 2>/dev/null").status, 0);
    EXPECT_TRUE(content(whole() / "model.safetensors") == content(out / "model.safetensors"));
    EXPECT_EQ(hashes_of(whole() / "log.jsonl"), hashes_of(out / "log.jsonl"));
}

TEST_F(TrainCommand, WhateverTheOptimiserAndLossAResumedRunLogsTheSame) {
    const fs::path straight = folder->path() / "straight", out = folder->path() / "broken";
    ASSERT_EQ(run(other_run + "--out '" + straight.string() + "' 2>/dev/null").status, 0);
    interrupt(other_run, out, SIGKILL, 12);
    ASSERT_EQ(run("train --resume '" + out.string() + "' 2>/dev/null").status, 0);
    EXPECT_EQ(timeless_lines(straight / "log.jsonl"), timeless_lines(out / "log.jsonl"));
    EXPECT_EQ(timeless_lines(straight / "log.jsonl").size(), 21u + 3);
    EXPECT_TRUE(content(straight / "model.safetensors") == content(out / "model.safetensors"));
    // Resuming a finished run leaves it as it is.
    ASSERT_EQ(run("train --resume '" + out.string() + "' 2>/dev/null").status, 0);
    EXPECT_EQ(timeless_lines(straight / "log.jsonl"), timeless_lines(out / "log.jsonl"));
}

TEST_F(TrainCommand, EmbeddingsOfAFolderComeWithTheirNames) {
    const fs::path faces = folder->path() / "to-embed", array = folder->path() / "e.npy";
    ASSERT_EQ(run("synth --out '" + faces.string() + "' --people 2 --images 3 2>/dev/null").status,
              0);
    const std::string command = "embed --model '" + (whole() / "model.safetensors").string() +
                                "' --data '" + faces.string() + "' --out '";
    const auto network = load_model(cpu_device(), whole() / "model.safetensors");
    DataOptions options;
    options.size = 64;
    const Dataset data = load_data(faces, options);
    for (const bool add_mirror : {false, true}) {
        const std::string flag = add_mirror ? " --mirror" : "";
        ASSERT_EQ(run(command + array.string() + "'" + flag + " >/dev/null 2>&1").status, 0);
        const NpyArray found = read_npy(array);
        EXPECT_EQ(found.shape, (std::vector<int64_t>{6, 32}));
        EXPECT_EQ(npy_as<float>(found), embed_images(*network, data.images, add_mirror));
    }
    std::string names;
    for (const std::string& file : data.files) names += file + "\n";
    EXPECT_EQ(content(folder->path() / "e.txt"), names);
    EXPECT_EQ(errors_of(command + (folder->path() / "e.txt").string() + "'").status, 2);
    EXPECT_EQ(errors_of(command + (folder->path() / "no/e.npy").string() + "'").status, 2);
}

TEST_F(TrainCommand, ControlCWritesACheckpointAndLeavesStatus130) {
    const fs::path out = folder->path() / "interrupted";
    const int status = interrupt(small_run, out, SIGINT, 2);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 130);
    EXPECT_TRUE(fs::exists(out / "checkpoint.safetensors"));
    ASSERT_EQ(run("train --resume '" + out.string() + "' 2>/dev/null").status, 0);
    EXPECT_TRUE(content(whole() / "model.safetensors") == content(out / "model.safetensors"));
}

// The card of a run: floors from the 60 pictures learned from, judged like the network on 16
// others.
TEST_F(TrainCommand, TheCardSaysWhatWasLearnedAndJudged) {
    const auto card = nlohmann::json::parse(content(whole() / "card.json"));
    EXPECT_EQ(card["images"], 16);
    EXPECT_EQ(card["common_with_training"]["pictures"], 0);
    EXPECT_EQ(card["common_with_training"]["of_pictures"], 16);
    EXPECT_EQ(card["common_with_training"]["names_of_people"], 0);
    EXPECT_EQ(card["common_with_training"]["of_names"], 4);
    EXPECT_NE(card["flags"]["mirror"], "not used");
    const auto& floors = card["floors"];
    EXPECT_EQ(floors["pca_images"], 60);
    EXPECT_EQ(floors["with_mirror"], true);
    for (const char* floor : {"raw_pixels", "whitened_pca"}) {
        EXPECT_EQ(floors[floor]["pairs"], card["verification"]["pairs"]) << floor;
        EXPECT_NE(floors[floor]["auc"], card["verification"]["auc"]) << floor;
    }
    RunConfig config;
    read_config(whole() / "config.toml", config);
    const Dataset learned = training_data(config);
    const EvalSet judged = *evaluation_data(config);
    EXPECT_EQ(card["data_hash"], judged.hash);
    const Floors expected = verification_floors(judged.images, judged.pairs, learned.images);
    EXPECT_EQ(floors["whitened_pca"]["auc"], expected.whitened_pca.auc);
    EXPECT_EQ(floors["raw_pixels"]["auc"], expected.raw_pixels.auc);
}

// What `facet eval` prints is what the library says of the pictures named, option by option.
TEST_F(TrainCommand, TheModelIsEvaluatedAsTheOptionsSay) {
    const fs::path model = whole() / "model.safetensors";
    const auto eval = [&](const std::string& options,
                          const std::string& people = "--synth-people 4 --synth-images 4 ") {
        const Outcome outcome = run("eval --model '" + model.string() + "' --data synth --json " +
                                    people + options + " 2>/dev/null");
        EXPECT_EQ(outcome.status, 0) << options;
        return nlohmann::json::parse(outcome.text);
    };
    const auto network = load_model(cpu_device(), model);
    RunConfig config;
    config.data = "synth";
    config.synth_eval_people = config.synth_eval_images = 4;
    const auto expected = [&](bool mirror, const VerifyOptions& options) {
        const EvalSet set = *evaluation_data(config);
        return to_json(card_of(model, network->config(), set, mirror,
                               evaluate(*network, set, mirror, options)));
    };
    const auto expect_same = [](const nlohmann::json& found, const nlohmann::json& known) {
        EXPECT_EQ(found["verification"], known["verification"]);
        EXPECT_EQ(found["data_hash"], known["data_hash"]);
        EXPECT_EQ(found["flags"], known["flags"]);
    };
    const auto plain = eval("");
    expect_same(plain, expected(true, {}));
    // The same unseen people as at the end of the run, so the same figures.
    const auto trained = nlohmann::json::parse(content(whole() / "card.json"));
    EXPECT_EQ(plain["verification"]["similarity"], trained["verification"]["similarity"]);
    EXPECT_EQ(plain["data_hash"], trained["data_hash"]);

    const auto far = eval("--far 3e-1,2e-1");
    expect_same(far, expected(true, {.far_targets = {0.3, 0.2}}));
    EXPECT_EQ(far["verification"]["tar_at_far"].at(1)["target_far"], 0.2);
    const auto alone = eval("--no-mirror");
    expect_same(alone, expected(false, {}));
    EXPECT_NE(alone["verification"]["similarity"], plain["verification"]["similarity"]);
    config.eval_resolution = 16;
    expect_same(eval("--resolution 16"), expected(true, {}));
    config.eval_resolution = 0;
    config.synth_difficulty = 0.5;
    expect_same(eval("--synth-difficulty 0.5"), expected(true, {}));
    config.synth_difficulty = 1;
    config.synth_eval_people = 11;
    config.synth_eval_images = 5;
    config.seed = 9;
    const auto seeded = expected(true, {.seed = 9});
    expect_same(eval("--seed 9", "--synth-people 11 --synth-images 5 "), seeded);
    EXPECT_NE(seeded["verification"], expected(true, {})["verification"]);
    EXPECT_FALSE(plain.contains("floors"));
    EXPECT_TRUE(eval("--floors").contains("floors"));
    const fs::path card = folder->path() / "eval-card.json";
    const auto printed = eval("--card '" + card.string() + "'");
    EXPECT_EQ(printed, nlohmann::json::parse(content(card)));
}

// One error line, a status, and a word that must be in it.
struct WrongUsage {
    std::string arguments;
    int status;
    std::string says;
    std::string before = "";
};

void expect_refused(const WrongUsage& usage) {
    const Outcome outcome = errors_of(usage.arguments, usage.before);
    EXPECT_EQ(outcome.status, usage.status) << usage.arguments << "\n" << outcome.text;
    size_t errors = 0;
    std::istringstream lines(outcome.text);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("facet: error: ")) continue;
        ++errors;
        EXPECT_NE(line.find(usage.says), std::string::npos) << usage.arguments << "\n" << line;
    }
    EXPECT_EQ(errors, 1u) << usage.arguments << "\n" << outcome.text;
}

// Not NaN, which a checkpoint is not read with, but large enough for its convolution to overflow.
TEST_F(TrainCommand, ACorruptedWeightStopsTheRunAndIsBlamed) {
    const fs::path out = folder->path() / "corrupted", file = out / "checkpoint.safetensors";
    interrupt(small_run, out, SIGKILL, 5);  // the checkpoint is of step 4
    SafeTensors checkpoint = read_safetensors(file);
    StoredTensor& stored = checkpoint.tensors.at("layer2.0.conv1.weight");
    std::vector<float> values = tensor_values<float>(stored);
    values.at(7) = std::numeric_limits<float>::max();
    stored = stored_tensor<float>(values, stored.shape);
    write_safetensors(file, checkpoint);

    // The run is refused until its log agrees with the weight.
    fs::remove(out / "checkpoint-previous.safetensors");
    const std::string refusal = errors_of("train --resume '" + out.string() + "'").text;
    const std::string loaded = hash_after("hash is ", refusal);
    const std::string logged = hash_after(", in log.jsonl it is ", refusal);
    ASSERT_TRUE(loaded.size() == 16 && logged.size() == 16) << refusal;
    std::string log = content(out / "log.jsonl");
    ASSERT_NE(log.find(logged), std::string::npos) << refusal;
    std::ofstream(out / "log.jsonl") << log.replace(log.find(logged), 16, loaded);

    const Outcome outcome = errors_of("train --resume '" + out.string() + "'");
    EXPECT_EQ(outcome.status, 1);
    for (const char* part :
         {"not finite at step 4", "conv2d of layer2.0.conv1, forward", "person_", "blame.json"}) {
        EXPECT_NE(outcome.text.find(part), std::string::npos) << part << " in " << outcome.text;
    }
    EXPECT_EQ(nlohmann::json::parse(content(out / "blame.json")).at("step"), 4);
    EXPECT_EQ(read_npy(out / "blame/pixels.npy").shape.at(0), 8);
}

TEST_F(TrainCommand, WrongUsageIsOneLineAndStatus2) {
    const fs::path empty = folder->path() / "empty", lonely = folder->path() / "lonely";
    fs::create_directories(empty);
    ASSERT_EQ(run("synth --out '" + lonely.string() + "' --people 1 --images 4 2>/dev/null").status,
              0);
    const std::string out = " --out '" + (folder->path() / "refused").string() + "'";
    const std::vector<WrongUsage> cases = {
        {"train --data synth --loss arcfase" + out, 2, "arcfase"},
        {"train --data synth --loss cosface --set m=-1" + out, 2, "m=-1"},
        {"train --data synth --loss cosface --set margin=1" + out, 2, "margin"},
        {"train --data synth --lr nought" + out, 2, "--lr"},
        {"train --data synth --loss triplet --sample-rate 0.5" + out, 2, "--sample-rate"},
        {"train --data synth --sample-rate 0" + out, 2, "--sample-rate"},
        {"train --data synth --per-person 3" + out, 2, "--per-person"},
        {"train --data synth --synth-people 4 --batch 32 --per-person 4" + out, 2, "--per-person"},
        {"train --data synth --min-images 2" + out, 2, "--min-images"},
        {"train --data '" + lonely.string() + "' --synth-people 8" + out, 2, "--synth-people"},
        {"train --data synth --lr -1" + out, 2, "lr"},
        {"train --data synth --backbone r11" + out, 2, "r11"},
        {"train --data synth --synth-people 4 --synth-images 2 --batch 64" + out, 2, "--batch"},
        {"train --loss cosface" + out, 2, "--data"},
        {"train --data synth --eval-every 1 --pairs none.txt" + out, 2, "--pairs"},
        {"train --config none.toml" + out, 2, "none.toml"},
        {"train --data synth --seed 99999999999999999999" + out, 2, "seed"},
        {"train --data synth", 2, "--out"},
        {"train --data '" + (folder->path() / "nowhere").string() + "'" + out, 2, "nowhere"},
        {"train --data '" + empty.string() + "'" + out, 2, "empty"},
        {"train --data '" + lonely.string() + "'" + out, 2, "people"},
        {"train --data synth --out '" + whole().string() + "'", 2, "already holds a run"},
        {small_run + "--microscope --microscope-others nosuch" + out, 2, "nosuch"},
        {small_run + "--microscope --microscope-others triplet" + out, 2, "triplet"},
        {small_run + "--steps 8 --profile p" + out, 2, "--profile"},
        {"train --resume '" + empty.string() + "'", 2, "config.toml"},
        {"train --resume '" + whole().string() + "' --lr 1", 2, "--resume"},
    };
    for (const WrongUsage& usage : cases) expect_refused(usage);
    EXPECT_FALSE(fs::exists(folder->path() / "refused" / "config.toml"));  // no run is left behind
}

TEST_F(TrainCommand, ADamagedWorldIsOneLineAndStatus1) {
    const fs::path cut = folder->path() / "cut", faces = folder->path() / "faces";
    fs::copy(whole(), cut, fs::copy_options::recursive);
    for (const char* file : {"checkpoint.safetensors", "checkpoint-previous.safetensors"}) {
        fs::resize_file(cut / file, 100000);
    }
    ASSERT_EQ(run("synth --out '" + faces.string() + "' --people 3 --images 4 2>/dev/null").status,
              0);
    // One damaged picture of twelve is more than 1 %.
    for (const auto& entry : fs::recursive_directory_iterator(faces)) {
        if (!entry.is_regular_file() || entry.path().extension() == ".json") continue;
        fs::resize_file(entry.path(), 40);
        break;
    }
    const std::string full = "ulimit -f 64;";  // no file above 64 blocks
    const std::vector<WrongUsage> cases = {
        {"train --resume '" + cut.string() + "'", 1, "truncated"},
        {"train --data '" + faces.string() + "' --out '" + (folder->path() / "a").string() + "'", 1,
         "%"},
        {small_run + "--out /proc/facet-run", 1, "/proc/facet-run"},
        {small_run + "--out '" + (folder->path() / "disk").string() + "'", 1, "too large", full},
        {"eval --data synth --model '" + (whole() / "card.json").string() + "'", 1, "card.json"},
    };
    for (const WrongUsage& usage : cases) expect_refused(usage);
}

}  // namespace facet::test
