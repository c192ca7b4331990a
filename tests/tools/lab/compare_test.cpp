// `facet compare` as a person runs it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "tools/sources.h"
#include "train/config.h"
#include "train/embed.h"
#include "train/eval/identification.h"
#include "train/files/npy.h"
#include "train/model.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

const std::string tiny_run =
    "--data synth --synth-people 6 --synth-images 4 --synth-eval-people 4 "
    "--synth-eval-images 4 --batch 8 --steps 3 --embedding 16 ";
const std::string tiny = "compare " + tiny_run + "--seeds 2 --resamples 100 ";

class Compare : public testing::Test {
protected:
    TemporaryFolder folder;
    fs::path out = folder.path() / "out";
    std::string losses = "--losses cosface,npt:k=2,delta=0.8 ";

    Outcome compare(const std::string& more = "") {
        return run(tiny + losses + more + " --json --out " + out.string() + " 2>/dev/null");
    }
};

TEST_F(Compare, MakesAllRunsAndAReportAndReadsThemTheNextTime) {
    const Outcome outcome = compare();
    ASSERT_EQ(outcome.status, 0);
    const auto report = nlohmann::json::parse(outcome.text);
    ASSERT_EQ(report.at("losses").size(), 2u);
    EXPECT_EQ(report.at("seeds"), (std::vector<int64_t>{0, 1}));
    EXPECT_EQ(report.at("differences").at("accuracy").at(0).at("b"), "npt k=2 delta=0.8");
    for (const char* file : {"report.json", "report.html", "table.csv", "curves.csv",
                             "differences.csv", "plan.toml"}) {
        EXPECT_GT(fs::file_size(out / file), 100u) << file;
    }
    EXPECT_EQ(content(out / "report.html").find("http"), std::string::npos);

    const auto written = fs::last_write_time(out / "runs" / "cosface_seed0" / "log.jsonl");
    EXPECT_EQ(compare().text, outcome.text);
    EXPECT_EQ(fs::last_write_time(out / "runs" / "cosface_seed0" / "log.jsonl"), written);
}

// The commands a person would type instead: nothing of the comparison's own configuration is used.
TEST_F(Compare, ARunIsThatOfTrainWithItsLossAndSeed) {
    ASSERT_EQ(compare().status, 0);
    const auto train = [&](const std::string& loss, const std::string& seed) {
        const fs::path again = folder.path() / ("again" + seed);
        EXPECT_EQ(run("train " + tiny_run + "--eval-every 1 --synth-seed 0 " + loss + " --seed " +
                      seed + " --out " + again.string() + " 2>/dev/null")
                      .status,
                  0);
        return content(again / "model.safetensors");
    };
    const auto model = [&](const char* run) {
        return content(out / "runs" / run / "model.safetensors");
    };
    EXPECT_TRUE(model("cosface_seed1") == train("--loss cosface", "1"));
    EXPECT_TRUE(model("npt_k=2_delta=0.8_seed0") == train("--loss npt --set k=2 delta=0.8", "0"));
    EXPECT_FALSE(model("cosface_seed0") == model("cosface_seed1"));
    // The number of threads decides the bits: it is named, so that `train --resume` keeps it.
    const fs::path config = out / "runs/cosface_seed1/config.toml";
    EXPECT_EQ(content(config).find("threads = 0"), std::string::npos);
}

// Judged as facet train judges: every picture and its mirror image.
TEST_F(Compare, SimilaritiesAreOfEmbeddingsWithTheMirror) {
    ASSERT_EQ(compare().status, 0);
    const fs::path made = out / "runs" / "cosface_seed0";
    RunConfig config;
    read_config(made / "config.toml", config);
    const EvalSet set = *evaluation_data(config);
    const auto network = load_model(cpu_device(), made / "model.safetensors");
    const auto similarities = [&](bool mirror) {
        return pair_similarities(embed_images(*network, set.images, mirror), 16, set.pairs);
    };
    const auto written = npy_as<double>(read_npy(made / "similarities.npy"));
    const auto expected = similarities(true), plain = similarities(false);
    ASSERT_EQ(written.size(), expected.size());
    double furthest = 0;
    for (size_t i = 0; i < written.size(); ++i) {
        EXPECT_NEAR(written[i], expected[i], 1e-5) << i;
        furthest = std::max(furthest, std::abs(expected[i] - plain[i]));
    }
    EXPECT_GT(furthest, 1e-3);
}

// The figures are those of the pictures that --seed names, whatever the seeds of the runs.
TEST_F(Compare, SeedsCountFromTheGivenOneOnOneSetOfPictures) {
    ASSERT_EQ(compare("--seed 7").status, 0);
    for (const char* run : {"cosface_seed7", "cosface_seed8"}) {
        const std::string config = content(out / "runs" / run / "config.toml");
        EXPECT_NE(
            config.find(run == std::string("cosface_seed7") ? "\nseed = 7\n" : "\nseed = 8\n"),
            std::string::npos)
            << config;
        EXPECT_NE(config.find("synth_seed = 7\n"), std::string::npos) << config;
    }
}

TEST_F(Compare, RefusesAFolderWithAnotherComparison) {
    fs::create_directories(out);
    std::ofstream(out / "plan.toml") << "another\n";
    const Outcome outcome = errors_of(tiny + losses + " --out " + out.string());
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.text.find("another comparison"), std::string::npos) << outcome.text;
    EXPECT_FALSE(fs::exists(out / "report.json"));
}

TEST_F(Compare, WrongUsageIsRefusedBeforeAnyWork) {
    for (const std::string wrong :
         {"--losses cosface", "--losses cosface,nosuch", "--losses cosface,npt:nosuch=1",
          "--losses cosface,npt --seeds 0", "--losses cosface,curricularface@t=0.5"}) {
        const Outcome outcome = errors_of(tiny + wrong + " --out " + out.string());
        EXPECT_EQ(outcome.status, 2) << wrong << ": " << outcome.text;
        EXPECT_FALSE(fs::exists(out)) << wrong;
    }
    // A later option takes the place of the same one before it.
    const Outcome outcome = errors_of(tiny + losses + "--data /nowhere --out " + out.string());
    EXPECT_EQ(outcome.status, 2) << outcome.text;
    EXPECT_FALSE(fs::exists(out / "plan.toml"));
}

}  // namespace
}  // namespace facet::test
