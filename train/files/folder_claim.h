// Taking a folder for oneself: only where nothing of anybody's is, and one process at a time.
#pragma once

#include <filesystem>
#include <string>

namespace facet {

// Is nothing there, or a folder that is empty but for what facet leaves when it is killed before
// its work began: a lock, and files that were being written?
bool is_vacant(const std::filesystem::path& path);

// Throws Error unless the folder exists and can be written to, or could be made; makes nothing.
// `what` names it: "the run folder".
void check_can_be_made(const std::filesystem::path& folder, const std::string& what);

// Held from its construction to its end, by one process at a time: flock(2) of the file facet.lock
// in the folder. It ends with the process, however that ends.
class FolderLock {
public:
    static constexpr const char* name = "facet.lock";

    // Makes the folder where it is missing. Throws Error naming the process that holds the lock,
    // its host and since when, or what the operating system refuses.
    explicit FolderLock(const std::filesystem::path& folder);
    ~FolderLock();  // removes the file
    FolderLock(FolderLock&& other) noexcept;
    FolderLock& operator=(FolderLock&&) = delete;

private:
    std::filesystem::path file_;
    int handle_ = -1;
};

}  // namespace facet
