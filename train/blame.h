// Why a step made numbers that are not finite: the first operation, the layer, the sample, its
// class and angle.
//
// The step that failed is run once more, slowly, with every operation's numbers looked at. No
// parameter moves.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "train/learner.h"
#include "train/watch.h"

namespace facet {

// A parameter or moment, or the pixels, that were not finite before the step.
struct BadTensor {
    std::string name;
    Shape shape;
    NotFinite number;
};

// A row of the batch as the head saw it.
struct HeadRow {
    int64_t sample = 0, label = 0;
    double norm = 0;   // of its embedding
    double angle = 0;  // to its proxy, degrees; NaN with a pair loss
    double value = 0;  // its loss
};

struct Blame {
    std::string error;  // what the step said
    int64_t step = 0;
    std::vector<BadTensor> inputs;         // the batch's pixels, parameters, moments
    std::optional<Finding> finding;        // the first operation
    std::optional<HeadRow> row;            // of the finding's sample or of the first such loss
    std::vector<int64_t> zero_embeddings;  // samples of length 0: without direction or gradient

    bool found() const { return !inputs.empty() || finding.has_value(); }
    std::optional<int64_t> sample() const;  // whom the finding is about, if it is about one
    std::string sentence() const;  // one line: operation, layer, where in the tensor, cause
};

// After learner.step() threw `error`. Labels as they were given to it.
Blame find_blame(Learner& learner, const Tensor& pixels, const std::vector<int64_t>& labels,
                 int64_t index, const std::string& error);

nlohmann::ordered_json to_json(const Blame& blame);

// pixels.npy (B, 3, S, S), labels.npy (B) and, where the step came to the head, embeddings.npy
// (B, D), head_labels.npy, proxies.npy (C, D) and state.json. Returns the command that replays the
// head; empty where the step did not come to it.
std::string save_batch(const std::filesystem::path& folder, const Learner& learner,
                       const Tensor& pixels, const std::vector<int64_t>& labels);

}  // namespace facet
