// Options that would change nothing are refused by name: for every setting of a run from the table
// in train/settings.cpp, for every command from the rules beside its options.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "engine/device.h"
#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "tools/run_options.h"

namespace facet::test {
namespace {

RunConfig with(void (*change)(RunConfig&)) {
    RunConfig config;
    config.data = "synth";
    change(config);
    return config;
}

// For every condition of the table, by its words: a run in which it does not hold, and one in which
// it does.
struct Runs {
    RunConfig without, with;
};

const std::map<std::string, Runs>& runs_of_conditions() {
    const auto sgd = with([](RunConfig&) {});
    const auto adamw = with([](RunConfig& c) { c.optimiser.kind = "adamw"; });
    const auto folder = with([](RunConfig& c) { c.data = "faces"; });
    const auto judged = with([](RunConfig& c) { c.data = c.eval_data = "faces"; });
    const auto pairs = with([](RunConfig& c) {
        c.data = "faces";
        c.pairs = "pairs.txt";
    });
    const auto step = with([](RunConfig& c) { c.schedule.kind = "step"; });
    const auto poly = with([](RunConfig& c) { c.schedule.kind = "poly"; });
    static const std::map<std::string, Runs> runs = {
        {"--data synth", {folder, sgd}},
        {"a folder of pictures to learn from (--data DIR)", {sgd, folder}},
        {"procedural faces to evaluate on (--eval-data synth)", {pairs, sgd}},
        {"procedural faces (--data synth)", {judged, sgd}},
        {"procedural faces (--data synth), or pairs drawn from --eval-data", {pairs, judged}},
        {"an evaluation (--pairs or --eval-data)", {folder, pairs}},
        {"a loss with proxies", {with([](RunConfig& c) { c.loss = "triplet"; }), sgd}},
        {"--optimizer sgd", {adamw, sgd}},
        {"--optimizer sgd with --momentum above 0",
         {with([](RunConfig& c) { c.optimiser.settings.at("momentum") = 0.0; }), sgd}},
        {"--optimizer adamw", {sgd, adamw}},
        {"--schedule cosine or poly", {step, sgd}},
        {"--schedule poly", {sgd, poly}},
        {"--schedule step", {poly, step}},
    };
    return runs;
}

// A value that is not the setting's default, as it is typed.
std::string another_value(const Setting& setting) {
    return std::visit(
        [](auto* value) -> std::string {
            using Value = std::remove_pointer_t<decltype(value)>;
            if constexpr (std::is_same_v<Value, std::string>) return "list.txt";
            if constexpr (std::is_same_v<Value, bool>) return *value ? "false" : "true";
            if constexpr (std::is_same_v<Value, double>) return fmt::format("{}", *value / 2);
            if constexpr (std::is_same_v<Value, int64_t>) return fmt::format("{}", *value + 2);
            return "0.25";
        },
        setting.value);
}

// What the call is refused with, or "".
std::string refusal_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const UsageError& error) {
        return error.what();
    }
    return "";
}

std::string refusal_of(const Setting& setting, const RunConfig& run) {
    return refusal_of([&] {
        refuse_unused({{setting.option, another_value(setting)}}, std::vector<RunConfig>{run});
    });
}

std::string refusal_of(const std::string& file, const RunConfig& run) {
    RunConfig read;
    read_config(file, read);
    return refusal_of([&] { refuse_unused(file, read, std::vector<RunConfig>{run}); });
}

void expect_refused(const std::string& arguments, const std::string& option) {
    const Outcome outcome = errors_of(arguments);
    EXPECT_EQ(outcome.status, 2) << arguments << "\n" << outcome.text;
    EXPECT_NE(outcome.text.find(option + " has no meaning here: it needs "), std::string::npos)
        << arguments << "\n"
        << outcome.text;
}

}  // namespace

TEST(UnusedOptions, EverySettingIsRefusedWhereItDoesNotActAndTakenWhereItDoes) {
    RunConfig any;
    for (const Setting& setting : settings_of(any)) {
        if (setting.acts.needs.empty() || setting.option == "--conv") continue;
        const auto runs = runs_of_conditions().find(setting.acts.needs);
        ASSERT_NE(runs, runs_of_conditions().end())
            << setting.name() << ": no run here without " << setting.acts.needs;
        const std::string refusal = refusal_of(setting, runs->second.without);
        EXPECT_TRUE(refusal.starts_with(setting.option + " has no meaning here")) << refusal;
        EXPECT_NE(refusal.find(setting.acts.needs), std::string::npos) << refusal;
        EXPECT_EQ(refusal_of(setting, runs->second.with), "") << setting.option;
        // Of several runs one is enough.
        EXPECT_NO_THROW(refuse_unused({{setting.option, another_value(setting)}},
                                      {runs->second.without, runs->second.with}));
    }
}

TEST(UnusedOptions, ConvolutionsAreChosenOnTheCpuOnly) {
    RunConfig config;
    for (const Setting& setting : settings_of(config)) {
        if (setting.option != "--conv") continue;
        EXPECT_TRUE(setting.acts.holds(config, false));
        EXPECT_FALSE(setting.acts.holds(config, true));
    }
    config.conv = "winograd";
    EXPECT_EQ(in_force(config, false).conv, "winograd");
    EXPECT_EQ(in_force(config, true).conv, "auto");
}

