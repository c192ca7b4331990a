#include "train/files/atomic.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <regex>

#include "engine/error.h"
#include "train/files/file_reader.h"

namespace facet {
namespace {

namespace fs = std::filesystem;

std::string hint_for(int reason) {
    switch (reason) {
        case ENOSPC:
        case EDQUOT:
            return "the disk is full: free some space or choose another folder";
        case EFBIG:
            return "a limit on the size of files was met: see `ulimit -f`";
        case EACCES:
        case EPERM:
        case EROFS:
            return "the folder is not writable: choose another or change its permissions";
        case ENOENT:
        case ENOTDIR:
            return "the folder does not exist: create it first";
        default:
            return "";
    }
}

[[noreturn]] void fail(const fs::path& path, const char* step, int reason) {
    throw Error(
        fmt::format("cannot write {}: {} failed: {}", path.string(), step, std::strerror(reason)),
        hint_for(reason));
}

// The process and a counter make the name unique among all who write beside each other.
fs::path partial_name(const fs::path& target) {
    static std::atomic<unsigned> counter{0};
    fs::path path = target;
    path += fmt::format(".{}-{}.partial", ::getpid(), counter++);
    return path;
}

// The new file while it is being written; removed again unless it has been renamed into place.
class TemporaryFile {
public:
    explicit TemporaryFile(const fs::path& target) : target_(target), path_(partial_name(target)) {
        file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (file_ < 0) fail(target_, "creating a file in its folder", errno);
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() {
        if (file_ >= 0) ::close(file_);
        if (!renamed_) ::unlink(path_.c_str());
    }

    void write(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const ssize_t written = ::write(file_, bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail(target_, "writing", errno);
            bytes = bytes.subspan(static_cast<size_t>(written));
        }
    }

    // Some file systems report a full disk only when data are flushed or the file is closed.
    void flush() {
        if (::fsync(file_) != 0) fail(target_, "flushing to the disk", errno);
        const int file = file_;
        file_ = -1;
        if (::close(file) != 0) fail(target_, "closing", errno);
    }

    void move_into_place() {
        if (::rename(path_.c_str(), target_.c_str()) != 0) fail(target_, "renaming", errno);
        renamed_ = true;
    }

private:
    fs::path target_, path_;
    int file_ = -1;
    bool renamed_ = false;
};

// Makes the rename itself last through a power failure. Not every file system allows a folder to
// be flushed; the content is complete either way, so a refusal is no error.
void flush_folder(const fs::path& folder) {
    const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) return;
    ::fsync(handle);
    ::close(handle);
}

fs::path followed(const fs::path& path) {
    std::error_code ignored;
    return fs::is_symlink(path, ignored) ? fs::weakly_canonical(path) : path;
}

}  // namespace

void write_file_atomically(const fs::path& path,
                           const std::vector<std::span<const std::byte>>& pieces,
                           const fs::path& previous) {
    const fs::path target = followed(path);
    std::error_code error;
    const fs::file_status status = fs::status(target, error);
    FACET_CHECK(!fs::exists(status) || fs::is_regular_file(status),
                "cannot write {}: it exists and is not a regular file", path.string());

    TemporaryFile file(target);
    for (const auto& piece : pieces) file.write(piece);
    file.flush();
    // At every moment there is a whole file by the name of `path`.
    if (!previous.empty() && fs::exists(status)) share_file(target, previous);
    file.move_into_place();
    flush_folder(target.has_parent_path() ? target.parent_path() : fs::path("."));
}

void write_file_atomically(const fs::path& path, std::string_view text) {
    write_file_atomically(path, {std::as_bytes(std::span(text))}, {});
}

void share_file(const fs::path& from, const fs::path& to) {
    const fs::path link = partial_name(to);
    if (::link(from.c_str(), link.c_str()) != 0) {
        return write_file_atomically(to, std::string_view(read_file(from)));
    }
    const int failed = ::rename(link.c_str(), to.c_str()) != 0 ? errno : 0;
    ::unlink(link.c_str());  // it is still there where `to` was the same file already
    if (failed != 0) fail(to, "renaming", failed);
}

bool is_partial_name(std::string_view name) {
    static const std::regex pattern(R"([^]+\.[0-9]+-[0-9]+\.partial)");
    return std::regex_match(name.begin(), name.end(), pattern);
}

void remove_partial_files(const fs::path& folder) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.is_regular_file() && is_partial_name(entry.path().filename().string())) {
            found.push_back(entry.path());
        }
    }
    for (const fs::path& path : found) fs::remove(path);
}

}  // namespace facet
