// What does ArcFace's dropped factor do to training?
#include <cmath>

#include "tools/lab/study/curves.h"

namespace facet::study {
namespace {

constexpr double kMargins[] = {0.3, 0.5};

std::string label(double m, bool exact) {
    return fmt::format("{} m={:g}", exact ? "exact" : "detached", m);
}

std::vector<Arm> arms() {
    std::vector<Arm> all;
    for (const double m : kMargins) {
        for (const bool exact : {true, false}) {
            all.push_back({label(m, exact), fmt::format("arcface:s=30,m={:g},grad={}", m,
                                                        exact ? "exact" : "detached")});
        }
    }
    return all;
}

double late_gradient(const Run& run) {
    return log_mean(run, 0.5, [](const LoggedStep& step) { return step.gradient_norm; });
}

// sin(theta + m) / sin(theta): what the exact gradient has besides.
double factor(double cosine, double m) {
    const double theta = std::acos(cosine);
    return std::sin(theta + m) / std::sin(theta);
}

Figure training(const Results& results) {
    atlas::Chart cosine{"mean target cosine", {"step"}}, gradient{"gradient norm", {"step"}};
    atlas::Chart dropped{"the factor sin(θ + m) / sin θ at that cosine", {"step"}};
    int pen = 0;
    for (const double m : kMargins) {
        for (const bool exact : {true, false}) {
            const std::string name = label(m, exact);
            const auto of_cosine = [](const LoggedStep& step) { return step.target_cosine; };
            cosine.lines.push_back(log_line(results, name, pen, of_cosine));
            gradient.lines.push_back(log_line(
                results, name, pen, [](const LoggedStep& step) { return step.gradient_norm; }));
            atlas::Line line = cosine.lines.back();
            for (double& y : line.y) y = factor(y, m);
            dropped.lines.push_back(std::move(line));
            ++pen;
        }
    }
    for (atlas::Chart* chart : {&cosine, &gradient, &dropped}) {
        chart->y = fitted("", heights(*chart));
    }
    return {"training",
            "Means over the seeds and over a twentieth of the run. The factor is that of the mean "
            "cosine: what the exact gradient of the target has and the detached one has not.",
            {cosine, gradient, dropped, accuracy_dots(results)}};
}

Reading read(const Results& results) {
    const Quantity cosine{"the target cosine at the end", "", 1, 3, 0.02};
    const Quantity gradient{"the gradient norm in the second half", "", 1, 3, 0.05};
    Reading reading;
    reading.table = {
        {"arm", "accuracy %", "target cosine at the end", "gradient norm, second half"}};
    for (const Arm& arm : results.study.arms) {
        reading.table.push_back(
            {arm.label, mean_and_spread(results.accuracy(arm.label), kAccuracy),
             mean_and_spread(results.over_seeds(arm.label, last_cosine), cosine),
             mean_and_spread(results.over_seeds(arm.label, late_gradient), gradient)});
    }
    reading.figures = {training(results)};
    std::vector<Verdict> as_good;
    std::string found;
    for (const double m : kMargins) {
        const std::string exact = label(m, true), detached = label(m, false);
        const Contrast accuracy = results.accuracy_difference(detached, exact);
        reading.sentences.push_back(sentence(detached, exact, kAccuracy, accuracy));
        const auto difference = [&](double (*of)(const Run&)) {
            return paired(results.over_seeds(detached, of), results.over_seeds(exact, of));
        };
        reading.sentences.push_back(sentence(detached, exact, cosine, difference(last_cosine)));
        reading.sentences.push_back(sentence(detached, exact, gradient, difference(late_gradient)));
        // Within the noise and a point, or better: nothing is lost.
        const Verdict v = judge(accuracy, 0.01);
        as_good.push_back(v == Verdict::Alike ? Verdict::Larger : v);
        found += (found.empty() ? "" : "; ") + sentence(detached, exact, kAccuracy, accuracy);
    }
    reading.conclusion = fmt::format("{}: {}.", outcome_of_claim(as_good), found);
    return reading;
}

}  // namespace

Study arcface_factor() {
    Study study;
    study.name = "arcface-factor";
    study.title = "ArcFace: the factor that released code drops";
    study.claim =
        "None of the paper's (Deng et al., ArcFace, CVPR 2019): its loss has the derivative "
        "−s (1 − p) sin(θ + m) / sin θ by the target cosine. Released code (arcface_torch) adds "
        "the "
        "margin outside of automatic differentiation and so drops sin(θ + m) / sin θ. The claim is "
        "the one that such code makes by being used: nothing is lost.";
    study.question =
        "Does training with the detached gradient reach the accuracy of the exact one, and how "
        "does "
        "it get there?";
    study.refuted = "The accuracy with the detached gradient is lower than with the exact one.";
    study.arms = arms();
    study.seeds = 3;
    study.read = read;
    return study;
}

}  // namespace facet::study
