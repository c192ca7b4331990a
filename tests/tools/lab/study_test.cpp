// Studies: what they may say of given numbers, what they measure, and a tiny one from end to end.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "tools/lab/spec.h"
#include "tools/lab/study/figure.h"
#include "tools/lab/study/measure.h"
#include "tools/lab/study/page.h"
#include "tools/sources.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;
using namespace facet::study;

const Quantity points{"accuracy", " points", 100, 2, 0.01};

TEST(StudyStatistics, StudentsTAsInTables) {
    EXPECT_NEAR(student_t(1), 12.706, 1e-3);
    EXPECT_NEAR(student_t(4), 2.776, 1e-3);
    EXPECT_NEAR(student_t(15), 2.131, 1e-3);
    EXPECT_NEAR(student_t(60), 2.000, 1e-3);
    EXPECT_THROW(student_t(0), Error);
}

TEST(StudyStatistics, DifferencesAreTakenSeedBySeed) {
    // 0.01, 0.03, 0.02: mean 0.02, sd 0.01, half width 4.3027 * 0.01 / sqrt(3).
    const Contrast c = paired({0.51, 0.93, 0.72}, {0.50, 0.90, 0.70});
    EXPECT_NEAR(c.difference, 0.02, 1e-12);
    EXPECT_NEAR(c.high - c.difference, 0.024842, 1e-6);
    EXPECT_NEAR(c.difference - c.low, 0.024842, 1e-6);
    EXPECT_EQ(paired({1}, {0}).high, std::numeric_limits<double>::infinity());
    EXPECT_THROW(paired({1, 2}, {1}), Error);
}

TEST(StudyStatistics, TheSentenceFollowsTheInterval) {
    const auto said = [](double difference, double low, double high) {
        return sentence("A", "B", points, {difference, low, high});
    };
    EXPECT_EQ(said(0.02, 0.01, 0.03),
              "accuracy is higher with A than with B: by 2.00 points (95 % interval 1.00 to 3.00)");
    EXPECT_EQ(
        said(-0.02, -0.03, -0.0001),
        "accuracy is lower with A than with B: by 2.00 points (95 % interval -3.00 to -0.01)");
    EXPECT_EQ(said(0.001, -0.002, 0.004),
              "accuracy is the same with A and B within 1.00 points (95 % interval -0.20 to 0.40)");
    EXPECT_EQ(said(0.02, -0.01, 0.05),
              "accuracy with A and with B cannot be told apart: they differ by 2.00 points (95 "
              "% interval -1.00 to 5.00)");
    const double infinite = std::numeric_limits<double>::infinity();
    EXPECT_NE(said(0.02, -infinite, infinite).find("one run says nothing"), std::string::npos);
}

TEST(StudyStatistics, AClaimHoldsOnlyWithAllItsParts) {
    using enum Verdict;
    EXPECT_EQ(outcome_of_claim({Larger, Larger}), "The claim holds here");
    EXPECT_EQ(outcome_of_claim({Larger, Smaller}), "The claim holds in part here");
    EXPECT_EQ(outcome_of_claim({Larger, Unclear}),
              "The claim holds in part here, the rest is not decided");
    EXPECT_EQ(outcome_of_claim({Unclear, Alike}), "The claim does not hold here");
    EXPECT_EQ(outcome_of_claim({Unclear, Unclear}), "The claim is not decided here");
}

