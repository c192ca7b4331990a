// Reading a binary file in which no length is believed before it is checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/error.h"

namespace facet {

// A regular file read from front to back. Every read first compares what is asked for with what is
// left, so that a corrupt length costs an error message and never an allocation.
class FileReader {
public:
    // Throws Error if the file is missing, unreadable, or not a regular file; a pipe, a socket or a
    // device is never waited for.
    explicit FileReader(const std::filesystem::path& path);

    uint64_t size() const { return size_; }      // bytes
    uint64_t offset() const { return offset_; }  // bytes from the beginning
    uint64_t left() const { return size_ - offset_; }

    // `what` names the thing read, for the error: "<file>: truncated at byte ...".
    void read(std::span<std::byte> out, std::string_view what);
    std::string text(uint64_t count, std::string_view what);
    uint64_t little_endian(int bytes, std::string_view what);  // unsigned, 1 to 8 bytes

    void skip(uint64_t count, std::string_view what);

    // Throws Error unless `count` bytes are left.
    void need(uint64_t count, std::string_view what) const;
    // Throws Error "<file>: <message> (byte <offset>)", with what to do about it.
    [[noreturn]] void fail(uint64_t offset, std::string_view message,
                           const std::string& hint = "") const;
    // The same for an error found in what was read: its message and its hint.
    [[noreturn]] void fail(uint64_t offset, const Error& error) const;

private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    std::string name_;
    std::unique_ptr<std::FILE, Close> stream_;
    uint64_t size_ = 0;
    uint64_t offset_ = 0;
};

// The whole of a regular file. Throws Error as FileReader does. Every file that a person names and
// that is not read piece by piece is read by this, texts too: nothing else opens a file to read.
std::string read_file(const std::filesystem::path& path);

}  // namespace facet
