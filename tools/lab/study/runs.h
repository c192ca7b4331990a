// The runs of a study: every arm with every seed, all else equal, made by tools/lab/compare/runs.h.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "tools/lab/compare/bootstrap.h"
#include "tools/lab/compare/runs.h"
#include "tools/lab/study/study.h"

namespace facet::study {

// A step of training, from the run's log.
struct LoggedStep {
    int64_t step = 0;
    double loss = 0, gradient_norm = 0, target_cosine = 0;
};

struct Run {
    compare::RunResult result;
    std::vector<LoggedStep> log;
    std::vector<nlohmann::json> looks;  // lines of microscope.jsonl
    std::filesystem::path folder;
};

struct Results {
    Study study;
    std::vector<int64_t> seeds;
    std::vector<RunConfig> configs;      // (arms)
    std::vector<std::vector<Run>> runs;  // (arms, seeds)
    EvalSet evaluation;                  // of the first arm
    std::string data;                    // what the first arm was trained on, in words
    int64_t classes = 0;                 // people it was trained on
    int64_t steps = 0;                   // of its runs
    int resamples = 2000;                // of the bootstrap

    size_t arm(const std::string& label) const;  // throws Error for an unknown one
    // (seeds), of the arm of that label.
    std::vector<double> over_seeds(const std::string& label,
                                   const std::function<double(const Run&)>& figure) const;
    // Accuracy, or the true acceptance rate at that false acceptance rate: (seeds), and the
    // difference of two arms by paired bootstrap over people and seeds
    // (tools/lab/compare/bootstrap.h).
    std::vector<double> accuracy(const std::string& label) const;
    std::vector<double> tar(const std::string& label, double far) const;
    Contrast accuracy_difference(const std::string& a, const std::string& b) const;
    Contrast tar_difference(const std::string& a, const std::string& b, double far) const;

private:
    compare::Judged judged(const std::vector<std::string>& labels, double far) const;
};

// Accuracy as it is printed: points of per cent, and half a point is what matters.
inline const Quantity kAccuracy{"accuracy", " points", 100, 2, 0.005};

struct RunRequest {
    std::string recipe;          // TOML file, or empty
    GivenSettings given;         // over the recipe and the study, below an arm's own
    int64_t seeds = 0;           // 0: as many as the study says
    std::filesystem::path runs;  // folder; the study's own is runs/NAME
};

// The configuration of an arm.
RunConfig config_of(const Study& study, const Arm& arm, const RunRequest& request);

// Makes or finishes all runs, reads those that are there. None when interrupted: the next call goes
// on. Throws UsageError for settings out of range, before anything is made.
std::optional<Results> make_runs(const Study& study, const RunRequest& request);

}  // namespace facet::study
