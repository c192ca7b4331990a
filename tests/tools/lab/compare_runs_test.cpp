// The plan of a comparison, and what is read of a finished run.
#include <gtest/gtest.h>

#include <set>

#include "tests/train/data_fixture.h"
#include "tools/lab/compare/runs.h"
#include "train/files/npy.h"

namespace facet::compare {
namespace {

Plan plan_in(const std::filesystem::path& out) {
    Plan plan;
    plan.base.data = "synth";
    plan.losses = {{"cosface", {{"m", "0.2"}}}, {"triplet", {}}};
    plan.seeds = {3, 4};
    plan.out = out;
    return plan;
}

TEST(CompareRuns, EachRunHasItsOwnLossSeedAndFolder) {
    const Plan plan = plan_in("out");
    std::set<std::filesystem::path> folders;
    for (size_t loss = 0; loss < 2; ++loss) {
        for (size_t seed = 0; seed < 2; ++seed) {
            const RunConfig config = plan.config(loss, seed);
            EXPECT_EQ(config.seed, plan.seeds[seed]);
            EXPECT_EQ(learner_config(config).seed, static_cast<uint64_t>(plan.seeds[seed]));
            EXPECT_EQ(config.loss, plan.losses[loss].name);
            EXPECT_EQ(config.loss_parameters, plan.losses[loss].settings);
            EXPECT_EQ(config.per_person, loss == 0 ? 0 : 4);
            folders.insert(plan.folder(loss, seed));
        }
    }
    EXPECT_EQ(folders.size(), 4u);
    EXPECT_EQ(plan.folder(1, 1), std::filesystem::path("out/runs/triplet_seed4"));
}

TEST(CompareRuns, PeopleAreLabelsOrElseFolders) {
    EvalSet labelled;
    labelled.labels = {5, 5, 2};
    EXPECT_EQ(people_of(labelled), (std::vector<int>{5, 5, 2}));
    EvalSet files;
    files.pairs.files = {"Ann/Ann_0001.jpg", "Bob/Bob_0001.jpg", "Ann/Ann_0002.jpg",
                         "Cy/Cy_0001.jpg"};
    EXPECT_EQ(people_of(files), (std::vector<int>{0, 1, 0, 2}));
}

TEST(CompareRuns, AFinishedRunIsReadFromItsLogAndSimilarities) {
    const test::TemporaryFolder folder;
    const Plan plan = plan_in(folder.path());
    const std::filesystem::path run = plan.folder(0, 1);
    folder.write("runs/" + run.filename().string() + "/log.jsonl",
                 R"({"step":1,"target_cosine":0.25,"seconds":2})"
                 "\n"
                 R"({"step":2,"target_cosine":0.75,"seconds":3})"
                 "\n"
                 R"({"step":2,"evaluation":{"accuracy":{"mean":0.625}}})"
                 "\n"
                 R"({"step":3,"target_cosine":0.875,"seconds":0.5})"
                 "\n"
                 R"({"step":3,"evaluation":{"accuracy":{"mean":0.75}}})"
                 "\n");
    EvalSet evaluation;
    evaluation.pairs.pairs = {{0, 1, true, 0}, {2, 3, true, 0}, {0, 2, false, 0}, {1, 3, false, 0}};
    const std::vector<double> similarity = {0.9, 0.8, -0.1, 0.85};
    write_npy(run / "similarities.npy", npy_from(std::span<const double>(similarity), {4}));

    const RunResult result = read_result(plan, 0, 1, evaluation);
    EXPECT_EQ(result.similarity, similarity);
    EXPECT_EQ(result.verification.auc, 0.75);
    EXPECT_NE(result.verification.folds_are.find("seed 4"), std::string::npos);
    EXPECT_EQ(result.seconds, 5.5);
    ASSERT_EQ(result.curve.size(), 2u);
    EXPECT_EQ(result.curve[0].step, 2);
    EXPECT_EQ(result.curve[0].target_cosine, 0.5);
    EXPECT_EQ(result.curve[0].accuracy, 0.625);
    EXPECT_EQ(result.curve[1].step, 3);
    EXPECT_EQ(result.curve[1].target_cosine, 0.875);
    EXPECT_EQ(result.curve[1].accuracy, 0.75);
}

}  // namespace
}  // namespace facet::compare
