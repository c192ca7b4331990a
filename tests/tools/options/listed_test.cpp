// Every option of every command is followed by a test to where it acts: a new one needs a test that
// sets it to what is not its default, and its place in the table below.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "tools/commands.h"
#include "tools/option_rules.h"
#include "tools/run_options.h"

namespace facet::test {
namespace {

// The options that one test follows. A positional argument is called by its name alone.
struct Followed {
    const char* command;  // "bench step"; "": of `facet` itself
    const char* options;
    const char* test;
};

const Followed kFollowed[] = {
    {"", "--device", "UnusedOptions.CommandsOfTheCpuRefuseAnotherDevice"},
    {"", "--threads", "Cli.ThreadsMeanTheSameBeforeAndAfterTheSubcommand"},
    {"", "--seed", "GradOptions.TheSeedIsThatOfTheRandomMargins"},
    {"", "--version", "Cli.VersionNamesFacetAndItsLibraries"},

    {"train", "--config", "TrainCommand.ItsConfigurationMakesTheSameRunAgain"},
    {"train", "--out", "TrainCommand.LeavesACompleteRunFolder"},
    {"train", "--resume", "TrainCommand.KilledInTheMiddleOfAnEpochAndResumedGivesTheSameBytes"},
    {"train", "--set", "Compare.ARunIsThatOfTrainWithItsLossAndSeed"},
    {"train", "--summary", "TrainOptions.TheSummaryIsThatOfTheNetworkAndBatch"},
    {"train", "--profile --microscope",
     "ProfileCommand.ARunHasTheSameBitsWithAndWithoutLedgerAndMicroscope"},
    {"train", "--microscope-every --microscope-others",
     "TrainOptions.TheMicroscopeComparesTheLossesNamed"},

    {"eval", "--model", "EvalOptions.TheModelIsTheOneNamed"},
    {"eval", "--data --pairs", "EvalOptions.PairsAreThoseOfTheFile"},
    {"eval",
     "--far --synth-people --synth-images --synth-difficulty --resolution --no-mirror --card "
     "--json",
     "TrainCommand.TheModelIsEvaluatedAsTheOptionsSay"},
    {"eval", "--floors", "EvalOptions.FloorsAreOfThesePicturesWithTheSameTargetsAndSeed"},

    {"embed", "--model --data --out --mirror",
     "TrainCommand.EmbeddingsOfAFolderComeWithTheirNames"},

    {"grad", "--x --w --y --out", "GradCommand.WritesWhatTheLossComputesInBothTypesAndHeads"},
    {"grad", "--loss --set", "GradOptions.TheLossHasItsParameters"},
    {"grad", "--dtype", "GradOptions.TheTypeIsTheOneAskedForOrElseThatOfX"},
    {"grad", "--head --tile", "GradOptions.TheHeadAndItsTileAreThoseOfTheBits"},
    {"grad", "--method --step", "GradOptions.TheMethodFindsItAndTheStepIsThatOfTheDifferences"},
    {"grad", "--dcos", "GradOptions.TheGradientByCosinesIsWrittenWhenAskedFor"},
    {"grad", "--state", "GradOptions.TheStateIsThatBeforeTheCall"},

    {"atlas", "--loss --out", "Atlas.TheCurvesAreWhatGradSays"},
    {"atlas", "--set", "AtlasOptions.TheOnlyLossHasTheParametersThatAreSet"},
    {"atlas", "--x --w --y", "AtlasCommand.ReplaysAFrozenState"},

    // Its page takes half a minute; what it does before is tested.
    {"explorer", "--live", "Outputs.ARefusedCommandMakesNothing"},
    {"explorer", "--out", "Outputs.NoCommandReplacesWhatIsNotFacets"},

    {"compare", "--losses", "Compare.ARunIsThatOfTrainWithItsLossAndSeed"},
    {"compare", "--seeds --resamples --json",
     "CompareOptions.IntervalsAreOfAsManyResamplesAndSeedsAsSaid"},
    {"compare", "--config --out", "CompareOptions.TheRecipeIsThatOfTheRunsAndOptionsOverrideIt"},

    {"study", "name --out --runs --seeds",
     "StudyOptions.RunsAndPageAreInTheFoldersNamedAndOfTheSeedsNamed"},
    {"study", "--config", "StudyOptions.RunsAreRecordedAsTheRecipeHasThem"},
    {"study", "--all", "StudyOptions.AllIsEveryStudyAndANameIsOne"},
    {"study", "--list", "StudyOptions.TheListSaysWhatEachAsks"},

    {"losses", "name", "LossesOptions.TheNameChoosesOne"},
    {"losses", "--json", "LossesOptions.JsonHasEveryFieldOfTheDescription"},
    {"losses", "--docs", "LossPages.CommittedPagesAreThoseOfTheLosses"},

    {"synth",
     "--out --sheet --people --images --image --first-person --look-alikes --pose --alignment "
     "--expression --light --style --background --occlusion --blur --noise --resolution",
     "SynthOptions.ThePicturesAreThoseOfTheSetThatIsNamed"},
    {"synth", "--format", "SynthOptions.TheFormatIsThatOfTheFiles"},

    {"inspect", "FILE --json", "InspectOptions.TheFileNamedIsDescribedInWordsOrJson"},
    {"diff", "RUN_A RUN_B --json", "DiffOptions.JsonAndTextSayWhichRunHasWhich"},

    {"verify", "--loss --set", "VerifyOptions.TheLossAndItsSettingsChooseTheModes"},
    {"verify", "--region", "VerifyOptions.OnlyRegionsWithThatInTheirNamesAreJudged"},
    {"verify", "--quick --json", "VerifyOptions.QuickLeavesMostDistancesOut"},
    {"verify", "--verbose", "VerifyOptions.VerboseIsALineACheckInPlaceOfTheKinks"},

    {"bench head", "--loss --classes --batch --embedding --tile --repetitions --json",
     "BenchHeadOptions.BothHeadsAreMeasuredOverTheClassesNamed"},
    {"bench head", "--set", "BenchHeadOptions.ParametersAreThoseOfTheLosses"},
    {"bench head", "--streamed", "BenchHeadOptions.StreamedLeavesTheDenseHeadOut"},
    {"bench loader", "--image --batch --images --workers --json",
     "BenchLoaderOptions.PicturesBatchesAndThreadsAreAsSaid"},
    {"bench loader", "--seconds", "BenchLoaderOptions.EachRowTakesTheSecondsNamed"},

    {"bench step", "--json", "BenchStepOptions.JsonAndTextNameWhatWasMeasured"},
    {"bench ops", "--json", "Of/BenchOptions.TheShapesAreThoseOfTheOptions/bench_ops"},
    {"profile", "--json", "ProfileOptions.TheReportNamesWhatWasMeasured"},
    {"profile", "--out", "ProfileCommand.WritesTablesATraceAndARoofline"},
    {"profile", "--loss-rows --losses",
     "ProfileOptions.LossRowsAreOfTheLossesRowsAndRepetitionsNamed"},

    {"doctor", "--json", "DoctorOptions.JsonAndTextSayTheSameOfTheMachine"},
};

using Option = std::pair<std::string, std::string>;  // of which command

class Table {
public:
    Table() {
        for (const auto& [command, options, test] : kFollowed) add(command, options, test);
        RunConfig config;
        for (const Setting& setting : settings_of(config)) {
            if (setting.option.empty()) continue;
            add("train", setting.option, "TypedOptions.EveryOptionOfTrainIsRecordedAsTyped");
            if (setting.option == "--loss") continue;
            add("compare", setting.option, "CompareOptions.EverySettingIsThatOfItsRuns");
            add("study", setting.option, "StudyOptions.EverySettingIsThatOfItsArms");
        }
        for (const std::string command : {"bench step", "bench ops", "profile"}) {
            std::string name = command;
            std::replace(name.begin(), name.end(), ' ', '_');
            const auto follow = [&](const std::string& options, const std::string& test) {
                add(command, options, "Of/BenchOptions." + test + "/" + name);
            };
            follow("--backbone --image --batch --embedding --classes",
                   "TheShapesAreThoseOfTheOptions");
            follow("--steps --warmup", "StepsAndThoseBeforeThemAreAsManyAsSaid");
            follow("--conv", "TheConvolutionsAreOfThatAlgorithm");
            follow("--loss --set --precision", "TheLossIsTheOneNamedWithItsParameters");
        }
    }
    const std::map<Option, std::string>& tests() const { return tests_; }

private:
    void add(const std::string& command, const std::string& options, const std::string& test) {
        std::istringstream words(options);
        for (std::string option; words >> option;)
            EXPECT_TRUE(tests_.emplace(Option{command, option}, test).second)
                << command << " " << option << " is followed twice";
    }
    std::map<Option, std::string> tests_;
};

// "--verbose" of "--verbose,-v".
std::string long_name(const CLI::Option& option) {
    if (option.get_lnames().empty()) return option.get_name();
    return "--" + option.get_lnames().front();
}

void collect(const CLI::App& command, std::set<Option>& options) {
    for (const CLI::Option* option : command.get_options()) {
        if (option == command.get_help_ptr()) continue;
        options.emplace(name_of(command), long_name(*option));
    }
    for (const CLI::App* inner : command.get_subcommands(nullptr)) collect(*inner, options);
}

// Of lines that are indented by two: what wraps is indented further.
std::set<std::string> names_in(const std::string& help) {
    std::set<std::string> names;
    std::istringstream in(help);
    for (std::string line; std::getline(in, line);) {
        if (line.size() < 3 || !line.starts_with("  ") || line[2] == ' ') continue;
        names.insert(line.substr(2, line.find_first_of(" ,", 2) - 2));
    }
    return names;
}

TEST(ListedOptions, EachHasATestThatFollowsItToWhereItActs) {
    CLI::App app("facet");
    add_all_commands(app);
    std::set<Option> options;
    collect(app, options);
    for (const char* global : {"--device", "--threads", "--seed", "--version"})
        options.emplace("", global);
    const Table table;
    for (const Option& option : options) {
        EXPECT_TRUE(table.tests().contains(option))
            << "facet " << option.first << " " << option.second
            << ": no test follows it to where it acts; write one and name it in this file";
    }
    for (const auto& [option, test] : table.tests()) {
        EXPECT_TRUE(options.contains(option))
            << "facet " << option.first << " has no " << option.second;
    }
}

// What the program itself lists: its commands, and the global options named above.
TEST(ListedOptions, TheCommandsAreThoseOfTheProgram) {
    std::set<std::string> known{"-h", "--version", "--device", "--threads", "--seed"};
    CLI::App app("facet");
    add_all_commands(app);
    for (const CLI::App* command : app.get_subcommands(nullptr)) known.insert(command->get_name());
    const std::string help = run("--help").text;
    EXPECT_EQ(names_in(help.substr(0, help.find("Example"))), known) << help;
}

TEST(ListedOptions, TheTestsNamedExist) {
    std::set<std::string> names;
    const testing::UnitTest& all = *testing::UnitTest::GetInstance();
    for (int s = 0; s < all.total_test_suite_count(); ++s) {
        const testing::TestSuite& suite = *all.GetTestSuite(s);
        for (int t = 0; t < suite.total_test_count(); ++t)
            names.insert(fmt::format("{}.{}", suite.name(), suite.GetTestInfo(t)->name()));
    }
    const Table table;
    for (const auto& [option, test] : table.tests())
        EXPECT_TRUE(names.contains(test)) << "there is no " << test;
}

}  // namespace
}  // namespace facet::test
