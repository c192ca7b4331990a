// The runs of a comparison: every loss with every seed, all else equal.
//
// Runs of one seed start from the same network and see the same images in the same order; all runs
// see the same data set. Each is an ordinary run folder, OUT/runs/<loss>_seed<n>.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/lab/spec.h"
#include "train/config.h"
#include "train/embed.h"
#include "train/files/folder_claim.h"
#include "train/microscope.h"

namespace facet::compare {

struct Plan {
    RunConfig base;  // loss and seed apart
    std::vector<atlas::LossSpec> losses;
    std::vector<int64_t> seeds;
    std::filesystem::path out;
    std::optional<MicroscopeOptions> microscope = {};  // of every run, if given

    std::filesystem::path folder(size_t loss, size_t seed) const;
    RunConfig config(size_t loss, size_t seed) const;
};

struct CurvePoint {
    int64_t step = 0;
    double target_cosine = 0;  // mean over the steps since the last point
    double accuracy = 0;
};

struct RunResult {
    Verification verification;
    std::vector<double> similarity;  // (pairs)
    std::vector<CurvePoint> curve;   // at every evaluation
    double seconds = 0;              // of training, from its log
};

// Looks only, before pictures are made or read: throws UsageError if the plan's folder holds
// anything but a comparison, Error if it could not be written to.
void check_folder(const Plan& plan);
// Locks the plan's folder for this process and writes the plan's own record there, plan.toml: its
// settings and pictures. Throws UsageError if that holds another: a second call goes on with its
// runs or is refused.
FolderLock claim_folder(const Plan& plan, const Dataset& data, const EvalSet& evaluation);

// Who is on each picture: 0 .. n - 1, by the pictures' folders where they have no labels.
std::vector<int> people_of(const EvalSet& evaluation);

// Makes or finishes the run and judges it; one that is finished is only read. Returns false when
// `stop` was set, with a checkpoint from which the next call goes on.
bool make_run(const Plan& plan, size_t loss, size_t seed, const Dataset& data,
              const EvalSet& evaluation, const std::atomic<bool>& stop,
              const std::function<void(int64_t step, const std::string& note)>& progress);

// Of a finished run. Throws Error naming the file that is missing or unreadable.
RunResult read_result(const Plan& plan, size_t loss, size_t seed, const EvalSet& evaluation);

}  // namespace facet::compare
