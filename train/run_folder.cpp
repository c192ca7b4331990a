#include "train/run_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

#include "train/files/atomic.h"
#include "train/files/file_reader.h"

namespace facet {

RunFolder RunFolder::create(const std::filesystem::path& path) {
    RunFolder folder(path);
    std::error_code error;
    if (std::filesystem::exists(folder.config(), error)) {
        throw UsageError(fmt::format("{}: it already holds a run", path.string()),
                         fmt::format("choose another --out, or go on with it: facet train "
                                     "--resume {}",
                                     path.string()));
    }
    std::filesystem::create_directories(path, error);
    FACET_CHECK(!error, "{}: the run folder cannot be made: {}", path.string(), error.message());
    FACET_CHECK(access(path.c_str(), W_OK | X_OK) == 0, "{}: the run folder is not writable: {}",
                path.string(), std::strerror(errno));
    // Left by a run that was ended before it began; nothing can go on from them.
    std::filesystem::remove(folder.log(), error);
    std::filesystem::remove(folder.checkpoint(), error);
    return folder;
}

RunFolder RunFolder::open(const std::filesystem::path& path) {
    RunFolder folder(path);
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
    : path_(std::move(other.path_)), log_(std::exchange(other.log_, -1)) {}

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
    const std::string text = line.dump() + "\n";
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

void RunFolder::rewind_log(int64_t steps, bool keep_evaluation) {
    if (!std::filesystem::exists(log())) return;
    std::istringstream in(read_file(log()));
    std::string kept, line;
    while (std::getline(in, line)) {
        const auto entry = nlohmann::json::parse(line, nullptr, false);
        // The line that was being written when the run was killed does not parse.
        if (entry.is_discarded() || !entry.contains("step") || entry["step"] > steps) break;
        if (!keep_evaluation && entry["step"] == steps && entry.contains("evaluation")) break;
        kept += line + "\n";
    }
    write_file_atomically(log(), kept);
}

}  // namespace facet
