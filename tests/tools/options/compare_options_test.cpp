// The options of `facet compare`: those of its own, and every setting of its runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/tools/command.h"
#include "tests/tools/typed_settings.h"
#include "tools/lab/compare/bootstrap.h"
#include "tools/lab/compare/runs.h"
#include "tools/sources.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

const std::string kTiny =
    "--data synth --image 32 --synth-people 4 --synth-images 2 --synth-eval-people 5 "
    "--synth-eval-images 4 --batch 4 --steps 1 --warmup 0 --embedding 8 ";

RunConfig recorded_in(const fs::path& run) {
    RunConfig config;
    read_config(run / "config.toml", config);
    return config;
}

class CompareOptions : public testing::Test {
protected:
    // What it prints.
    std::string compare(const std::string& options) const {
        const Outcome outcome =
            run("compare --losses arcface:m=0.3,cosface --out '" + out.string() + "' " + options +
                " 2>" + (folder.path() / "errors").string());
        EXPECT_EQ(outcome.status, 0) << options << "\n" << content(folder.path() / "errors");
        return outcome.text;
    }
    RunConfig recorded(const std::string& run) const { return recorded_in(out / "runs" / run); }

    TemporaryFolder folder;
    fs::path out = folder.path() / "out";
};

TEST_F(CompareOptions, EverySettingIsThatOfItsRuns) {
    write_faces(folder);
    std::set<std::string> typed;
    for (const std::string& line : typed_lines(folder)) {
        GivenSettings given = words_of(line);
        std::erase_if(given, [](const auto& setting) { return setting.first == "--loss"; });
        std::string options = "--seeds 1 --resamples 100 --threads 2 --seed 5";
        for (const auto& [option, text] : given) options += " " + option + " " + text;
        out = folder.path() / fmt::format("out{}", typed.size());
        compare(options);
        for (const char* run : {"arcface_m=0.3_seed5", "cosface_seed5"}) {
            const RunConfig config = recorded(run);
            EXPECT_EQ(config.threads, 2);
            EXPECT_EQ(config.seed, 5);
            typed.merge(expect_recorded(given, config));
        }
        const KeyValues parameters = recorded("arcface_m=0.3_seed5").loss_parameters;
        EXPECT_EQ(std::count(parameters.begin(), parameters.end(),
                             std::pair<std::string, std::string>("m", "0.3")),
                  1);
    }
    expect_all_typed(typed, "--loss");
}

TEST_F(CompareOptions, TheRecipeIsThatOfTheRunsAndOptionsOverrideIt) {
    const fs::path recipe = folder.write("recipe.toml",
                                         "[run]\nseed = 11\nbatch = 8\nworkers = 2\n"
                                         "[schedule]\nlr = 0.5\n");
    const std::string text =
        compare(kTiny + "--seeds 1 --resamples 100 --config '" + recipe.string() + "'");
    const RunConfig config = recorded("cosface_seed11");
    EXPECT_EQ(config.batch, 4);
    EXPECT_EQ(config.workers, 2);
    EXPECT_EQ(config.schedule.lr, 0.5);
    EXPECT_EQ(config.seed, 11);
    EXPECT_EQ(config.synth_seed, 11);
    EXPECT_TRUE(contains(text, "\nthe report is " + (out / "report.html").string() + "\n"));
    EXPECT_TRUE(contains(text, "mean ± standard deviation over seeds (1); judged on ")) << text;
}

// Read again from the runs, judged again by the library.
TEST_F(CompareOptions, IntervalsAreOfAsManyResamplesAndSeedsAsSaid) {
    const auto report =
        nlohmann::json::parse(compare(kTiny + "--seeds 2 --seed 7 --resamples 150 --json"));
    EXPECT_EQ(report, nlohmann::json::parse(content(out / "report.json")));
    EXPECT_EQ(report["seeds"], (std::vector<int64_t>{7, 8}));
    EXPECT_EQ(report["resamples"], 150);
    EXPECT_EQ(report["data"], "8 images of 4 people");
    compare::Plan plan;
    plan.losses = atlas::parse_specs({"arcface:m=0.3", "cosface"}, {});
    plan.seeds = {7, 8};
    plan.out = out;
    plan.base = recorded("cosface_seed7");
    const EvalSet evaluation = *evaluation_data(plan.base);
    compare::Judged judged{evaluation.pairs.pairs, evaluation.labels, {}, {}};
    for (size_t loss = 0; loss < 2; ++loss) {
        judged.similarity.emplace_back();
        judged.correct.emplace_back();
        for (size_t seed = 0; seed < 2; ++seed) {
            const auto result = compare::read_result(plan, loss, seed, evaluation);
            judged.similarity.back().push_back(result.similarity);
            judged.correct.back().push_back(result.verification.cross_validated.correct);
        }
    }
    const auto bounds = [&](compare::Merit merit, int resamples, uint64_t seed) {
        const auto d = compare::differences(judged, merit, resamples, seed).at(0);
        return std::vector<double>{d.mean, d.low, d.high, d.wide_low, d.wide_high};
    };
    const auto told = [&](const char* merit) {
        const auto& d = report["differences"][merit].at(0);
        EXPECT_EQ(d["a"], "arcface m=0.3");
        EXPECT_EQ(d["b"], "cosface");
        return std::vector<double>{d["difference"], d["interval95"][0], d["interval95"][1],
                                   d["interval95_of_all"][0], d["interval95_of_all"][1]};
    };
    const auto accuracy = bounds(compare::Merit::Accuracy, 150, 7),
               tar = bounds(compare::Merit::Tar, 150, 7);
    EXPECT_EQ(told("accuracy"), accuracy);
    EXPECT_EQ(told("tar_at_far_1e-2"), tar);
    ASSERT_NE(accuracy, tar);
    ASSERT_NE(accuracy, bounds(compare::Merit::Accuracy, 4000, 7));
    ASSERT_NE(accuracy, bounds(compare::Merit::Accuracy, 150, 0));
    for (const auto& entry : report["losses"]) {
        const size_t loss = entry["loss"] == "cosface" ? 1 : 0;
        EXPECT_EQ(entry["accuracy"]["runs"].get<std::vector<double>>(),
                  compare::merits(judged, compare::Merit::Accuracy).at(loss));
        EXPECT_EQ(entry["tar_at_far_1e-2"]["runs"].get<std::vector<double>>(),
                  compare::merits(judged, compare::Merit::Tar).at(loss));
    }
}

}  // namespace
}  // namespace facet::test
