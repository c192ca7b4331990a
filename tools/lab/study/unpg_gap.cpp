// Does UNPG widen the gap between positive and negative similarities?
#include "tools/lab/study/curves.h"

namespace facet::study {
namespace {

struct Base {
    const char *plain, *unified;  // arms: the loss, and the same with unified negative pairs
};
constexpr Base kBases[] = {{"cosface", "unpg cosface"}, {"arcface", "unpg arcface"}};

std::vector<Arm> arms() {
    return {{"cosface", "cosface:s=30,m=0.2"},
            {"unpg cosface", "unpg:base=cos,s=30,m=0.2"},
            {"unpg cosface no filter", "unpg:base=cos,s=30,m=0.2,wisk=0"},
            {"arcface", "arcface:s=30,m=0.3"},
            {"unpg arcface", "unpg:base=arc,s=30,m=0.3"}};
}

double tails(const Run& run) { return run.result.verification.gap_of_tails; }
double means(const Run& run) { return run.result.verification.gap_of_means; }
double look_gap(const nlohmann::json& look) { return look.at("gap"); }
double negatives(const Run& run) { return run.result.verification.similarity_different.mean; }

Figure similarities(const Results& results) {
    Figure figure{"similarities",
                  "Similarities of pairs of unseen pictures, first seed: the claim is about the "
                  "room between the two curves.",
                  {}};
    for (const char* label : {"cosface", "unpg cosface", "arcface", "unpg arcface"}) {
        const Verification& v = results.runs[results.arm(label)].front().result.verification;
        atlas::Chart chart{std::string(label) + ": % of the pairs",
                           {"cosine of a pair", atlas::Scale::linear, -1, 1}};
        const auto add = [&](const char* name, const char* pen, const Distribution& d) {
            atlas::Line line{name, pen, {}, {}};
            for (size_t bin = 0; bin < d.histogram.size(); ++bin) {
                line.x.push_back(-1 + (static_cast<double>(bin) + 0.5) / 20);
                line.y.push_back(100.0 * static_cast<double>(d.histogram[bin]) /
                                 static_cast<double>(d.count));
            }
            chart.lines.push_back(std::move(line));
        };
        add("same person", "s0", v.similarity_same);
        add("different people", "s1", v.similarity_different);
        figure.panels.push_back(std::move(chart));
    }
    return figure;
}

Figure gaps(const Results& results) {
    atlas::Chart chart{"gap in training: 5 % of positive less 95 % of negative", {"step"}};
    Dots dots{"gap of the tails on unseen people", "cosine", {}};
    int pen = 0;
    for (const Arm& arm : results.study.arms) {
        chart.lines.push_back(look_line(results, arm.label, arm.label, pen++, look_gap));
        dots.rows.push_back({arm.label, results.over_seeds(arm.label, tails)});
    }
    chart.y = fitted("", heights(chart));
    return {
        "gap",
        "Left: cosines of the batch with the proxies, means over the seeds. Right: of each run, "
        "the 5th percentile of same pairs less the 95th of different ones; 0 and more would be "
        "room between the two.",
        {chart, dots}};
}

Reading read(const Results& results) {
    const Quantity gap{"the gap of the tails on unseen people", "", 1, 3, 0.02};
    const Quantity gap_of_means{"the gap of the means", "", 1, 3, 0.02};
    const Quantity negative{"the mean similarity of different people", "", 1, 3, 0.02};
    Reading reading;
    reading.table = {
        {"arm", "gap of the tails", "gap of the means", "mean of different pairs", "accuracy %"}};
    for (const Arm& arm : results.study.arms) {
        const std::string& label = arm.label;
        reading.table.push_back({label, mean_and_spread(results.over_seeds(label, tails), gap),
                                 mean_and_spread(results.over_seeds(label, means), gap),
                                 mean_and_spread(results.over_seeds(label, negatives), gap),
                                 mean_and_spread(results.accuracy(label), kAccuracy)});
    }
    reading.figures = {gaps(results), similarities(results)};
    std::vector<Verdict> wider;
    std::string found;
    for (const Base& base : kBases) {
        const auto difference = [&](double (*of)(const Run&)) {
            return paired(results.over_seeds(base.unified, of), results.over_seeds(base.plain, of));
        };
        const Contrast of_tails = difference(tails);
        const auto add = [&](const Quantity& quantity, const Contrast& contrast) {
            reading.sentences.push_back(sentence(base.unified, base.plain, quantity, contrast));
        };
        add(gap, of_tails);
        add(gap_of_means, difference(means));
        add(negative, difference(negatives));
        add(kAccuracy, results.accuracy_difference(base.unified, base.plain));
        wider.push_back(judge(of_tails, gap.matters));
        found += (found.empty() ? "" : "; ") + sentence(base.unified, base.plain, gap, of_tails);
    }
    const std::string filtered = "unpg cosface", all = "unpg cosface no filter";
    reading.sentences.push_back(
        sentence(filtered, all, gap,
                 paired(results.over_seeds(filtered, tails), results.over_seeds(all, tails))));
    reading.conclusion = fmt::format("{}: {}.", outcome_of_claim(wider), found);
    return reading;
}

}  // namespace

Study unpg_gap() {
    Study study;
    study.name = "unpg-gap";
    study.title = "UNPG: the gap between positive and negative similarities";
    study.claim =
        "Adding the similarities of the batch's own negative pairs to the softmax brings the "
        "features nearer to the state where every positive similarity is above every negative one "
        "(Jung et al., Unified Negative Pair Generation toward Well-discriminative Feature Space, "
        "BMVC 2022, abstract).";
    study.question =
        "Is the gap between the similarities of same and of different pairs of unseen people wider "
        "with UNPG than with the loss that it extends?";
    study.refuted = "The gap of the tails is narrower with UNPG, or the same within 0.02.";
    study.arms = arms();
    study.look_every = 10;
    study.read = read;
    return study;
}

}  // namespace facet::study
