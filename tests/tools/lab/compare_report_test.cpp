// What `facet compare` says of its findings, on findings made by hand.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "tools/lab/compare/report.h"

namespace facet::compare {
namespace {

// Three losses, two seeds: mean accuracies 0.8, 0.9 and 0.85.
Findings findings() {
    Findings f;
    f.losses = {"cosface", "npt k=2", "arcface"};
    f.seeds = {4, 5};
    f.accuracy = {{0.7, 0.9}, {0.9, 0.9}, {0.84, 0.86}};
    f.tar = {{0.5, 0.6}, {0.7, 0.9}, {0.65, 0.65}};
    // a, b, mean, 95 %, 95 % of all
    f.accuracy_differences = {{0, 1, -0.1, -0.15, -0.05, -0.18, -0.02},
                              {0, 2, -0.05, -0.09, -0.01, -0.11, 0.01},
                              {1, 2, 0.05, 0.03, 0.07, 0.02, 0.08}};
    f.tar_differences = f.accuracy_differences;
    f.resamples = 4000;
    f.data = "the data";
    f.source = "the pairs";
    for (int loss = 0; loss < 3; ++loss) {
        auto& results = f.results.emplace_back();
        for (int seed = 0; seed < 2; ++seed) {
            RunResult& result = results.emplace_back();
            result.verification.auc = 0.9 + 0.01 * loss + 0.002 * seed;
            result.verification.equal_error_rate = 0.1 + 0.01 * loss + 0.001 * seed;
            result.verification.gap_of_means = 0.4 + 0.1 * loss + 0.02 * seed;
            result.seconds = 10 * (loss + 1) + 2 * seed;
            result.curve = {{7, 0.25, 0.625 + seed / 16.0}};
        }
    }
    return f;
}

TEST(CompareReport, RanksByMeanAccuracyWithTheSpreadOfASample) {
    EXPECT_EQ(ranking(findings()), (std::vector<size_t>{1, 2, 0}));
    // sd of (0.7, 0.9): sqrt(2 x 0.1^2 / (2 - 1)) = 0.1414
    const std::vector<std::vector<std::string>> rows = {
        {"npt k=2", "90.00 ± 0.00", "80.00 ± 14.14", "0.9110", "0.510", "21"},
        {"arcface", "85.00 ± 1.41", "65.00 ± 0.00", "0.9210", "0.610", "31"},
        {"cosface", "80.00 ± 14.14", "55.00 ± 7.07", "0.9010", "0.410", "11"}};
    EXPECT_EQ(table_rows(findings()), rows);
}

TEST(CompareReport, OneSeedHasNoSpread) {
    Findings f = findings();
    for (auto* figures : {&f.accuracy, &f.tar}) {
        for (auto& of_loss : *figures) of_loss.resize(1);
    }
    EXPECT_EQ(table_rows(f)[2][1], "70.00 ± 0.00");
}

TEST(CompareReport, StatesOnlyDifferencesLargerThanNoise) {
    const std::vector<std::string> lines = {
        "npt k=2 is better than cosface by 10.00 points (2.00 to 18.00), arcface by 5.00 points "
        "(2.00 to 8.00)",
        "in brackets: 95 % intervals of all comparisons together"};
    EXPECT_EQ(statements(findings()), lines);
    Findings none = findings();
    for (Difference& d : none.accuracy_differences) {
        d.wide_low = -1;
        d.wide_high = 1;
    }
    EXPECT_EQ(statements(none),
              std::vector<std::string>{"no difference in accuracy is larger than noise"});
}

TEST(CompareReport, JsonHoldsEveryFigureUnderItsName) {
    const auto json = to_json(findings());
    EXPECT_EQ(json["seeds"], (std::vector<int64_t>{4, 5}));
    EXPECT_EQ(json["resamples"], 4000);
    EXPECT_EQ(json["data"], "the data");
    EXPECT_EQ(json["judged"], "the pairs");
    const auto& last = json["losses"][2];
    EXPECT_EQ(last["loss"], "cosface");
    EXPECT_DOUBLE_EQ(last["accuracy"]["mean"], 0.8);
    EXPECT_NEAR(last["accuracy"]["sd"], 0.14142135623730950, 1e-15);
    EXPECT_EQ(last["accuracy"]["runs"], (std::vector<double>{0.7, 0.9}));
    EXPECT_DOUBLE_EQ(last["tar_at_far_1e-2"]["mean"], 0.55);
    EXPECT_DOUBLE_EQ(last["auc"], 0.901);
    EXPECT_DOUBLE_EQ(last["gap_of_means"], 0.41);
    EXPECT_DOUBLE_EQ(last["seconds_a_run"], 11);
    const auto& first = json["differences"]["accuracy"][0];
    EXPECT_EQ(first["a"], "cosface");
    EXPECT_EQ(first["b"], "npt k=2");
    EXPECT_EQ(first["difference"], -0.1);
    EXPECT_EQ(first["interval95"], (std::vector<double>{-0.15, -0.05}));
    EXPECT_EQ(first["interval95_of_all"], (std::vector<double>{-0.18, -0.02}));
    EXPECT_EQ(first["beyond_noise"], true);
    EXPECT_EQ(json["differences"]["accuracy"][1]["beyond_noise"], false);
}

TEST(CompareReport, TablesHaveARowARun) {
    const test::TemporaryFolder folder;
    write_report(findings(), folder.path());
    const std::string table = test::content(folder.path() / "table.csv");
    EXPECT_NE(table.find("npt k=2,5,0.9,0.9,0.912,0.111,0.52,22.0\n"), std::string::npos) << table;
    EXPECT_NE(table.find("npt k=2,4,0.9,0.7,0.91,0.11,0.5,20.0\n"), std::string::npos) << table;
    const std::string curves = test::content(folder.path() / "curves.csv");
    EXPECT_NE(curves.find("cosface,5,7,0.6875,0.25\n"), std::string::npos) << curves;
    const std::string differences = test::content(folder.path() / "differences.csv");
    EXPECT_NE(differences.find("accuracy,cosface,arcface,-0.05,-0.09,-0.01,-0.11,0.01,0\n"),
              std::string::npos)
        << differences;
    EXPECT_NE(differences.find("tar_at_far_1e-2,npt k=2,arcface,0.05,0.03,0.07,0.02,0.08,1\n"),
              std::string::npos)
        << differences;
}

}  // namespace
}  // namespace facet::compare
