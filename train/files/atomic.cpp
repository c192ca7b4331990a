#include "train/files/atomic.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "engine/error.h"

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

// The new file while it is being written; removed again unless it has been renamed into place.
class TemporaryFile {
public:
    explicit TemporaryFile(const fs::path& target) : target_(target) {
        // The process and a counter make the name unique among all who write beside each other.
        static std::atomic<unsigned> counter{0};
        path_ = target;
        path_ += fmt::format(".{}-{}.partial", ::getpid(), counter++);
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
    void finish() {
        if (::fsync(file_) != 0) fail(target_, "flushing to the disk", errno);
        const int file = file_;
        file_ = -1;
        if (::close(file) != 0) fail(target_, "closing", errno);
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
                           const std::vector<std::span<const std::byte>>& pieces) {
    const fs::path target = followed(path);
    std::error_code error;
    const fs::file_status status = fs::status(target, error);
    FACET_CHECK(!fs::exists(status) || fs::is_regular_file(status),
                "cannot write {}: it exists and is not a regular file", path.string());

    TemporaryFile file(target);
    for (const auto& piece : pieces) file.write(piece);
    file.finish();
    flush_folder(target.has_parent_path() ? target.parent_path() : fs::path("."));
}

void write_file_atomically(const fs::path& path, std::span<const std::byte> bytes) {
    write_file_atomically(path, std::vector<std::span<const std::byte>>{bytes});
}

void write_file_atomically(const fs::path& path, std::string_view text) {
    write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace facet
