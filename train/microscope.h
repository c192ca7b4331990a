// The gradient microscope: looks at the head of every so many steps of a run (train/look.h) and
// writes what it sees to microscope.jsonl in the run folder. The run's numbers do not change.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "train/look.h"

namespace facet {

struct MicroscopeOptions {
    int64_t every = 50;  // steps
    // Losses whose gradient on the same batch is compared with the run's; empty: some that fit.
    std::vector<std::string> others;
    // Adds measurements of its own to the line of a step, if given.
    std::function<void(const HeadStep& step, nlohmann::ordered_json& line)> more = {};
};

class Microscope {
public:
    // The learner outlives it. Nothing is written before the first look; then lines of steps after
    // `steps_done`, which a killed run left, are dropped. Throws UsageError for a rate below 1 and
    // for others that need proxies where the run's loss has none, or have none where it has.
    Microscope(Learner& learner, const MicroscopeOptions& options,
               const std::filesystem::path& folder, int64_t steps_done);
    ~Microscope();
    Microscope(const Microscope&) = delete;
    Microscope& operator=(const Microscope&) = delete;

    const std::filesystem::path& file() const { return file_; }

private:
    void look(const HeadStep& step);

    Learner& learner_;
    int64_t every_, steps_;
    bool begun_ = false;
    std::filesystem::path file_;
    std::vector<std::unique_ptr<Loss>> others_;
    std::function<void(const HeadStep&, nlohmann::ordered_json&)> more_;
};

// {"step": 50, "target_angle": [counts], ..., "others": {"arcface": 0.93}}
nlohmann::ordered_json to_json(const Look& look, int64_t step);

}  // namespace facet
