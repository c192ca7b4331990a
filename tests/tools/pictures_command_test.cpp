// What commands that read pictures say of them: what was left out, what was seen in training, and
// names that are any bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "train/config.h"
#include "train/files/json_lines.h"
#include "train/files/npy.h"
#include "train/files/safetensors.h"
#include "train/files/text.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

const std::string small_run =
    "train --backbone r10 --image 32 --embedding 16 --batch 4 --steps 2 --warmup 0 ";

// `people` persons, 000 on, of three pictures each, that no other `seed` has.
void write_people(const TemporaryFolder& folder, const std::string& name, int people,
                  uint64_t seed) {
    for (int p = 0; p < people; ++p) {
        for (int i = 0; i < 3; ++i)
            folder.write(fmt::format("{}/{:03}/{:03}_{:04}.png", name, p, p, i + 1),
                         noise_image(32, 32, seed + 3 * p + i));
    }
}

std::string quoted(const fs::path& path) { return "'" + path.string() + "' "; }

// Standard output and error together.
Outcome both(const std::string& arguments) { return run(arguments + " 2>&1"); }

nlohmann::json json_of(const fs::path& file) { return nlohmann::json::parse(content(file)); }

class PicturesCommand : public testing::Test {
protected:
    // A run on 000 to 003; 000 and 001 are other people to judge on, 002 has a picture learned
    // from.
    void SetUp() override {
        write_people(folder, "learn", 4, 100);
        write_people(folder, "judge", 2, 200);
        for (int i = 0; i < 3; ++i)
            folder.write(fmt::format("judge/new/{}.ppm", i), noise_image(32, 32, i == 0 ? 105 : i));
        folder.write("learn/000/old/1.png", noise_image(32, 32, 1));
        folder.write("learn/once/1.png", noise_image(32, 32, 2));
        folder.write("learn/root.png", noise_image(32, 32, 3));
    }
    Outcome train(const fs::path& out, const std::string& more = "") const {
        return both(small_run + "--data " + quoted(folder.path() / "learn") + "--eval-data " +
                    quoted(folder.path() / "judge") + more + "--out " + quoted(out));
    }

    TemporaryFolder folder;
};

}  // namespace

TEST_F(PicturesCommand, WhatIsLeftOutIsPrintedLoggedAndInTheCard) {
    const fs::path out = folder.path() / "run";
    folder.write("judge/notes.txt", "no picture");
    const Outcome outcome = train(out);
    ASSERT_EQ(outcome.status, 0) << outcome.text;
    for (const char* line :
         {"left out: 1 image: in a folder within a person's, first 000/old/1.png\n",
          "left out: 1 image: directly in the folder, not in a person's, first root.png\n",
          "left out: 1 person (1 image): fewer than 2 images, first once\n",
          "left out: 1 file: not .jpg, .png, .pgm or .ppm by their names, first notes.txt\n"})
        EXPECT_TRUE(contains(outcome.text, line)) << line << outcome.text;
    const auto log = json_lines(out / "log.jsonl");
    ASSERT_EQ(log.size(), 4u);  // what was left out, two steps, an evaluation
    EXPECT_EQ(log[0]["step"], 0);
    EXPECT_EQ(log[0]["left_out"]["train"].size(), 3u);
    EXPECT_EQ(log[0]["left_out"]["eval"][0]["first"], "notes.txt");
    const auto card = json_of(out / "card.json");
    EXPECT_EQ(card["left_out"], log[0]["left_out"]["eval"]);
    EXPECT_EQ(card["left_out_of_training"], log[0]["left_out"]["train"]);
    // Readers of the log pass over the line.
    EXPECT_EQ(run("diff " + quoted(out) + quoted(out) + "2>&1").status, 0);
    EXPECT_EQ(run("inspect " + quoted(out)).status, 0);
    ASSERT_EQ(run("train --resume " + quoted(out) + "2>/dev/null").status, 0);
    EXPECT_EQ(json_lines(out / "log.jsonl").size(), 4u);
    const fs::path compared = folder.path() / "compared";
    const Outcome comparison = both(
        "compare --losses cosface,softmax --seeds 1 --backbone r10 --image 32 --embedding 16 "
        "--batch 4 --steps 2 --warmup 0 --data " +
        quoted(folder.path() / "learn") + "--eval-data " + quoted(folder.path() / "judge") +
        "--out " + quoted(compared));
    EXPECT_EQ(comparison.status, 0) << comparison.text;
    EXPECT_TRUE(contains(comparison.text, "left out: 1 person")) << comparison.text;
}

