// What an arm of a study is trained with.
#include <gtest/gtest.h>

#include "tests/train/data_fixture.h"
#include "tools/lab/study/runs.h"

namespace facet::study {
namespace {

// Recipe, study, command line, arm: each over the one before.
TEST(StudyRuns, AnArmsOwnSettingsComeLast) {
    const test::TemporaryFolder folder;
    RunRequest request;
    request.recipe = folder
                         .write("recipe.toml",
                                "[run]\nbatch = 8\nworkers = 2\n[data]\nsource = \"synth\"\n"
                                "resolution = 20\n[schedule]\nlr = 0.5\nwarmup = 3\n")
                         .string();
    request.given = {{"--lr", "0.25"}, {"--resolution", "24"}, {"--warmup", "5"}};
    Study study;
    study.settings = {{"--batch", "16"}, {"--warmup", "4"}};
    const Arm arm{"low", "cosface", {{"--resolution", "16"}}};
    const RunConfig config = config_of(study, arm, request);
    EXPECT_EQ(config.workers, 2);
    EXPECT_EQ(config.batch, 16);
    EXPECT_EQ(config.schedule.warmup, 5);
    EXPECT_EQ(config.schedule.lr, 0.25);
    EXPECT_EQ(config.resolution, 16);
    EXPECT_EQ(config.synth_seed, 0) << "one data set for all seeds";
    EXPECT_EQ(config_of(study, {"plain", "cosface"}, request).resolution, 24);
}

}  // namespace
}  // namespace facet::study
