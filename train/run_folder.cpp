#include "train/run_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

#include "train/files/atomic.h"
#include "train/files/file_reader.h"
#include "train/files/text.h"

namespace facet {

RunFolder RunFolder::planned(const std::filesystem::path& path) {
    RunFolder folder(path, true);
    folder.require_vacant();
    check_can_be_made(path, "the run folder");
    return folder;
}

RunFolder RunFolder::create(const std::filesystem::path& path) {
    RunFolder folder = planned(path);
    folder.claim();
    return folder;
}

void RunFolder::require_vacant() const {
    if (is_vacant(path_)) return;
    std::error_code error;
    if (std::filesystem::exists(config(), error)) {
        throw UsageError(
            fmt::format("{}: it already holds a run", path_.string()),
            fmt::format("choose another --out, or go on with it: facet train --resume {}",
                        path_.string()));
    }
    if (!std::filesystem::is_directory(path_, error)) {
        throw UsageError(fmt::format("{}: it is no folder", path_.string()),
                         "give --out a folder that is empty or that does not exist yet");
    }
    throw UsageError(
        fmt::format("{}: the folder is not empty, and a new run needs one for itself",
                    path_.string()),
        "choose another --out; a run that is there with its config.toml is gone on with by "
        "facet train --resume");
}

void RunFolder::claim() {
    FolderLock lock(path_);
    if (is_new_) require_vacant();  // still, now that nobody else can come in
    lock_.emplace(std::move(lock));
    remove_partial_files(path_);
}

RunFolder RunFolder::open(const std::filesystem::path& path) {
    RunFolder folder(path, false);
    std::error_code error;
    if (!std::filesystem::exists(folder.config(), error)) {
        throw UsageError(fmt::format("{}: it holds no run (config.toml is missing)", path.string()),
                         "give the folder that `facet train --out` made");
    }
    return folder;
}

RunFolder::~RunFolder() {
    if (log_ >= 0) ::close(log_);
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : path_(std::move(other.path_)),
      is_new_(other.is_new_),
      lock_(std::move(other.lock_)),
      log_(std::exchange(other.log_, -1)) {}

KeyValues RunFolder::settings() const {
    std::istringstream in(read_file(config()));
    KeyValues settings;
    std::string section;  // "schedule."
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1) + ".";
        const size_t equals = line.find('=');
        if (line.starts_with('#') || equals == line.npos) continue;
        const std::string key = line.substr(0, line.find_last_not_of(" \t", equals - 1) + 1);
        const size_t begin = line.find_first_not_of(" \t", equals + 1);
        settings.emplace_back(section + key, begin == line.npos ? "" : line.substr(begin));
    }
    return settings;
}

void RunFolder::append(const nlohmann::ordered_json& line) {
    if (log_ < 0) log_ = ::open(log().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    const std::string text = json_text(line) + "\n";
    size_t written = 0;
    while (log_ >= 0 && written < text.size()) {
        const ssize_t n = ::write(log_, text.data() + written, text.size() - written);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        written += n;
    }
    FACET_CHECK(written == text.size(), "{}: cannot be written: {}", log().string(),
                std::strerror(errno));
}

void RunFolder::sync_log() {
    FACET_CHECK(log_ < 0 || ::fsync(log_) == 0, "{}: cannot be flushed to the disk: {}",
                log().string(), std::strerror(errno));
}

LoggedSteps RunFolder::logged() const {
    LoggedSteps logged;
    std::istringstream in(std::filesystem::exists(log()) ? read_file(log()) : "");
    bool readable = true;
    for (std::string line; std::getline(in, line); ++logged.lines) {
        if (!readable) continue;
        // The line that was being written when the run was killed does not parse.
        const auto entry = nlohmann::json::parse(line, nullptr, false);
        readable = entry.is_object() && entry.value("step", nlohmann::json()).is_number_integer();
        if (!readable) continue;
        const bool is_step = entry.contains("hash") && entry["hash"].is_string();
        readable = entry["step"] == logged.steps() + (is_step ? 1 : 0);
        if (readable && is_step) logged.hashes.push_back(entry["hash"]);
    }
    return logged;
}

void RunFolder::rewind_log(int64_t steps, bool keep_evaluation) {
    if (!std::filesystem::exists(log())) return;
    std::istringstream in(read_file(log()));
    std::string kept, line;
    while (std::getline(in, line)) {
        const auto entry = nlohmann::json::parse(line, nullptr, false);
        if (entry.is_discarded() || !entry.contains("step") || entry["step"] > steps) break;
        if (!keep_evaluation && entry["step"] == steps && entry.contains("evaluation")) break;
        kept += line + "\n";
    }
    write_file_atomically(log(), kept);
    if (log_ >= 0) ::close(std::exchange(log_, -1));  // it was of the file before
}

}  // namespace facet
