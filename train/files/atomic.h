// Writing a file so that a reader sees either the old content or the new, never a part of it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace facet {

// Writes the pieces one after another to a new file in the folder of `path`, flushes it to the disk
// (fsync) and renames it to `path`, which is atomic on POSIX file systems: after a crash or a full
// disk `path` is what it was before. The new file is removed when anything fails.
//
// A symbolic link is followed: what it points at is replaced. Throws Error, with the reason of the
// operating system, if the folder is missing or not writable, if the disk is full or a limit on the
// size of files is met, or if `path` exists and is not a regular file.
//
// With a `previous`, a name in the same folder, the file that was at `path` is found there after.
void write_file_atomically(const std::filesystem::path& path,
                           const std::vector<std::span<const std::byte>>& pieces,
                           const std::filesystem::path& previous = {});
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

// `to`, in the folder of `from`, becomes another name of the same file, in one step; a copy where
// the file system has no links. Throws Error as above.
void share_file(const std::filesystem::path& from, const std::filesystem::path& to);

// Is this the name of a file that was being written, "<name>.<process>-<number>.partial"?
bool is_partial_name(std::string_view name);

// Removes what writers that were killed left in the folder. No writer may be at work there.
void remove_partial_files(const std::filesystem::path& folder);

}  // namespace facet
