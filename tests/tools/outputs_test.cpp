// No command writes over what it did not write, and each is refused before its long work.
#include "tools/outputs.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/tools/training_runs.h"
#include "tests/train/data_fixture.h"
#include "train/files/npy.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

class Outputs : public testing::Test {
protected:
    // Every regular file below the folder, by its path in it, with its content.
    std::map<std::string, std::string> files() const {
        std::map<std::string, std::string> all;
        for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
            if (!entry.is_regular_file()) continue;
            all[fs::relative(entry.path(), folder_.path()).string()] = content(entry.path());
        }
        return all;
    }

    std::string arrays() const {
        const std::vector<double> x{1, 0, 0, 1}, w{1, 0, 0, 1, 1, 1};
        write_npy(folder_.path() / "x.npy", npy_from<double>(x, {2, 2}));
        write_npy(folder_.path() / "w.npy", npy_from<double>(w, {3, 2}));
        write_npy(folder_.path() / "y.npy", npy_from<int64_t>(std::vector<int64_t>{0, 1}, {2}));
        return fmt::format(" --x {0}/x.npy --w {0}/w.npy --y {0}/y.npy ", folder_.path().string());
    }

    std::string in(const std::string& name) const { return (folder_.path() / name).string(); }

    TemporaryFolder folder_;
};

TEST_F(Outputs, AFolderMayHoldOtherThingsButNotWhatWouldBeReplaced) {
    const fs::path path = folder_.path() / "out";
    const OutputFolder first("--out", path, {"a.csv", "b-*"});
    EXPECT_FALSE(fs::exists(path));
    first.make();
    folder_.write("out/a.csv", "facet's");
    folder_.write("out/b-1.svg", "facet's");
    folder_.write("out/mine.txt", "mine");
    EXPECT_NO_THROW(OutputFolder("--out", path, {"a.csv", "b-*"}));
    EXPECT_THROW(OutputFolder("--out", path, {"a.csv", "mine.txt"}), UsageError);
    EXPECT_THROW(OutputFolder("--out", path, {"m*"}), UsageError);
    const UsageError error =
        thrown_by<UsageError>([&] { OutputFolder("--docs", path, {"mine.txt"}); });
    EXPECT_TRUE(contains(error.what(), "--docs") && contains(error.what(), "mine.txt"));
    // What another command wrote there stays facet's.
    OutputFolder("--out", path, {"c.csv"}).make();
    EXPECT_NO_THROW(OutputFolder("--out", path, {"a.csv", "c.csv"}));
}

TEST_F(Outputs, NoCommandReplacesWhatIsNotFacets) {
    const std::string given = arrays();
    for (const char* name :
         {"g/dx.npy", "g/state.json", "a/index.html", "b/arcface/curves.csv", "p/table.csv",
          "d/README.md", "f/mine.jpg", "c/mine", "s/npt-range.md", "r/npt-range/recipe/mine",
          "run/mine", "ours/plan.toml.bak", "sheet.png", "card.json", "e.npy", "names.txt",
          "live.html", "h/explorer.html"}) {
        folder_.write(name, "mine");
    }
    const std::string study = "study npt-range --data synth ";
    const std::string compare = "compare --losses cosface,npt --data synth --out ";
    const auto before = files();
    for (const std::string& arguments :
         {"grad --loss cosface" + given + "--out " + in("g"),
          "atlas --loss arcface --out " + in("a"), "atlas --loss arcface --out " + in("b"),
          "profile --batch 4 --steps 3 --out " + in("p"), "losses --docs " + in("d"),
          "synth --out " + in("f") + " --people 2 --images 2",
          "synth --sheet " + in("sheet.png") + " --people 2 --images 2", compare + in("c"),
          compare + in("ours"), study + "--out " + in("s") + " --runs " + in("new"),
          study + "--out " + in("new") + " --runs " + in("r"),
          "explorer --live " + in("live.html") + " --out " + in("h"),
          small_run + "--out " + in("run"),
          small_run + "--profile " + in("p") + " --out " + in("new"),
          "eval --model none --data synth --card " + in("card.json"),
          "embed --model none --data none --out " + in("e.npy"),
          "embed --model none --data none --out " + in("names.npy")}) {
        const Outcome outcome = errors_of(arguments);
        EXPECT_TRUE(outcome.status == 2 || arguments.starts_with("synth")) << arguments;
        EXPECT_NE(outcome.status, 0) << arguments;
        EXPECT_TRUE(contains(outcome.text, folder_.path().string())) << outcome.text;
        EXPECT_TRUE(contains(outcome.text, "facet: hint: ")) << outcome.text;
        EXPECT_EQ(files(), before) << arguments;
    }
    EXPECT_FALSE(fs::exists(in("new")));
}

// The three of the report: nothing is lost to a command that is refused, nor to one that is not.
TEST_F(Outputs, TrainTouchesNothingInAFolderThatIsNotEmpty) {
    folder_.write("d/log.jsonl", "mine");
    folder_.write("d/checkpoint.safetensors", "mine");
    folder_.write("e/model.safetensors", "mine");
    folder_.write("f/checkpoint.safetensors", "of a run");
    folder_.write("f/config.toml.away", "of a run");
    const auto before = files();
    for (const std::string& arguments :
         {"train --data /nowhere --out " + in("d"), small_run + "--out " + in("e"),
          small_run + "--out " + in("f"), small_run + "--loss none --out " + in("d"),
          "train --resume " + in("f")}) {
        EXPECT_EQ(errors_of(arguments).status, 2) << arguments;
        EXPECT_EQ(files(), before) << arguments;
    }
}

// Whatever is wrong with the request, no folder is made for it.
TEST_F(Outputs, ARefusedCommandMakesNothing) {
    const std::string given = arrays();
    const auto before = files();
    for (const std::string& arguments :
         {"train --data /nowhere --out " + in("new"), small_run + "--batch 999 --out " + in("new"),
          small_run + "--microscope --microscope-others none --out " + in("new"),
          small_run + "--microscope --microscope-every 0 --out " + in("new"),
          small_run + "--steps 8 --profile " + in("p") + " --out " + in("new"),
          "grad --loss cosface --x none.npy --w none.npy --y none.npy --out " + in("new"),
          "grad --loss none" + given + "--out " + in("new"), "atlas --loss none --out " + in("new"),
          "atlas --loss cosface --x none.npy --y none.npy --w none.npy --out " + in("new"),
          "compare --losses cosface,npt --data /nowhere --out " + in("new"),
          "explorer --live none.html --out " + in("new"), "profile --loss none --out " + in("new"),
          "synth --people 0 --out " + in("new")}) {
        EXPECT_NE(errors_of(arguments).status, 0) << arguments;
        EXPECT_EQ(files(), before) << arguments;
        EXPECT_FALSE(fs::exists(in("new")) || fs::exists(in("p"))) << arguments;
    }
}

TEST_F(Outputs, WhatFacetWroteItMayReplace) {
    const std::string given = arrays();
    for (const char* loss : {"cosface", "arcface"}) {
        EXPECT_EQ(run("grad --loss " + std::string(loss) + given + "--out " + in("g")).status, 0);
    }
    // Beside the arrays it was given, of which it replaces none.
    EXPECT_EQ(run("grad --loss cosface" + given + "--out " + folder_.path().string()).status, 0);
    for (int time = 0; time < 2; ++time) {
        EXPECT_EQ(run("losses --docs " + in("docs")).status, 0);
    }
}

}  // namespace
}  // namespace facet::test
