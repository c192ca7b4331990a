// A run folder: config.toml, log.jsonl, checkpoint.safetensors, model.safetensors, card.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "train/learner.h"

namespace facet {

class RunFolder {
public:
    // A new run. Throws UsageError if the folder already holds one, Error if it cannot be written.
    static RunFolder create(const std::filesystem::path& path);
    // The folder of a run to go on with. Throws UsageError unless it has a config.toml.
    static RunFolder open(const std::filesystem::path& path);

    ~RunFolder();
    RunFolder(RunFolder&& other) noexcept;
    RunFolder& operator=(RunFolder&&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path config() const { return path_ / "config.toml"; }
    std::filesystem::path log() const { return path_ / "log.jsonl"; }
    std::filesystem::path checkpoint() const { return path_ / "checkpoint.safetensors"; }
    std::filesystem::path model() const { return path_ / "model.safetensors"; }
    std::filesystem::path card() const { return path_ / "card.json"; }

    // What config.toml says, in its order: ("schedule.lr", "0.1"), values as TOML writes them.
    KeyValues settings() const;

    // Appends one line to log.jsonl. Throws Error when the disk is full.
    void append(const nlohmann::ordered_json& line);

    // Cuts the log back to the lines of the first `steps` steps: what a killed run logged after its
    // last checkpoint is logged again when it is resumed. The evaluation that follows the last of
    // these steps is kept if `keep_evaluation`; that of a finished run is made again.
    void rewind_log(int64_t steps, bool keep_evaluation);

private:
    explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
    int log_ = -1;  // file descriptor, opened by the first append
};

}  // namespace facet
