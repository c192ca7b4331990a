// A run folder: config.toml, log.jsonl, checkpoint.safetensors and the one before it,
// model.safetensors, card.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "train/files/folder_claim.h"
#include "train/learner.h"

namespace facet {

// What log.jsonl says of the steps from the first on, as far as it can be read.
struct LoggedSteps {
    std::vector<std::string> hashes;  // of the parameters after step 1, 2, ...
    int64_t lines = 0;                // of the file, the readable and all others
    int64_t steps() const { return std::ssize(hashes); }
};

class RunFolder {
public:
    // Where a new run will be; makes nothing. Throws UsageError if there is anything yet, and Error
    // if the folder could not be made or written to.
    static RunFolder planned(const std::filesystem::path& path);
    // The folder of a run, to read or to go on with. Throws UsageError unless it has a config.toml.
    static RunFolder open(const std::filesystem::path& path);
    // planned() and claimed.
    static RunFolder create(const std::filesystem::path& path);

    // From now on it is this process's: makes the folder of a new run, locks it, and removes files
    // that a killed run was writing. To be called before anything is written. Throws Error naming
    // the process that is at work there, UsageError if something has come into the folder.
    void claim();

    ~RunFolder();
    RunFolder(RunFolder&& other) noexcept;
    RunFolder& operator=(RunFolder&&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path config() const { return path_ / "config.toml"; }
    std::filesystem::path log() const { return path_ / "log.jsonl"; }
    std::filesystem::path checkpoint() const { return path_ / "checkpoint.safetensors"; }
    // The one before it, to fall back to.
    std::filesystem::path previous() const { return path_ / "checkpoint-previous.safetensors"; }
    std::filesystem::path model() const { return path_ / "model.safetensors"; }
    std::filesystem::path card() const { return path_ / "card.json"; }

    // What config.toml says, in its order: ("schedule.lr", "0.1"), values as TOML writes them.
    KeyValues settings() const;

    // Appends one line to log.jsonl. Throws Error when the disk is full.
    void append(const nlohmann::ordered_json& line);
    // Flushes the log to the disk: what a checkpoint builds on outlives a power failure with it.
    void sync_log();

    LoggedSteps logged() const;
    // Cuts the log back to the lines of the first `steps` steps: what a killed run logged after its
    // last checkpoint is logged again when it is resumed. The evaluation that follows the last of
    // these steps is kept if `keep_evaluation`; that of a finished run is made again.
    void rewind_log(int64_t steps, bool keep_evaluation);

private:
    RunFolder(std::filesystem::path path, bool is_new) : path_(std::move(path)), is_new_(is_new) {}
    void require_vacant() const;

    std::filesystem::path path_;
    bool is_new_;  // nothing may be there before it is claimed
    std::optional<FolderLock> lock_;
    int log_ = -1;  // file descriptor, opened by the first append
};

}  // namespace facet
