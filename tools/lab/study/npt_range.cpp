// Does NPT converge over a wide range of margins, and without a scale?
#include <algorithm>
#include <cmath>

#include "tools/lab/study/curves.h"

namespace facet::study {
namespace {

constexpr double kMargins[] = {0.1, 0.25, 0.5, 1};  // on the cosine: m, delta / (2 r^2)
constexpr double kScales[] = {4, 30, 64};           // CosFace's s
constexpr double kRadii[] = {1, 2, 4};              // NPT's r: gradients as r^2, 1 : 4 : 16
constexpr int kNearest[] = {1, 3, 10, 0};           // NPT's k; 0: all
constexpr double kMatters = 0.02;                   // a difference of ranges of accuracy

std::string cosface(double s, double m) { return fmt::format("cosface s={:g} m={:g}", s, m); }
std::string npt(double r, double m, int k) {
    return fmt::format("npt r={:g} m={:g} k={}", r, m, k == 0 ? "all" : fmt::format("{}", k));
}

std::vector<Arm> arms() {
    std::vector<Arm> all;
    const auto add = [&](const std::string& label, const std::string& loss) {
        const auto same = [&](const Arm& arm) { return arm.label == label; };
        if (std::none_of(all.begin(), all.end(), same)) all.push_back({label, loss});
    };
    const auto add_npt = [&](double r, double m, int k) {
        add(npt(r, m, k), fmt::format("npt:r={:g},delta={:g},k={}", r, 2 * r * r * m, k));
    };
    const auto add_cosface = [&](double s, double m) {
        add(cosface(s, m), fmt::format("cosface:s={:g},m={:g}", s, m));
    };
    for (const double m : kMargins) add_npt(2, m, 10);
    for (const double r : kRadii) add_npt(r, 0.5, 10);
    for (const int k : kNearest) add_npt(2, 0.5, k);
    for (const double m : kMargins) add_cosface(30, m);
    for (const double s : kScales) add_cosface(s, 0.25);
    return all;
}

// The labels of a sweep.
template <class Values, class Label>
std::vector<std::string> sweep(const Values& values, Label label) {
    std::vector<std::string> labels;
    for (const auto v : values) labels.push_back(label(v));
    return labels;
}

// (seeds): the best accuracy of the sweep less the worst.
std::vector<double> range(const Results& results, const std::vector<std::string>& labels) {
    std::vector<double> best(results.seeds.size(), 0), worst(results.seeds.size(), 1);
    for (const std::string& label : labels) {
        const std::vector<double> accuracy = results.accuracy(label);
        for (size_t seed = 0; seed < accuracy.size(); ++seed) {
            best[seed] = std::max(best[seed], accuracy[seed]);
            worst[seed] = std::min(worst[seed], accuracy[seed]);
        }
    }
    for (size_t seed = 0; seed < best.size(); ++seed) best[seed] -= worst[seed];
    return best;
}

void add_curve(const Results& results, atlas::Chart& chart, const std::string& name, int number,
               const std::vector<double>& x, const std::vector<std::string>& labels) {
    std::vector<std::vector<double>> y;
    for (const std::string& label : labels) {
        y.push_back(results.accuracy(label));
        for (double& v : y.back()) v *= 100;
    }
    add_sweep(chart, name, number, x, y);
}

std::vector<double> logarithms(std::vector<double> values) {
    for (double& v : values) v = std::log10(v);
    return values;
}

struct Sweeps {
    std::vector<std::string> npt_margin, cosface_margin, radius, scale, nearest;
};

Sweeps sweeps() {
    return {sweep(kMargins, [](double m) { return npt(2, m, 10); }),
            sweep(kMargins, [](double m) { return cosface(30, m); }),
            sweep(kRadii, [](double r) { return npt(r, 0.5, 10); }),
            sweep(kScales, [](double s) { return cosface(s, 0.25); }),
            sweep(kNearest, [](int k) { return npt(2, 0.5, k); })};
}

Figure figure(const Results& results, const Sweeps& s) {
    const atlas::Scale log = atlas::Scale::log;
    atlas::Chart margin{"accuracy, %, over the margin", {"margin on the cosine"}};
    const std::vector<double> margins(std::begin(kMargins), std::end(kMargins));
    add_curve(results, margin, "npt r=2 k=10", 0, margins, s.npt_margin);
    add_curve(results, margin, "cosface s=30", 1, margins, s.cosface_margin);
    atlas::Chart strength{"accuracy, %, over the scale", {"s of CosFace, 4 r² of NPT", log}};
    add_curve(results, strength, "npt m=0.5 k=10", 0, logarithms({4, 16, 64}), s.radius);
    add_curve(results, strength, "cosface m=0.25", 1, logarithms({4, 30, 64}), s.scale);
    atlas::Chart nearest{"accuracy, %, over k", {"k, the last is all", log}};
    const auto others = static_cast<double>(results.classes - 1);
    add_curve(results, nearest, "npt r=2 m=0.5", 0, logarithms({1, 3, 10, others}), s.nearest);
    std::vector<double> all;
    for (atlas::Chart* chart : {&margin, &strength, &nearest}) {
        const std::vector<double> y = heights(*chart);
        all.insert(all.end(), y.begin(), y.end());
    }
    for (atlas::Chart* chart : {&margin, &strength, &nearest}) chart->y = fitted("", all);
    return {"accuracy",
            "Accuracy on unseen people. A dot is a run, a line goes through the means. NPT's "
            "gradient grows as r², CosFace's with s: 4 r² puts a factor of 16 of both on one axis.",
            {margin, strength, nearest}};
}

std::string moved(const std::string& of, const std::vector<double>& npt,
                  const std::vector<double>& cosface, Verdict steadier) {
    const std::string figures =
        fmt::format("NPT's accuracy moves by {} points, CosFace's by {}",
                    number(mean(npt), kAccuracy), number(mean(cosface), kAccuracy));
    switch (steadier) {
        case Verdict::Larger:
            return fmt::format("over the {} {}: NPT's is the steadier", of, figures);
        case Verdict::Smaller:
            return fmt::format("over the {} {}: CosFace's is the steadier", of, figures);
        case Verdict::Alike:
            return fmt::format("over the {} {}: the same within {:.0f} points", of, figures,
                               100 * kMatters);
        default:
            return fmt::format("over the {} {}: no difference beyond the noise", of, figures);
    }
}

Reading read(const Results& results) {
    const Sweeps s = sweeps();
    Reading reading;
    reading.table = {{"arm", "accuracy %", "AUC", "mean target cosine at the end"}};
    for (const Arm& arm : results.study.arms) {
        const auto auc = results.over_seeds(
            arm.label, [](const Run& run) { return run.result.verification.auc; });
        const auto cosine = results.over_seeds(arm.label, last_cosine);
        reading.table.push_back({arm.label, mean_and_spread(results.accuracy(arm.label), kAccuracy),
                                 mean_and_spread(auc, {"AUC", "", 1, 4}),
                                 mean_and_spread(cosine, {"cosine"})});
    }
    reading.figures = {figure(results, s)};

    const Quantity range_of{"the range of accuracy", " points", 100, 2, kMatters};
    const auto npt_margin = range(results, s.npt_margin),
               cos_margin = range(results, s.cosface_margin);
    const auto radius = range(results, s.radius), scale = range(results, s.scale);
    const Contrast over_margin = paired(cos_margin, npt_margin), over_scale = paired(scale, radius);
    reading.sentences = {
        "over the margins, " + sentence("CosFace", "NPT", range_of, over_margin),
        "over a factor of 16 in s or r², " + sentence("CosFace", "NPT", range_of, over_scale),
        "k: " + sentence("k = 10", "all negatives", kAccuracy,
                         results.accuracy_difference(npt(2, 0.5, 10), npt(2, 0.5, 0))),
        "k: " + sentence("k = 10", "k = 1", kAccuracy,
                         results.accuracy_difference(npt(2, 0.5, 10), npt(2, 0.5, 1))),
        "at the margin 0.5, " +
            sentence("npt r=2 k=10", "cosface s=30", kAccuracy,
                     results.accuracy_difference(npt(2, 0.5, 10), cosface(30, 0.5)))};
    const Verdict by_margin = judge(over_margin, range_of.matters);
    const Verdict by_scale = judge(over_scale, range_of.matters);
    reading.conclusion =
        fmt::format("{}: {}; {}.", outcome_of_claim({by_margin, by_scale}),
                    moved("margins 0.1 to 1", npt_margin, cos_margin, by_margin),
                    moved("scale (a factor of 16 in the gradient)", radius, scale, by_scale));
    return reading;
}

}  // namespace

Study npt_range() {
    Study study;
    study.name = "npt-range";
    study.title = "NPT: a wide range of margins, and no scale";
    study.claim =
        "NPT-Loss converges over a wide range of the margin and needs no scale: the radius r only "
        "rescales the learning rate (Khalid et al., NPT-Loss, TPAMI 2023, section 6.1 and table 1; "
        "table 2 for k).";
    study.question =
        "How much does the accuracy on unseen people move when the margin, the scale or k does, "
        "for "
        "NPT and for CosFace?";
    study.refuted =
        "Over the same margins, or over the same factor in the gradient, NPT's accuracy moves as "
        "much as CosFace's or more.";
    study.arms = arms();
    study.seeds = 2;
    study.read = read;
    return study;
}

}  // namespace facet::study
