// The command `facet` as scripts see it: exit statuses, the form of errors, help.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "engine/device.h"
#include "tests/tools/command.h"

using facet::test::errors_of;
using facet::test::Outcome;
using facet::test::run;

namespace {

bool has_line_starting(const std::string& text, const std::string& start) {
    return text.starts_with(start) || text.find("\n" + start) != std::string::npos;
}

const char* const kSubcommands[] = {"train", "eval",    "embed",  "grad",    "losses",
                                    "synth", "inspect", "bench",  "profile", "doctor",
                                    "atlas", "compare", "verify", "diff",    "study"};

}  // namespace

TEST(Cli, VersionNamesFacetAndItsLibraries) {
    const Outcome outcome = run("--version");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_TRUE(outcome.text.starts_with("facet 0.1.0 (oneDNN ")) << outcome.text;
}

TEST(Cli, HelpOfEverySubcommandHasAnExample) {
    for (const std::string name : kSubcommands) {
        const Outcome outcome = run(name + " --help");
        EXPECT_EQ(outcome.status, 0) << name;
        EXPECT_NE(outcome.text.find("Example"), std::string::npos) << name << "\n" << outcome.text;
    }
}

TEST(Cli, HelpListsEverySubcommand) {
    const Outcome outcome = run("--help");
    EXPECT_EQ(outcome.status, 0);
    for (const std::string name : kSubcommands)
        EXPECT_NE(outcome.text.find("\n  " + name + " "), std::string::npos) << name;
}

TEST(Cli, WithoutASubcommandPrintsHelpAndFails) {
    const Outcome outcome = errors_of("");
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.text.find("Usage: facet"), std::string::npos);
    EXPECT_TRUE(has_line_starting(outcome.text, "facet: error: a subcommand is needed"));
}

TEST(Cli, UnknownSubcommandIsNamed) {
    const Outcome outcome = errors_of("trian");
    EXPECT_EQ(outcome.status, 2);
    EXPECT_TRUE(has_line_starting(outcome.text, "facet: error: there is no subcommand 'trian'"))
        << outcome.text;
    EXPECT_TRUE(has_line_starting(outcome.text, "facet: hint: facet --help")) << outcome.text;
}

TEST(Cli, UnknownSubcommandOfASubcommandIsNamed) {
    const Outcome outcome = errors_of("bench nonsense");
    EXPECT_EQ(outcome.status, 2);
    EXPECT_TRUE(
        has_line_starting(outcome.text, "facet: error: bench: there is no subcommand 'nonsense'"))
        << outcome.text;
    EXPECT_TRUE(has_line_starting(outcome.text, "facet: hint: facet bench --help")) << outcome.text;
}

TEST(Cli, UnknownOptionPointsToTheHelpOfItsSubcommand) {
    const Outcome outcome = errors_of("losses --colour");
    EXPECT_EQ(outcome.status, 2);
    EXPECT_TRUE(has_line_starting(outcome.text, "facet: error: losses: ")) << outcome.text;
    EXPECT_NE(outcome.text.find("--colour"), std::string::npos) << outcome.text;
    EXPECT_TRUE(has_line_starting(outcome.text, "facet: hint: facet losses --help"));
}

TEST(Cli, ASecondSubcommandIsRefused) {
    const Outcome outcome = errors_of("doctor losses");
    EXPECT_EQ(outcome.status, 2) << outcome.text;
}

TEST(Cli, ThreadsOutOfRangeAreRefused) {
    for (const std::string threads : {"0", "-1", "1025", "two", "1.5"}) {
        const Outcome outcome = errors_of("doctor --threads " + threads);
        EXPECT_EQ(outcome.status, 2) << threads;
        EXPECT_TRUE(has_line_starting(outcome.text, "facet: error: doctor: ")) << outcome.text;
    }
}

TEST(Cli, ThreadsMeanTheSameBeforeAndAfterTheSubcommand) {
    for (const std::string arguments : {"doctor --json --threads 3", "--threads 3 doctor --json"}) {
        const Outcome outcome = run(arguments);
        ASSERT_EQ(outcome.status, 0) << arguments;
        EXPECT_EQ(nlohmann::json::parse(outcome.text).at("threads"), 3) << arguments;
    }
}

TEST(Cli, ANegativeSeedIsRefused) { EXPECT_EQ(errors_of("doctor --seed -1").status, 2); }

TEST(Cli, UnknownDeviceIsWrongUsage) { EXPECT_EQ(errors_of("doctor --device tpu").status, 2); }

TEST(Cli, CudaIsRefusedWithoutAGpu) {
    if (facet::why_no_cuda().empty()) GTEST_SKIP() << "there is a GPU";
    const Outcome outcome = errors_of("doctor --device cuda");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_TRUE(has_line_starting(outcome.text, "facet: error: device cuda")) << outcome.text;
    EXPECT_TRUE(has_line_starting(outcome.text, "facet: hint: ")) << outcome.text;
}

TEST(Cli, AFullDiskUnderStandardOutputIsAFailure) {
    if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
    const Outcome outcome = run("doctor --json 2>&1 >/dev/full");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_TRUE(has_line_starting(outcome.text, "facet: error: standard output"));
}

TEST(Cli, DoctorTellsLibrariesDevicesAndHowToInstallWhatIsMissing) {
    const Outcome outcome = run("doctor --json");
    ASSERT_EQ(outcome.status, 0);
    const auto report = nlohmann::json::parse(outcome.text);
    EXPECT_TRUE(report.at("problems").empty());
    EXPECT_EQ(report.at("devices").at(0), "cpu");
    EXPECT_FALSE(report.at("libraries").at("oneDNN").get<std::string>().empty());
    EXPECT_GT(report.at("memory_gib").get<double>(), 0.1);
    for (const auto& finding : report.at("optional"))
        EXPECT_TRUE(finding.at("install").get<std::string>().starts_with("apt-get install"));
}
