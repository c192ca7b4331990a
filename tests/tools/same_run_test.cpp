// A run whose config.toml was edited is not gone on with as if it had not been.
#include "train/same_run.h"

#include <gtest/gtest.h>

#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "train/files/safetensors.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

// A checkpoint's metadata, as a run of that configuration writes it.
fs::path checkpoint_of(const TemporaryFolder& folder, const RunConfig& config) {
    SafeTensors content;
    content.metadata["settings"] = deciding_settings(config);
    const fs::path file = folder.path() / "checkpoint.safetensors";
    write_safetensors(file, content);
    return file;
}

std::string refusal(const fs::path& checkpoint, const RunConfig& config) {
    try {
        compare_settings(checkpoint, config);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

void replace_in(const fs::path& file, const std::string& from, const std::string& to) {
    std::string text = content(file);
    const size_t at = text.find(from);
    ASSERT_NE(at, text.npos) << from << " in " << text;
    text.replace(at, from.size(), to);
    std::ofstream(file, std::ios::binary) << text;
}

}  // namespace

TEST(SameRun, EverySettingThatDecidesTheTrainingIsRefusedWhenItIsAnotherOne) {
    const TemporaryFolder folder;
    RunConfig config;
    config.data = "synth";
    const fs::path checkpoint = checkpoint_of(folder, config);
    EXPECT_EQ(refusal(checkpoint, config), "");
    int64_t refused = 0;
    RunConfig edited = config;
    for (const Setting& setting : settings_of(edited)) {
        const RunConfig before = edited;
        std::visit(
            [](auto* value) {
                using Value = std::remove_pointer_t<decltype(value)>;
                if constexpr (std::is_same_v<Value, std::string>) return;  // names: below
                if constexpr (std::is_same_v<Value, bool>) *value = !*value;
                if constexpr (std::is_same_v<Value, double>) *value = *value / 2 + 0.125;
                if constexpr (std::is_same_v<Value, int64_t>) *value += 7;
            },
            setting.value);
        const bool is_name = std::holds_alternative<std::string*>(setting.value);
        const bool decides =
            setting.decides == Decides::Training && !is_name && setting.acts.holds(config, false);
        const std::string said = refusal(checkpoint, edited);
        EXPECT_EQ(said.find(setting.name() + " is ") != said.npos, decides)
            << setting.name() << ": " << said;
        refused += decides;
        edited = before;
    }
    EXPECT_GT(refused, 25);
}

TEST(SameRun, NamesKindsAndLossParametersCountToo) {
    const TemporaryFolder folder;
    RunConfig config;
    config.data = "synth";
    const fs::path checkpoint = checkpoint_of(folder, config);
    config.schedule.kind = "step";
    EXPECT_NE(refusal(checkpoint, config)
                  .find("schedule.kind is \"step\", it was \"cosine\" when "
                        "checkpoint.safetensors was written"),
              std::string::npos)
        << refusal(checkpoint, config);
    config.schedule.kind = "cosine";
    config.loss_parameters = {{"m", "0.2"}};
    EXPECT_NE(refusal(checkpoint, config).find("loss.m is \"0.2\", it was \"0.35\""),
              std::string::npos)
        << refusal(checkpoint, config);
}

TEST(SameRun, WhatDecidesTheEvaluationIsReported) {
    const TemporaryFolder folder;
    RunConfig config;
    config.data = "synth";
    const fs::path checkpoint = checkpoint_of(folder, config);
    config.synth_eval_people = 7;
    config.workers = 3;  // decides nothing
    const auto changes = compare_settings(checkpoint, config);
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_TRUE(changes[0].starts_with("eval.synth_people is 7, it was 100")) << changes[0];
}

TEST(SameRun, AnEditedRunIsRefusedByTheCommandAndGoesOnWhenItIsPutBack) {
    const TemporaryFolder folder;
    const fs::path out = folder.path() / "run", config = out / "config.toml";
    ASSERT_EQ(run("train --data synth --synth-people 4 --synth-images 4 --synth-eval-people 2 "
                  "--synth-eval-images 2 --image 32 --batch 8 --embedding 8 --steps 3 --out '" +
                  out.string() + "' 2>/dev/null")
                  .status,
              0);
    replace_in(config, "steps = 3\n", "steps = 5\n");
    const Outcome outcome = errors_of("train --resume '" + out.string() + "'");
    EXPECT_EQ(outcome.status, 1) << outcome.text;
    EXPECT_NE(outcome.text.find("run.steps is 5, it was 3 when"), std::string::npos)
        << outcome.text;
    replace_in(config, "steps = 5\n", "steps = 3\n");
    EXPECT_EQ(run("train --resume '" + out.string() + "' 2>/dev/null").status, 0);
}

}  // namespace facet::test
