// Where two runs part: the settings that differ, the first step after which their parameters do,
// and the tensors of their checkpoints that do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace facet {

struct SettingDifference {
    std::string name, a, b;  // "optimizer.lr"; empty text: the run does not have it
};

// The first step of both logs that one number of which is not the same.
struct StepDifference {
    int64_t step = 0;
    std::string what;  // "hash": the parameters after the step; or "loss" before they moved
    std::string a, b;
};

struct TensorDifference {
    std::string name, shape;
    std::string what;      // "", or why it is not compared: "only in A", "shapes differ: ..."
    int64_t elements = 0;  // that differ in bits
    int64_t total = 0;
    int64_t first = 0;   // row-major place of the first
    double largest = 0;  // |a - b|; infinity where one of them is not finite
};

struct RunDifference {
    std::vector<SettingDifference> settings;  // versions and the machine's among them
    int64_t common_steps = 0;                 // steps that both logs have
    std::optional<StepDifference> step;
    std::string file;     // whose tensors are compared: "checkpoint.safetensors", "" if none can be
    std::string why_not;  // then: why
    std::vector<TensorDifference> tensors;  // that differ, by name

    bool same() const { return !step && tensors.empty(); }
};

// Throws UsageError for a folder that is no run, Error naming file and line or tensor for what
// cannot be read.
RunDifference difference_of_runs(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace facet
