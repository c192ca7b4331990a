#include "train/microscope.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/ledger.h"
#include "train/files/atomic.h"
#include "train/files/file_reader.h"
#include "train/files/text.h"

namespace facet {
namespace {

const std::vector<std::string> with_proxies{"normface", "cosface", "arcface"};
const std::vector<std::string> without_proxies{"contrastive", "triplet", "supcon"};

std::vector<std::unique_ptr<Loss>> make_others(const Loss& own, std::vector<std::string> names,
                                               uint64_t seed) {
    if (names.empty()) names = own.has_proxies() ? with_proxies : without_proxies;
    std::vector<std::unique_ptr<Loss>> others;
    for (const std::string& name : names) {
        others.push_back(make_loss(name));
        others.back()->state().seed = seed;
        FACET_USAGE(others.back()->has_proxies() == own.has_proxies(),
                    "--microscope-others: {} {} proxies, the run's {} {}", name,
                    own.has_proxies() ? "has no" : "needs", own.name(),
                    own.has_proxies() ? "has them" : "has none");
    }
    return others;
}

// The lines of the first steps_done steps; a last line that was not finished is none.
std::string kept_lines(const std::filesystem::path& file, int64_t steps_done) {
    std::string kept;
    std::istringstream in(std::filesystem::exists(file) ? read_file(file) : "");
    for (std::string line; std::getline(in, line);) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (!json.is_object() || json.value("step", steps_done + 1) > steps_done) break;
        kept += line + "\n";
    }
    return kept;
}

}  // namespace

Microscope::Microscope(Learner& learner, const MicroscopeOptions& options,
                       const std::filesystem::path& folder, int64_t steps_done)
    : learner_(learner),
      every_(options.every),
      steps_(steps_done),
      file_(folder / "microscope.jsonl"),
      others_(make_others(learner.loss(), options.others, learner.loss().state().seed)),
      more_(options.more) {
    FACET_USAGE(every_ >= 1, "--microscope looks every so many steps, at least 1, found {}",
                every_);
    learner_.on_head([this](const HeadStep& step) { look(step); });
}

Microscope::~Microscope() { learner_.on_head(nullptr); }

void Microscope::look(const HeadStep& step) {
    if (++steps_ % every_ != 0) return;
    const LedgerScope scope("microscope", 0, 0);
    if (!begun_) write_file_atomically(file_, kept_lines(file_, steps_ - 1));
    begun_ = true;
    std::ofstream out(file_, std::ios::app);
    auto line = to_json(look_at(step, others_), steps_);
    if (more_) more_(step, line);
    out << json_text(line) << "\n" << std::flush;
    FACET_CHECK(out.good(), "{}: cannot be written to its end; is the disk full?", file_.string());
}

nlohmann::ordered_json to_json(const Look& look, int64_t step) {
    nlohmann::ordered_json json{{"step", step},
                                {"hard_negatives", look.hard_negatives},
                                {"hard_rows", look.hard_rows},
                                {"active_rows", look.active_rows},
                                {"active_classes", look.active_classes},
                                {"gap", look.gap},
                                {"pair_gap", look.pair_gap}};
    for (size_t i = 0; i < std::size(kTop); ++i) {
        const std::string k = std::to_string(kTop[i]);
        json["top_samples"][k] = look.top_samples.at(i);
        if (!look.top_classes.empty()) json["top_classes"][k] = look.top_classes[i];
    }
    json["others"] = nlohmann::ordered_json::object();
    for (const Look::Other& other : look.others) json["others"][other.loss] = other.cosine;
    const auto histogram = [&](const char* name, const Histogram& h) {
        json[name] = {{"low", h.low}, {"high", h.high}, {"counts", h.counts}};
    };
    histogram("target_angle", look.target_angle);
    histogram("nearest_angle", look.nearest_angle);
    histogram("positive", look.positive);
    histogram("negative", look.negative);
    histogram("pair_positive", look.pair_positive);
    histogram("pair_negative", look.pair_negative);
    histogram("gradient", look.gradient);
    return json;
}

}  // namespace facet