TEST(UnusedOptions, AFileIsRefusedForWhatNeitherItNorTheCommandLineLetsAct) {
    const TemporaryFolder folder;
    const RunConfig cosine = with([](RunConfig&) {});
    const RunConfig poly = with([](RunConfig& c) { c.schedule.kind = "poly"; });
    const std::string power = folder.write("power.toml", "[schedule]\npower = 3\n");
    const std::string refusal = refusal_of(power, cosine);
    EXPECT_NE(refusal.find("power.toml: schedule.power = 3.0 has no meaning here"),
              std::string::npos)
        << refusal;
    EXPECT_NE(refusal.find("--schedule poly"), std::string::npos) << refusal;
    EXPECT_EQ(refusal_of(power, poly), "");
    // The default, as every config.toml of a run lists it, is no demand.
    const std::string listed = folder.write("listed.toml", "[schedule]\npower = 2\n");
    EXPECT_EQ(refusal_of(listed, cosine), "");
    // A recipe for poly is still one when the command line says cosine.
    const std::string recipe =
        folder.write("recipe.toml", "[schedule]\nkind = \"poly\"\npower = 3\n");
    EXPECT_EQ(refusal_of(recipe, cosine), "");
}

TEST(UnusedOptions, WhatARunStoresIsReadAgainWithoutARefusal) {
    // Every setting moved, most of which then do not act.
    for (const auto& [needs, runs] : runs_of_conditions()) {
        RunConfig moved = runs.without;
        for (const Setting& setting : settings_of(moved)) {
            if (!setting.acts.needs.empty()) assign(setting, another_value(setting));
        }
        const RunConfig stored = in_force(moved, false);
        const std::string text = to_toml(stored, *make_loss(stored.loss), {});
        const TemporaryFolder folder;
        const std::string file = folder.write("config.toml", text);
        RunConfig read;
        read_config(file, read);
        EXPECT_EQ(refusal_of([&] { refuse_unused(file, read, std::vector<RunConfig>{read}); }), "");
        EXPECT_EQ(to_toml(in_force(read, false), *make_loss(stored.loss), {}), text);
    }
}

TEST(UnusedOptions, OfEveryCommandAreRefusedByName) {
    const std::string run = "train --data synth --out /nowhere/run ";
    const std::string arrays = " --x X.npy --w W.npy --y Y.npy --out g ";
    const std::string model = "eval --model m.safetensors --data ";
    const std::pair<std::string, std::string> cases[] = {
        {run + "--milestones 0.5", "--milestones"},
        {run + "--power 3", "--power"},
        {run + "--factor 0.5", "--factor"},
        {run + "--optimizer sgd --beta1 0.8", "--beta1"},
        {run + "--optimizer adamw --momentum 0.8", "--momentum"},
        {run + "--loss triplet --head streamed", "--head"},
        {"train --data faces --out /nowhere/run --eval-resolution 16", "--eval-resolution"},
        {"train --data faces --out /nowhere/run --eval-every 1", "--eval-every"},
        {run + "--microscope-every 5", "--microscope-every"},
        {run + "--microscope-others npt", "--microscope-others"},
        {"compare --losses cosface,npt --data synth --out /nowhere/c --power 3", "--power"},
        {"compare --losses triplet,npair --data synth --out /nowhere/c --head dense", "--head"},
        {"study npt-range --data synth --out /nowhere/s --beta2 0.9", "--beta2"},
        {"study --list --out s", "--out"},
        {"study --list npt-range", "name"},
        {model + "faces --synth-people 5", "--synth-people"},
        {model + "faces --synth-difficulty 0.5", "--synth-difficulty"},
        {"grad --loss arcface" + arrays + "--tile 2", "--tile"},
        {"grad --loss arcface" + arrays + "--step 1e-3", "--step"},
        {"verify --loss npt --json --verbose", "--verbose"},
        {"synth --sheet s.png --format jpg", "--format"},
        {"losses arcface --docs d", "name"},
        {"losses --json --docs d", "--json"},
        {"profile --loss-rows --warmup 3", "--warmup"},
        {"profile --losses cosface", "--losses"},
    };
    for (const auto& [arguments, option] : cases) expect_refused(arguments, option);
}

TEST(UnusedOptions, AStudyRefusesWhatItSetsItself) {
    const Outcome outcome =
        errors_of("study resolution --data synth --out /nowhere/s --resolution 16");
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.text.find("--resolution has no meaning here"), std::string::npos)
        << outcome.text;
}

TEST(UnusedOptions, CommandsOfTheCpuRefuseAnotherDevice) {
    for (const std::string arguments :
         {"grad --loss arcface --x X.npy --y Y.npy --out g", "verify", "atlas --out a", "losses",
          "synth --out s", "inspect F.npy", "diff a b", "explorer --live l --out e", "bench ops",
          "bench loader"}) {
        expect_refused(arguments + " --device cuda", "--device cuda");
    }
}

}  // namespace facet::test
