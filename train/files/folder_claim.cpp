#include "train/files/folder_claim.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "engine/error.h"
#include "train/files/atomic.h"

namespace facet {
namespace {

namespace fs = std::filesystem;

// The first line of a lock file: "process 4711 on host, since 2026-01-31 09:00:00 UTC".
std::string owner_text() {
    char host[256] = "an unnamed host";
    ::gethostname(host, sizeof host - 1);
    return fmt::format("process {} on {}, since {:%F %T} UTC\n", ::getpid(), host,
                       fmt::gmtime(std::time(nullptr)));
}

std::string read_owner(int handle) {
    char text[512];
    const ssize_t length = ::pread(handle, text, sizeof text, 0);
    const std::string line(text, static_cast<size_t>(std::max<ssize_t>(length, 0)));
    // Nothing yet: it is just being taken.
    return line.empty() ? "another process" : line.substr(0, line.find('\n'));
}

void write_owner(int handle) {
    const std::string owner = owner_text();
    // Who holds the lock is only told, nothing depends on it.
    if (::ftruncate(handle, 0) == 0) {
        [[maybe_unused]] const ssize_t n = ::pwrite(handle, owner.data(), owner.size(), 0);
    }
}

// Some network file systems have no locks: there the folder is taken on trust.
bool has_no_locks(int reason) {
    return reason == ENOLCK || reason == ENOSYS || reason == EOPNOTSUPP;
}

bool is_named(int handle, const fs::path& file) {
    struct stat held, named;
    return ::fstat(handle, &held) == 0 && ::stat(file.c_str(), &named) == 0 &&
           held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

// The open and locked file, or -1 if it was removed meanwhile by the one who held it.
int try_lock(const fs::path& file) {
    const int handle = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    FACET_CHECK(handle >= 0, "{}: the lock cannot be made: {}", file.string(),
                std::strerror(errno));
    int failed = 0;
    do {
        failed = ::flock(handle, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    } while (failed == EINTR);
    if (failed != 0 && !has_no_locks(failed)) {
        const std::string owner = read_owner(handle);
        ::close(handle);
        FACET_CHECK(failed == EWOULDBLOCK, "{}: flock failed: {}", file.string(),
                    std::strerror(failed));
        throw Error(
            fmt::format("{}: it is in use by {}", file.parent_path().string(), owner),
            "wait until that process has ended, or end it: after SIGTERM it finishes its step and "
            "writes a checkpoint");
    }
    if (is_named(handle, file)) return handle;
    ::close(handle);
    return -1;
}

}  // namespace

bool is_vacant(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) return true;
    if (!fs::is_directory(status)) return false;
    const fs::directory_iterator entries(path);
    return std::all_of(begin(entries), end(entries), [](const fs::directory_entry& entry) {
        const std::string name = entry.path().filename().string();
        return name == FolderLock::name || is_partial_name(name);
    });
}

void check_can_be_made(const fs::path& folder, const std::string& what) {
    fs::path there = fs::absolute(folder).lexically_normal();
    std::error_code error;
    while (!fs::exists(there, error) && there.has_relative_path()) there = there.parent_path();
    FACET_CHECK(fs::is_directory(there, error), "{}: {} cannot be made: {} is no folder",
                folder.string(), what, there.string());
    if (::access(there.c_str(), W_OK | X_OK) != 0) {
        throw Error(fmt::format("{}: {} cannot be written to: {}: {}", folder.string(), what,
                                there.string(), std::strerror(errno)),
                    "choose another folder or change its permissions");
    }
}

FolderLock::FolderLock(const fs::path& folder) : file_(folder / name) {
    std::error_code error;
    fs::create_directories(folder, error);
    FACET_CHECK(!error, "{}: the folder cannot be made: {}", folder.string(), error.message());
    while (handle_ < 0) handle_ = try_lock(file_);
    write_owner(handle_);
}

FolderLock::~FolderLock() {
    if (handle_ < 0) return;
    ::unlink(file_.c_str());  // while it is held: who opened it meanwhile sees that it has no name
    ::close(handle_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : file_(std::move(other.file_)), handle_(std::exchange(other.handle_, -1)) {}

}  // namespace facet
