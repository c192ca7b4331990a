// How much weight does SV-Softmax put on support vectors, and what comes of it?
#include <nlohmann/json.hpp>

#include "tools/lab/study/curves.h"
#include "tools/lab/study/measure.h"

namespace facet::study {
namespace {

constexpr double kMargin = 0.2;  // of the arms with margin=am

struct Comparison {
    const char *plain, *weighted;
};
constexpr Comparison kComparisons[] = {{"softmax", "sv t=1.2"}, {"am", "sv-am t=1.2"}};

// With t = 1 SV-Softmax is the softmax on cosines, and with margin=am CosFace.
std::vector<Arm> arms() {
    return {{"softmax", "sv-softmax:s=30,t=1"},
            {"sv t=1.1", "sv-softmax:s=30,t=1.1"},
            {"sv t=1.2", "sv-softmax:s=30,t=1.2"},
            {"am", "sv-softmax:s=30,t=1,margin=am,m=0.2"},
            {"sv-am t=1.2", "sv-softmax:s=30,t=1.2,margin=am,m=0.2"}};
}

// What support vectors get of the pull on negatives: from the arm's own loss, and from the same
// loss without the weight, on the same embeddings and proxies.
void measure(const Arm& arm, const HeadStep& step, nlohmann::ordered_json& line) {
    const atlas::LossSpec spec = atlas::parse_specs({arm.loss}, {}).front();
    const auto own = spec.make(), plain = spec.with({{"t", "1"}}).make();
    const double m = own->settings().is("margin", "am") ? kMargin : 0;
    const Support weighted = support_of(pull_of(step, *own), m);
    line["support"] = {{"negatives", weighted.negatives},
                       {"pull", weighted.pull},
                       {"plain", support_of(pull_of(step, *plain), m).pull}};
}

double negatives(const nlohmann::json& look) { return look.at("support").at("negatives"); }
double pull(const nlohmann::json& look) { return look.at("support").at("pull"); }
double plain(const nlohmann::json& look) { return look.at("support").at("plain"); }

Figure weight(const Results& results) {
    const atlas::Axis step{"step"}, share{"", atlas::Scale::percent, 0, 1};
    atlas::Chart numbers{"support vectors among the negatives", step};
    atlas::Chart shares{"their share of the pull on negatives", step, share};
    atlas::Chart same{"t = 1.2, and t = 1 on the same features", step, share};
    int pen = 0;
    for (const Arm& arm : results.study.arms) {
        numbers.lines.push_back(look_line(results, arm.label, arm.label, pen, negatives));
        shares.lines.push_back(look_line(results, arm.label, arm.label, pen++, pull));
    }
    pen = 0;
    for (const Comparison& c : kComparisons) {
        const std::string label = c.weighted;
        same.lines.push_back(look_line(results, label, label, pen++, pull));
        same.lines.push_back(look_line(results, label, "its features, t=1", pen++, plain));
    }
    numbers.y = fitted("", heights(numbers));
    return {"weight",
            "Support vectors are the negatives above the (margined) target. The pull is the sum of "
            "|dL/dcos| over the negatives of a batch. Means over the seeds.",
            {numbers, shares, same, accuracy_dots(results)}};
}

Reading read(const Results& results) {
    const Quantity share{"the share of the pull on support vectors", " points", 100, 1, 0.01};
    const Quantity cosine{"the target cosine at the end", "", 1, 3, 0.02};
    Reading reading;
    reading.table = {{"arm", "support vectors, %", "their pull, %", "with t = 1, %",
                      "target cosine", "accuracy %"}};
    for (const Arm& arm : results.study.arms) {
        const auto over_run = [&](double (*of)(const nlohmann::json&)) {
            return mean_and_spread(look_means(results, arm.label, 0, of), share);
        };
        reading.table.push_back(
            {arm.label, over_run(negatives), over_run(pull), over_run(plain),
             mean_and_spread(results.over_seeds(arm.label, last_cosine), cosine),
             mean_and_spread(results.accuracy(arm.label), kAccuracy)});
    }
    reading.figures = {weight(results)};
    std::vector<Verdict> parts;
    std::string found;
    for (const Comparison& c : kComparisons) {
        const std::string before = c.plain, after = c.weighted;
        const Contrast emphasis =
            paired(look_means(results, after, 0, pull), look_means(results, after, 0, plain));
        const Contrast accuracy = results.accuracy_difference(after, before);
        reading.sentences.push_back("on the same features, " +
                                    sentence(after, "t = 1", share, emphasis));
        reading.sentences.push_back(sentence(after, before, cosine,
                                             paired(results.over_seeds(after, last_cosine),
                                                    results.over_seeds(before, last_cosine))));
        reading.sentences.push_back(sentence(after, before, kAccuracy, accuracy));
        parts.push_back(judge(emphasis, share.matters));
        parts.push_back(judge(accuracy, kAccuracy.matters));
        found += (found.empty() ? "" : "; ") + sentence(after, "t = 1", share, emphasis) + "; " +
                 sentence(after, before, kAccuracy, accuracy);
    }
    reading.conclusion = fmt::format("{}: {}.", outcome_of_claim(parts), found);
    return reading;
}

}  // namespace

Study sv_weight() {
    Study study;
    study.name = "sv-weight";
    study.title = "SV-Softmax: the weight on support vectors";
    study.claim =
        "SV-Softmax puts more weight on support vectors, the classes that beat the target, and so "
        "learns more discriminative features than the softmax or the margin loss that it extends "
        "(Wang et al., Support Vector Guided Softmax Loss for Face Recognition, 2018, abstract).";
    study.question =
        "Which share of the pull on negatives do support vectors get over training, and is the "
        "accuracy on unseen people higher for it?";
    study.refuted =
        "Support vectors get no larger share than without the weight, or the accuracy is not "
        "higher.";
    study.arms = arms();
    study.look_every = 10;
    study.measure = measure;
    study.read = read;
    return study;
}

}  // namespace facet::study
