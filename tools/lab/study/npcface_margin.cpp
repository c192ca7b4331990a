// What do NPCFace's collaborative margin and its emphasis do, above all at low false acceptance?
#include <cmath>
#include <nlohmann/json.hpp>

#include "tools/lab/study/curves.h"
#include "tools/lab/study/measure.h"

namespace facet::study {
namespace {

constexpr double kM0 = 0.4, kM1 = 0.2;
constexpr double kFars[] = {1e-1, 3e-2, 1e-2, 3e-3, 1e-3};
constexpr double kLowFar = 1e-3;

// The third is NPCFace without collaboration, the fourth without emphasis on hard negatives.
std::vector<Arm> arms() {
    return {{"arcface", "arcface:s=30,m=0.4"},
            {"npcface", "npcface:s=30"},
            {"npcface m1=0", "npcface:s=30,m1=0"},
            {"npcface t=1 alpha=0", "npcface:s=30,t=1,alpha=0"}};
}

// The margin that NPCFace's formula gives on this step's features, whatever the arm's own.
void measure(const Arm& arm, const HeadStep& step, nlohmann::ordered_json& line) {
    const auto loss = atlas::parse_specs({arm.loss}, {}).front().make();
    const CollaborativeMargin m = collaborative_margin(pull_of(step, *loss), kM0, kM1);
    line["margin"] = {
        {"mean", m.mean}, {"low", m.low}, {"high", m.high}, {"rows", m.rows}, {"hard", m.hard}};
}

std::function<double(const nlohmann::json&)> margin(const char* key) {
    return [key](const nlohmann::json& look) { return look.at("margin").at(key).get<double>(); };
}

Figure training(const Results& results) {
    const atlas::Axis step{"step"};
    atlas::Chart margins{"NPCFace's collaborative margin, radians", step};
    int pen = 0;
    for (const auto& [key, name] : {std::pair{"high", "95 %"}, {"mean", "mean"}, {"low", "5 %"}}) {
        margins.lines.push_back(look_line(results, "npcface", name, pen++, margin(key)));
    }
    atlas::Chart hard{"hard negatives among all negatives", step};
    pen = 0;
    for (const Arm& arm : results.study.arms) {
        hard.lines.push_back(look_line(results, arm.label, arm.label, pen++, margin("hard")));
    }
    margins.y = fitted("", heights(margins));
    hard.y = fitted("", heights(hard));
    return {"margin",
            "Left: m0 + m1 · (mean cosine of the hard negatives) over the rows of a batch. Hard "
            "negatives lie above cos(θ + 0.4). Means over the seeds.",
            {margins, hard}};
}

Figure acceptance(const Results& results) {
    atlas::Chart chart{"true acceptance rate, %", {"false acceptance rate", atlas::Scale::log}};
    int pen = 0;
    for (const Arm& arm : results.study.arms) {
        std::vector<double> x;
        std::vector<std::vector<double>> y;
        for (const double far : kFars) {
            x.push_back(std::log10(far));
            y.push_back(results.tar(arm.label, far));
            for (double& v : y.back()) v *= 100;
        }
        add_sweep(chart, arm.label, pen++, x, y);
    }
    chart.y = fitted("", heights(chart));
    return {"acceptance",
            "All pairs of the unseen pictures. A dot is a run, a line goes through the means.",
            {chart}};
}

std::vector<std::vector<std::string>> table(const Results& results, const Quantity& tar,
                                            const Quantity& radians) {
    std::vector<std::vector<std::string>> rows{{"arm", "TAR at FAR 1e-1, %", "at 1e-2, %",
                                                "at 1e-3, %",
                                                "margin by the formula, second half"}};
    for (const Arm& arm : results.study.arms) {
        std::vector<std::string> row{arm.label};
        for (const double far : {1e-1, 1e-2, 1e-3}) {
            row.push_back(mean_and_spread(results.tar(arm.label, far), tar));
        }
        row.push_back(
            mean_and_spread(look_means(results, arm.label, 0.5, margin("mean")), radians));
        rows.push_back(std::move(row));
    }
    return rows;
}

Reading read(const Results& results) {
    const auto tar_at = [](const char* far) {
        return Quantity{fmt::format("the true acceptance rate at a false one of {}", far),
                        " points", 100, 2, 0.01};
    };
    const Quantity radians{"the margin", " radians", 1, 3, 0.01};
    const Contrast low = results.tar_difference("npcface", "arcface", kLowFar);
    const Contrast high = results.tar_difference("npcface", "arcface", 1e-1);
    const std::vector<double> late = look_means(results, "npcface", 0.5, margin("mean"));
    const Contrast raised = paired(late, std::vector<double>(late.size(), kM0));

    Reading reading;
    reading.table = table(results, tar_at(""), radians);
    reading.figures = {training(results), acceptance(results)};
    reading.sentences = {
        sentence("npcface in the second half", "m0 = 0.4", radians, raised),
        sentence("npcface", "arcface", tar_at("1e-3"), low),
        sentence("npcface", "arcface", tar_at("1e-1"), high),
        sentence("npcface", "npcface m1=0", tar_at("1e-3"),
                 results.tar_difference("npcface", "npcface m1=0", kLowFar)),
        sentence("npcface t=1 alpha=0", "arcface", tar_at("1e-3"),
                 results.tar_difference("npcface t=1 alpha=0", "arcface", kLowFar))};
    reading.conclusion = fmt::format(
        "{}: {}; {}.", outcome_of_claim({judge(raised, radians.matters), judge(low, 0.01)}),
        sentence("npcface in the second half", "m0 = 0.4", radians, raised),
        sentence("npcface", "arcface", tar_at("1e-3"), low));
    return reading;
}

}  // namespace

Study npcface_margin() {
    Study study;
    study.name = "npcface-margin";
    study.title = "NPCFace: the collaborative margin, and low false acceptance rates";
    study.claim =
        "Hard negatives of a sample raise the margin of its positive, and training on both hard "
        "cases does better, especially at low false acceptance rates (Zeng et al., NPCFace, 2020, "
        "abstract).";
    study.question =
        "How large is the collaborative margin over training, and is the true acceptance rate at a "
        "false one of 1e-3 higher than ArcFace's with the margin m0?";
    study.refuted =
        "The margin does not rise above m0, or the acceptance rate is lower than ArcFace's or the "
        "same within a point.";
    study.arms = arms();
    study.all_pairs = true;
    study.look_every = 10;
    study.measure = measure;
    study.read = read;
    return study;
}

}  // namespace facet::study
