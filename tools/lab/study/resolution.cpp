// Faces of high and low resolution: what is learned at one, tested at all.
#include <map>

#include "tools/devices.h"
#include "tools/lab/study/curves.h"
#include "tools/sources.h"
#include "train/model.h"
#include "train/trainer.h"

namespace facet::study {
namespace {

constexpr int64_t kPixels[] = {64, 32, 16};

std::string label(const std::string& loss, int64_t pixels) {
    return fmt::format("{} at {}", loss, pixels);
}

std::vector<Arm> arms() {
    std::vector<Arm> all;
    for (const int64_t pixels : kPixels) {
        const std::string text = fmt::format("{}", pixels);
        for (const auto& [name, loss] :
             {std::pair{"cosface", "cosface:s=30,m=0.2"}, {"npt", "npt:r=2,delta=4,k=10"}}) {
            all.push_back({label(name, pixels), loss, {{"--resolution", text}}});
        }
    }
    return all;
}

// What every arm says of the unseen pictures at one resolution: (arms, seeds).
struct Tested {
    compare::Judged judged;
    std::vector<std::vector<double>> accuracy;
};

Tested tested_at(const Results& results, int64_t pixels) {
    RunConfig config = results.configs.front();
    config.eval_resolution = pixels;
    const EvalSet set = *evaluation_data(config);
    Tested tested;
    tested.judged.pairs = set.pairs.pairs;
    tested.judged.people = compare::people_of(set);
    for (const auto& arm : results.runs) {
        auto& similarity = tested.judged.similarity.emplace_back();
        auto& correct = tested.judged.correct.emplace_back();
        for (size_t seed = 0; seed < arm.size(); ++seed) {
            const auto network =
                load_model(chosen_device(), arm[seed].folder / "model.safetensors");
            const auto embeddings =
                embed_images(*network, set.images, kEvaluateWithMirror, {}, set.files);
            similarity.push_back(
                pair_similarities(embeddings, network->config().embedding, set.pairs));
            VerifyOptions options;
            options.seed = static_cast<uint64_t>(results.seeds[seed]);
            options.resamples = 1;  // of an interval that nobody reads here
            correct.push_back(
                verify(similarity.back(), set.pairs, options).cross_validated.correct);
        }
    }
    tested.accuracy = compare::merits(tested.judged, compare::Merit::Accuracy);
    return tested;
}

// Of two arms at one resolution of the test.
Contrast difference(const Results& results, const Tested& tested, const std::string& a,
                    const std::string& b) {
    compare::Judged two{tested.judged.pairs, tested.judged.people, {}, {}};
    for (const std::string& label : {a, b}) {
        two.similarity.push_back(tested.judged.similarity[results.arm(label)]);
        two.correct.push_back(tested.judged.correct[results.arm(label)]);
    }
    const auto found = compare::differences(two, compare::Merit::Accuracy, results.resamples, 0);
    return {found.front().mean, found.front().low, found.front().high};
}

using Tests = std::map<int64_t, Tested>;

Figure figure(const Results& results, const Tests& tests) {
    Figure figure{"accuracy",
                  "Accuracy on unseen people whose pictures were scaled down to so many pixels and "
                  "up again. A dot is a run, a line goes through the means; each line is a network "
                  "that was trained at one resolution.",
                  {}};
    std::vector<double> all;
    for (const std::string loss : {"cosface", "npt"}) {
        atlas::Chart chart{loss + ": accuracy, %, over the pixels of the test", {"pixels"}};
        int pen = 0;
        for (const int64_t pixels : kPixels) {
            std::vector<double> x;
            std::vector<std::vector<double>> y;
            for (const auto& [tested, found] : tests) {
                x.push_back(static_cast<double>(tested));
                y.push_back(found.accuracy[results.arm(label(loss, pixels))]);
                for (double& v : y.back()) v *= 100;
            }
            add_sweep(chart, fmt::format("trained at {}", pixels), pen++, x, y);
        }
        const std::vector<double> y = heights(chart);
        all.insert(all.end(), y.begin(), y.end());
        figure.panels.emplace_back(std::move(chart));
    }
    for (Panel& panel : figure.panels) std::get<atlas::Chart>(panel).y = fitted("", all);
    return figure;
}

Reading read(const Results& results) {
    Tests tests;
    for (const int64_t pixels : kPixels) tests.emplace(pixels, tested_at(results, pixels));
    Reading reading;
    reading.table = {{"trained", "accuracy % at 64", "at 32", "at 16"}};
    for (const Arm& arm : results.study.arms) {
        std::vector<std::string> row{arm.label};
        for (const int64_t pixels : kPixels) {
            row.push_back(
                mean_and_spread(tests.at(pixels).accuracy[results.arm(arm.label)], kAccuracy));
        }
        reading.table.push_back(std::move(row));
    }
    reading.figures = {figure(results, tests)};
    std::vector<Verdict> as_good;
    std::string found;
    for (const int64_t pixels : {int64_t{64}, int64_t{16}}) {
        const std::string npt = label("npt", pixels), cosface = label("cosface", pixels);
        const Contrast c = difference(results, tests.at(pixels), npt, cosface);
        const std::string said =
            fmt::format("tested at {}, {}", pixels, sentence(npt, cosface, kAccuracy, c));
        reading.sentences.push_back(said);
        found += (found.empty() ? "" : "; ") + said;
        // The claim is no worse: alike within a point is in favour.
        const Verdict v = judge(c, 0.01);
        as_good.push_back(v == Verdict::Alike ? Verdict::Larger : v);
    }
    for (const std::string loss : {"cosface", "npt"}) {
        reading.sentences.push_back(
            "tested at 16, " +
            sentence(label(loss, 16), label(loss, 64), kAccuracy,
                     difference(results, tests.at(16), label(loss, 16), label(loss, 64))));
        reading.sentences.push_back(
            "tested at 64, " +
            sentence(label(loss, 16), label(loss, 64), kAccuracy,
                     difference(results, tests.at(64), label(loss, 16), label(loss, 64))));
    }
    reading.conclusion = fmt::format("{}: {}.", outcome_of_claim(as_good), found);
    return reading;
}

}  // namespace

Study resolution() {
    Study study;
    study.name = "resolution";
    study.title = "Faces of high and low resolution";
    study.claim =
        "NPT-Loss does well on faces of high and of low resolution (Khalid et al., NPT-Loss, TPAMI "
        "2023, abstract), read here as: no worse than CosFace at either end.";
    study.question =
        "Trained and tested on pictures of 64, 32 and 16 pixels scaled up to 64: how much is lost, "
        "how much does training at the test's resolution bring back, and is NPT as good as "
        "CosFace?";
    study.refuted = "Trained and tested at 64, or at 16, NPT's accuracy is lower than CosFace's.";
    study.arms = arms();
    study.settings = {{"--image", "64"}};
    study.seeds = 2;
    study.read = read;
    return study;
}

}  // namespace facet::study