TEST(StudyFigure, TheNumbersBehindItAreThoseDrawn) {
    atlas::Chart chart{"accuracy, %", {"k", atlas::Scale::log}};
    add_sweep(chart, "npt", 0, {0, 1}, {{90, 92}, {80, 81}});
    const Figure figure{"one", "", {chart, Dots{"gap", "cosine", {{"plain", {0.5, -0.25}}}}}};
    EXPECT_EQ(
        csv(figure),
        "panel,series,x,y\naccuracy; %,npt (each run),1,90\naccuracy; %,npt (each run),1,92\n"
        "accuracy; %,npt (each run),10,80\naccuracy; %,npt (each run),10,81\n"
        "accuracy; %,npt,1,91\naccuracy; %,npt,10,80.5\ngap,plain,0,0.5\ngap,plain,1,-0.25\n");
    const std::string picture = svg(figure);
    EXPECT_TRUE(picture.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    EXPECT_TRUE(picture.ends_with("</svg>\n"));
    EXPECT_NE(picture.find(">plain</text>"), std::string::npos);
}

// In the plane: proxies at 0, 60 and 180 degrees, a row of class 0 at 40 degrees. The proxy at 60
// beats the target; at 40 + acos margin 0.4 rad only it is hard.
struct Plane {
    Tensor w =
        Tensor::from(cpu_device(), {3, 2}, std::vector<double>{1, 0, 0.5, std::sqrt(0.75), -2, 0});
    double angle = 40 * M_PI / 180;
    Tensor x = Tensor::from(cpu_device(), {1, 2},
                            std::vector<double>{3 * std::cos(angle), 3 * std::sin(angle)});
    std::vector<int64_t> labels{0};
    HeadDiagnostics diagnostics;
    HeadStep step{x, x, w, w, labels, diagnostics};
};

TEST(StudyPage, LinesBreakAtNoPercentSignAndNoListMark) {
    const std::string filler(95, 'x');
    EXPECT_EQ(study::wrapped(filler + " 95 %) y"), filler + "\n95 %) y\n");
    EXPECT_EQ(study::wrapped(filler + " abcd - y"), filler + " abcd -\ny\n");
    EXPECT_EQ(study::wrapped(filler + " abcde y", 2), filler + "\n  abcde y\n");
}

TEST(StudyMeasure, SupportVectorsAndTheirPull) {
    const Plane plane;
    const auto loss = make_loss("sv-softmax", {{"s", "2"}, {"t", "1"}});
    const Support support = support_of(pull_of(plane.step, *loss), 0);
    const double c1 = std::cos(M_PI / 9), c2 = -std::cos(plane.angle);
    EXPECT_DOUBLE_EQ(support.negatives, 0.5);
    EXPECT_NEAR(support.pull, 1 / (1 + std::exp(2 * (c2 - c1))), 1e-6);
    const auto weighted = make_loss("sv-softmax", {{"s", "2"}, {"t", "1.2"}});
    EXPECT_GT(support_of(pull_of(plane.step, *weighted), 0).pull, support.pull + 0.01);
}

TEST(StudyMeasure, TheCollaborativeMarginIsThatOfTheFormula) {
    const Plane plane;
    const auto loss = make_loss("npcface");
    const auto margin = collaborative_margin(pull_of(plane.step, *loss), 0.4, 0.2);
    EXPECT_NEAR(margin.mean, 0.4 + 0.2 * std::cos(M_PI / 9), 1e-6);
    EXPECT_DOUBLE_EQ(margin.rows, 1);
    EXPECT_DOUBLE_EQ(margin.hard, 0.5);
}

TEST(StudyList, EveryStudyNamesArmsThatCanBeMade) {
    std::set<std::string> names;
    for (const Study& study : all_studies()) {
        EXPECT_TRUE(names.insert(study.name).second) << study.name;
        EXPECT_EQ(find_study(study.name).title, study.title);
        RunRequest request;
        request.given = {{"--data", "synth"}};
        std::set<std::string> labels;
        for (const Arm& arm : study.arms) {
            EXPECT_TRUE(labels.insert(arm.label).second) << arm.label;
            EXPECT_NO_THROW(atlas::parse_specs({arm.loss}, {})) << arm.loss;
            EXPECT_NO_THROW(check_config(config_of(study, arm, request))) << arm.label;
        }
    }
    EXPECT_THROW(find_study("nosuch"), UsageError);
}

TEST(Resolution, PicturesAreScaledDownAndUpAgainBeforeAnythingElse) {
    RunConfig config;
    config.data = "synth";
    config.network.image = 32;
    config.synth_people = 2;
    config.synth_images = 2;
    config.synth_eval_people = 2;
    config.synth_eval_images = 2;
    const Dataset sharp = training_data(config);
    const EvalSet sharp_test = *evaluation_data(config);
    config.resolution = 8;
    const Dataset blurred = training_data(config);
    ASSERT_EQ(blurred.images.size(), sharp.images.size());
    for (size_t i = 0; i < sharp.images.size(); ++i) {
        EXPECT_EQ(blurred.images[i].rgb, resize(resize(sharp.images[i], 8, 8), 32, 32).rgb);
    }
    EXPECT_NE(data_hash(blurred), data_hash(sharp));
    // Each has its own setting.
    EXPECT_EQ(evaluation_data(config)->hash, sharp_test.hash);
    config.eval_resolution = 16;
    const EvalSet test = *evaluation_data(config);
    EXPECT_EQ(test.images[0].rgb, resize(resize(sharp_test.images[0], 16, 16), 32, 32).rgb);
    EXPECT_NE(test.source.find("16 pixels"), std::string::npos);

    config.resolution = 33;
    EXPECT_THROW(check_config(config), UsageError);
}

const std::string tiny =
    "study sv-weight --data synth --image 32 --synth-people 4 --synth-images 4 "
    "--synth-eval-people 3 --synth-eval-images 4 --batch 4 --steps 10 --warmup 2 --embedding 16 "
    "--seeds 2 ";

TEST(StudyCommand, MakesThePageWithItsFiguresAndReadsTheRunsTheNextTime) {
    const TemporaryFolder folder;
    const fs::path out = folder.path() / "pages", runs = folder.path() / "runs";
    const auto study = [&](const std::string& more = "") {
        return run(tiny + more + "--out " + out.string() + " --runs " + runs.string() +
                   " 2>/dev/null");
    };
    const Outcome first = study();
    ASSERT_EQ(first.status, 0);
    const std::string page = content(out / "sv-weight.md");
    EXPECT_NE(page.find("**Claim.**"), std::string::npos);
    EXPECT_NE(page.find("\nfacet study sv-weight --steps 10 "), std::string::npos);
    EXPECT_NE(page.find("| sv t=1.2 | "), std::string::npos);
    EXPECT_NE(page.find("](sv-weight-weight.svg)"), std::string::npos);
    EXPECT_NE(content(out / "README.md").find("](sv-weight.md)"), std::string::npos);
    EXPECT_NE(content(out / "sv-weight-weight.csv").find("their share of the pull"),
              std::string::npos);

    const fs::path log = runs / "sv-weight/recipe/runs/sv-softmax_s=30_t=1_seed0/log.jsonl";
    const auto written = fs::last_write_time(log);
    EXPECT_EQ(study().text, first.text);
    EXPECT_EQ(content(out / "sv-weight.md"), page);
    EXPECT_EQ(fs::last_write_time(log), written);

    EXPECT_EQ(study("--lr 0.2 ").status, 2);  // the runs there are of other settings
}

TEST(StudyCommand, WrongUsageIsRefusedBeforeAnyWork) {
    const TemporaryFolder folder;
    const fs::path out = folder.path() / "pages";
    const auto refused = [&](const std::string& arguments, const std::string& says) {
        const Outcome outcome = errors_of("study " + arguments + " --out " + out.string());
        EXPECT_EQ(outcome.status, 2) << arguments;
        EXPECT_NE(outcome.text.find(says), std::string::npos) << outcome.text;
        EXPECT_FALSE(fs::exists(out));
    };
    refused("nosuch", "npt-range, sv-weight");
    refused("", "--list");
    refused("npt-range --all", "--list");
    refused("npt-range", "--data");
    refused("npt-range --data synth --batch 1", "--batch");
    const Outcome list = run("study --list");
    EXPECT_EQ(list.status, 0);
    EXPECT_NE(list.text.find("unpg-gap"), std::string::npos);
}

}  // namespace
}  // namespace facet::test