TEST_F(PicturesCommand, NamesInCommonAreNoLeakAndPicturesAre) {
    const fs::path out = folder.path() / "run", model = out / "model.safetensors";
    const Outcome outcome = train(out);
    EXPECT_TRUE(contains(outcome.text, "warning: 1 of the 9 pictures evaluated on are also"))
        << outcome.text;
    EXPECT_TRUE(contains(outcome.text, "2 of the 3 people evaluated on have names in common"))
        << outcome.text;
    const auto expected = nlohmann::json{{"pictures", 1},
                                         {"of_pictures", 9},
                                         {"share_compared", 1.0},
                                         {"names_of_people", 2},
                                         {"of_names", 3}};
    EXPECT_EQ(json_of(out / "card.json")["common_with_training"], expected);
    // The model file knows it, wherever it is.
    const fs::path alone = folder.path() / "alone.safetensors";
    fs::copy_file(model, alone);
    const std::string eval = "eval --data " + quoted(folder.path() / "judge") + "--model ";
    EXPECT_EQ(nlohmann::json::parse(
                  run(eval + quoted(alone) + "--json 2>/dev/null").text)["common_with_training"],
              expected);
    EXPECT_TRUE(contains(both(eval + quoted(alone)).text, "1 of 9 pictures and 2 of 3 names"));
    // A model that does not say what it was trained on is judged all the same.
    SafeTensors content = read_safetensors(model);
    content.metadata.erase("training_pictures");
    content.metadata.erase("training_names");
    write_safetensors(alone, content);
    EXPECT_EQ(nlohmann::json::parse(
                  run(eval + quoted(alone) + "--json 2>/dev/null").text)["common_with_training"],
              "not known");
    content.metadata["training_pictures"] = "2 nonsense";
    write_safetensors(alone, content);
    EXPECT_TRUE(contains(errors_of(eval + quoted(alone)).text, "'training_pictures'"));
}

TEST_F(PicturesCommand, TooManyUnreadableAreListed) {
    for (int i = 0; i < 12; ++i) folder.write(fmt::format("learn/bad/{:02}.png", i), "no picture");
    const Outcome outcome = train(folder.path() / "run");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_TRUE(contains(outcome.text, "unreadable: bad/09.png: "));
    EXPECT_FALSE(contains(outcome.text, "unreadable: bad/10.png: "));
    const std::string before = "all are listed in ";
    const size_t begin = outcome.text.find(before);
    ASSERT_NE(begin, std::string::npos) << outcome.text;
    const size_t end = outcome.text.find('\n', begin);
    const fs::path list = outcome.text.substr(begin + before.size(), end - begin - before.size());
    const std::string all = content(list);
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 12);
    EXPECT_TRUE(contains(all, "bad/11.png\t"));
    fs::remove(list);
}

// A person's folder, the data folder and the run folder, each with such a name.
TEST_F(PicturesCommand, NamesMayBeAnyBytes) {
    const std::string names[] = {"caf\xe9", "tab\tquote\" del\x7f", "line\nfeed",
                                 "\xf0\x9f\x98\x80 \\xe9"};
    for (const std::string& name : names) {
        const fs::path data = folder.path() / ("d" + name), out = folder.path() / ("r" + name);
        fs::create_directory(data);
        for (const char* person : {"000", "001", "002"})
            fs::copy(folder.path() / "learn" / person, data / (name + person));
        const Outcome outcome = both(small_run + "--min-images 1 --data " + quoted(data) +
                                     "--eval-data " + quoted(data) + "--out " + quoted(out));
        ASSERT_EQ(outcome.status, 0) << text_of(name) << "\n" << outcome.text;
        EXPECT_EQ(run("train --resume " + quoted(out) + "2>/dev/null").status, 0) << text_of(name);
        RunConfig config;
        read_config(out / "config.toml", config);
        EXPECT_EQ(config.data, data.string());
        const auto card = json_of(out / "card.json");
        EXPECT_EQ(bytes_of(std::string(card["data"])), "pairs drawn from " + data.string());
        const auto described = both("inspect --json " + quoted(out));
        EXPECT_TRUE(nlohmann::json::accept(described.text)) << described.text;
    }
}

TEST_F(PicturesCommand, EmbeddingsWithoutADirectionAreRefusedBeforeAnythingIsWritten) {
    const fs::path out = folder.path() / "run", model = out / "model.safetensors";
    ASSERT_EQ(train(out).status, 0);
    SafeTensors content = read_safetensors(model);
    std::vector<float> huge(16, 0), bias(16, 0);
    content.tensors.at("features.bias") = stored_tensor<float>(bias, {16});
    StoredTensor& weight = content.tensors.at("fc.weight");
    weight = stored_tensor<float>(std::vector<float>(weight.bytes.size() / 4), weight.shape);
    content.tensors.at("fc.bias") = stored_tensor<float>(huge, {16});
    content.tensors.at("features.running_mean") = stored_tensor<float>(huge, {16});
    write_safetensors(model, content);
    const fs::path array = folder.path() / "e.npy";
    for (const std::string& command :
         {"embed --out " + quoted(array), std::string("eval "), std::string("eval --no-mirror ")}) {
        const Outcome outcome = errors_of(command + "--model " + quoted(model) + "--data " +
                                          quoted(folder.path() / "judge"));
        EXPECT_EQ(outcome.status, 1) << command;
        EXPECT_TRUE(contains(outcome.text, "(000/000_0001.png) is zero and has no direction"))
            << outcome.text;
    }
    EXPECT_FALSE(fs::exists(array));
}

}  // namespace facet::test
