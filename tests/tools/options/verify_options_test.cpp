// Every option of `facet verify`: which modes, regions and distances are judged.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "losses/proof/verify.h"
#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"

namespace facet::test {
namespace {

nlohmann::json verified(const std::string& options) {
    const Outcome outcome = run("verify --json " + options + " 2>/dev/null");
    EXPECT_EQ(outcome.status, 0) << options;
    return nlohmann::json::parse(outcome.text);
}

// The settings of the modes, as text.
std::set<std::string> modes_of(const nlohmann::json& report) {
    std::set<std::string> modes;
    for (const auto& mode : report["modes"]) {
        modes.insert(mode["loss"].get<std::string>() + " " + mode["settings"].dump());
    }
    return modes;
}

template <class Value>
std::set<Value> of_checks(const nlohmann::json& report, const char* field) {
    std::set<Value> values;
    for (const auto& mode : report["modes"]) {
        for (const auto& check : mode["checks"]) values.insert(check[field].get<Value>());
    }
    return values;
}

TEST(VerifyOptions, TheLossAndItsSettingsChooseTheModes) {
    const std::string quick = "--region interior --loss npt ";
    EXPECT_EQ(modes_of(verified(quick)),
              (std::set<std::string>{R"(npt {"own":"exclude"})", R"(npt {"own":"zero"})"}));
    EXPECT_EQ(modes_of(verified(quick + "--set own=zero k=3")),
              std::set<std::string>{R"(npt {"k":"3","own":"zero"})"});
    std::set<std::string> losses;
    const auto all = verified("--region interior --quick");
    for (const auto& mode : all["modes"]) losses.insert(mode["loss"].get<std::string>());
    EXPECT_EQ(losses.size(), all_losses().size());  // all, unless one is named
    const Outcome outcome = errors_of("verify --set k=3");
    EXPECT_EQ(outcome.status, 2);
    EXPECT_TRUE(contains(outcome.text, "--set needs the loss that it is for")) << outcome.text;
}

TEST(VerifyOptions, OnlyRegionsWithThatInTheirNamesAreJudged) {
    const auto report = verified("--loss cosface --region interior");
    for (const auto& region : of_checks<std::string>(report, "region"))
        EXPECT_TRUE(contains(region, "interior")) << region;
    EXPECT_GT(of_checks<std::string>(verified("--loss cosface --quick"), "region").size(),
              of_checks<std::string>(report, "region").size());
}

// As many checks as the library makes of it, every one told.
TEST(VerifyOptions, QuickLeavesMostDistancesOut) {
    const auto modes = proof::modes(loss_info("npt"));
    std::vector<int> counts;
    for (const bool quick : {false, true}) {
        const std::string options = quick ? "--quick " : "";
        const auto report = verified("--loss npt --region target " + options);
        int checks = 0;
        for (const proof::Verdict& verdict : proof::judge_all(modes, {quick, "target"}))
            checks += verdict.count();
        ASSERT_GT(checks, 0);
        EXPECT_EQ(report["checks"], checks);
        size_t told = 0;
        for (const auto& mode : report["modes"])
            told += mode["checks"].size() + mode["kinks"].size();
        EXPECT_EQ(told, static_cast<size_t>(checks));
        EXPECT_EQ(report["failures"], 0);
        counts.push_back(checks);
    }
    EXPECT_LT(2 * counts[1], counts[0]);  // quick leaves more than half out
}

TEST(VerifyOptions, VerboseIsALineACheckInPlaceOfTheKinks) {
    const std::string command = "verify --loss npt --region target --quick ";
    const std::string brief = run(command + "2>/dev/null").text;
    const auto report = verified("--loss npt --region target --quick");
    const auto lines = [](const std::string& text, const std::string& start) {
        size_t count = 0;
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) count += line.starts_with(start);
        return count;
    };
    EXPECT_EQ(lines(brief, "pass npt"), 0u);
    for (const char* flag : {"--verbose", "-v"}) {
        const std::string text = run(command + flag + " 2>/dev/null").text;
        EXPECT_EQ(lines(text, "pass npt "), report["checks"].get<size_t>());
        EXPECT_TRUE(
            text.ends_with(fmt::format("\n{} checks, 0 failures\n", report["checks"].get<int>())));
    }
}

}  // namespace
}  // namespace facet::test
