// Where two runs part. The folders are written by the test; that the same run twice is the same is
// for train_test.cpp.
#include "tools/diff.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/message_of.h"
#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "train/files/safetensors.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

class Diff : public testing::Test {
protected:
    struct Step {
        int64_t step;
        double loss;
        std::string hash;
    };

    // A run folder of that name with these steps and, if there is a tensor, a checkpoint.
    fs::path make(const std::string& name, const std::vector<Step>& steps,
                  const std::vector<float>& tensor = {}, const std::string& done = "3",
                  const std::string& lr = "0.1") {
        const fs::path run = folder.path() / name;
        fs::create_directories(run);
        std::ofstream(run / "config.toml") << "[run]\nseed = 0\n\n[schedule]\nlr = " << lr << "\n";
        std::ofstream log(run / "log.jsonl");
        for (const Step& s : steps) {
            log << nlohmann::json{{"step", s.step}, {"loss", s.loss}, {"hash", s.hash}} << "\n";
            log << nlohmann::json{{"step", s.step}, {"evaluation", 1}} << "\n";
        }
        if (tensor.empty()) return run;
        SafeTensors content;
        content.tensors["w"] = stored_tensor<float>(tensor, {std::ssize(tensor)});
        content.tensors["only_" + name] = stored_tensor<double>(std::vector<double>{1}, {1});
        content.metadata = {{"steps", done}};
        write_safetensors(run / "checkpoint.safetensors", content);
        return run;
    }

    TemporaryFolder folder;
};

TEST_F(Diff, TellsTheFirstStepAndWhatOfItDiffers) {
    const auto a = make("a", {{1, 2.5, "x"}, {2, 2.25, "y"}, {3, 2, "z"}});
    const auto b = make("b", {{1, 2.5, "x"}, {2, 2.25, "Y"}});
    const auto c = make("c", {{2, 2.5, "y"}, {3, 2, "z"}, {4, 1, "q"}});
    const RunDifference ab = difference_of_runs(a, b), ac = difference_of_runs(a, c);
    ASSERT_TRUE(ab.step && ac.step);
    EXPECT_EQ(ab.common_steps, 2);
    EXPECT_EQ(ab.step->step, 2);
    EXPECT_EQ(ab.step->what, "hash");
    EXPECT_EQ(ab.step->b, "Y");
    EXPECT_EQ(ac.step->step, 2);
    EXPECT_EQ(ac.step->what, "loss");
    EXPECT_EQ(ac.step->a, "2.25");
    EXPECT_NE(ab.why_not.find("no checkpoint"), std::string::npos);
    EXPECT_TRUE(difference_of_runs(a, a).same());
}

TEST_F(Diff, TellsTheTensorsAndTheirFirstElement) {
    const auto a = make("a", {{1, 1, "x"}}, {1, 2, 3, NAN});
    const auto b = make("b", {{1, 1, "x"}}, {1, 2.5, 3.25, NAN}, "3", "0.2");
    const RunDifference found = difference_of_runs(a, b);
    EXPECT_FALSE(found.step);
    EXPECT_FALSE(found.same());
    ASSERT_EQ(found.tensors.size(), 3u);
    EXPECT_EQ(found.tensors[0].what, "only in the first run");
    EXPECT_EQ(found.tensors[1].what, "only in the second run");
    EXPECT_EQ(found.tensors[2].name, "w");
    EXPECT_EQ(found.tensors[2].elements, 2);  // the same NaN is the same
    EXPECT_EQ(found.tensors[2].first, 1);
    EXPECT_EQ(found.tensors[2].largest, 0.5);
    ASSERT_EQ(found.settings.size(), 1u);
    EXPECT_EQ(found.settings[0].name, "schedule.lr");
    EXPECT_EQ(found.settings[0].b, "0.2");

    const auto longer = make("c", {{1, 1, "x"}}, {1, 2, 3, 4}, "6");
    EXPECT_EQ(difference_of_runs(a, longer).why_not, "the checkpoints are of steps 3 and 6");
    const auto other = make("d", {{1, 1, "x"}}, {1, 2}, "3");
    EXPECT_EQ(difference_of_runs(a, other).tensors.back().what, "shapes differ: (4) and (2)");
}

TEST_F(Diff, TheCommandSaysItInWordsInJsonAndByItsStatus) {
    const auto a = make("a", {{1, 1, "x"}}, {1, 2}), b = make("b", {{1, 1, "y"}}, {1, 3});
    const std::string both = "'" + a.string() + "' '" + b.string() + "'";
    const Outcome words = run("diff " + both), json = run("diff --json " + both);
    EXPECT_EQ(words.status, 1);
    EXPECT_NE(words.text.find("step 1 is the first to differ, in its parameters' hash: x and y"),
              std::string::npos)
        << words.text;
    EXPECT_EQ(nlohmann::json::parse(json.text).at("tensors").size(), 3u);
    EXPECT_EQ(run("diff '" + a.string() + "' '" + a.string() + "'").status, 0);
}

TEST_F(Diff, ALineThatAKilledRunLeftUnfinishedIsNone) {
    const auto a = make("a", {{1, 1, "x"}, {2, 1, "y"}}), b = make("b", {{1, 1, "x"}});
    std::ofstream(b / "log.jsonl", std::ios::app) << "{\"step\": 2, \"los";
    const RunDifference found = difference_of_runs(a, b);
    EXPECT_EQ(found.common_steps, 1);
    EXPECT_TRUE(found.same());
}

TEST_F(Diff, RefusesWhatIsNoRun) {
    const auto a = make("a", {{1, 1, "x"}});
    expect_error([&] { difference_of_runs(a, folder.path() / "none"); }, {"none"});
    std::ofstream(a / "log.jsonl") << "{\"step\": 1}\nnonsense\n";
    expect_error([&] { difference_of_runs(a, a); }, {"log.jsonl", "line 2", "nonsense"});
}

}  // namespace
}  // namespace facet::test
