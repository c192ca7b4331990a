// The options of `facet study`: those of its own, and every setting of its runs.
#include <gtest/gtest.h>

#include <set>

#include "tests/tools/command.h"
#include "tests/tools/typed_settings.h"
#include "tools/lab/study/runs.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

const std::string kTiny = "--image 32 --backbone r10 --embedding 8 --batch 4 --steps 1 --warmup 0 ";

class StudyOptions : public testing::Test {
protected:
    void SetUp() override { write_faces(folder); }

    // Of one seed, started in the folder.
    Outcome study(const std::string& options) const {
        return run("study arcface-factor " + kTiny + "--seeds 1 --out pages --runs made " +
                       options + " 2>errors",
                   "cd '" + folder.path().string() + "';");
    }
    std::set<std::string> made() const {
        std::set<std::string> names;
        for (const auto& entry :
             fs::directory_iterator(folder.path() / "made/arcface-factor/recipe/runs"))
            names.insert(entry.path().filename().string());
        return names;
    }
    RunConfig recorded(const std::string& run) const {
        RunConfig config;
        read_config(folder.path() / "made/arcface-factor/recipe/runs" / run / "config.toml",
                    config);
        return config;
    }

    TemporaryFolder folder;
};

std::set<std::string> runs_of_seed(int seed) {
    std::set<std::string> names;
    for (const char* m : {"0.3", "0.5"}) {
        for (const char* grad : {"exact", "detached"})
            names.insert(fmt::format("arcface_s=30_m={}_grad={}_seed{}", m, grad, seed));
    }
    return names;
}

TEST_F(StudyOptions, EverySettingIsThatOfItsArms) {
    const study::Study study = study::arcface_factor();
    std::set<std::string> typed;
    for (const std::string& line : typed_lines(folder)) {
        study::RunRequest request;
        request.given = words_of(line);
        std::erase_if(request.given, [](const auto& given) { return given.first == "--loss"; });
        for (const study::Arm& arm : study.arms)
            typed.merge(expect_recorded(request.given, config_of(study, arm, request)));
    }
    expect_all_typed(typed, "--loss");
}

TEST_F(StudyOptions, RunsAndPageAreInTheFoldersNamedAndOfTheSeedsNamed) {
    const Outcome outcome = study(
        "--data synth --synth-people 3 --synth-images 2 --synth-eval-people 2 "
        "--synth-eval-images 2 --seed 4 --threads 1 --lr 0.02");
    ASSERT_EQ(outcome.status, 0) << content(folder.path() / "errors");
    EXPECT_EQ(made(), runs_of_seed(4));
    EXPECT_TRUE(outcome.text.ends_with("\nthe page is pages/arcface-factor.md\n")) << outcome.text;
    const std::string page = content(folder.path() / "pages/arcface-factor.md");
    EXPECT_TRUE(contains(page, "\nfacet study arcface-factor ")) << page;
    EXPECT_TRUE(contains(page, " --synth-people 3 ")) << page;
    EXPECT_TRUE(contains(page, " --lr 0.02 ")) << page;
    EXPECT_TRUE(contains(page, " --seeds 1 --seed 4 --out pages\n")) << page;
    const RunConfig config = recorded(*made().begin());
    EXPECT_EQ(config.schedule.lr, 0.02);
    EXPECT_EQ(config.synth_people, 3);
    EXPECT_EQ(config.seed, 4);
}

// What a run records makes it again, from any folder: its threads, which decide the bits, its
// pictures and its seed are those of the recipe.
TEST_F(StudyOptions, RunsAreRecordedAsTheRecipeHasThem) {
    folder.write("recipe.toml",
                 "[run]\nseed = 6\nthreads = 1\nworkers = 2\n[data]\nsource = \"faces\"\n"
                 "[eval]\ndata = \"faces\"\n");
    ASSERT_EQ(study("--config recipe.toml").status, 0) << content(folder.path() / "errors");
    EXPECT_EQ(made(), runs_of_seed(6));
    const RunConfig config = recorded(*made().begin());
    EXPECT_EQ(config.workers, 2);
    EXPECT_EQ(config.threads, 1);
    EXPECT_EQ(config.data, (folder.path() / "faces").string());
    EXPECT_EQ(config.eval_data, (folder.path() / "faces").string());
    const std::string page = content(folder.path() / "pages/arcface-factor.md");
    EXPECT_TRUE(contains(page, " 1 thread)")) << page;
    EXPECT_TRUE(contains(page, "facet study arcface-factor --config recipe.toml ")) << page;
}

// Refused for a page of each study that is not facet's, before any run is made.
TEST_F(StudyOptions, AllIsEveryStudyAndANameIsOne) {
    const auto refusal = [&](const std::string& studies) {
        return errors_of("study --data synth --batch 1 --out '" +
                         (folder.path() / "mine").string() + "' " + studies)
            .text;
    };
    for (const study::Study& study : study::all_studies()) {
        fs::remove_all(folder.path() / "mine");
        folder.write("mine/" + study.name + ".md", "mine");
        for (const std::string& studies : {std::string("--all"), study.name})
            EXPECT_TRUE(contains(refusal(studies), study.name + ".md")) << studies;
        const std::string other = study.name == "npt-range" ? "sv-weight" : "npt-range";
        EXPECT_TRUE(contains(refusal(other), "--batch")) << other;
    }
}

TEST_F(StudyOptions, TheListSaysWhatEachAsks) {
    const std::string list = run("study --list").text;
    for (const study::Study& study : study::all_studies()) {
        EXPECT_TRUE(contains(list, "\n" + study.name + " ")) << study.name;
        EXPECT_TRUE(contains(list, study.question)) << study.name;
    }
}

}  // namespace
}  // namespace facet::test
