#include "train/files/file_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/error.h"

namespace facet {
namespace {

const char* kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a pipe (FIFO)";
    if (S_ISSOCK(mode)) return "a socket";
    if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
    return "something else";
}

[[noreturn]] void refuse(const std::string& name, mode_t mode) {
    throw Error(fmt::format("cannot read {}: not a regular file but {}", name, kind_of(mode)),
                "give a file; what comes through a pipe has to be written to one first");
}

}  // namespace

// Opened without waiting: a pipe would else hold the program until somebody writes to it.
FileReader::FileReader(const std::filesystem::path& path) : name_(path.string()) {
    const int handle = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    const int reason = errno;
    struct stat status;
    if (handle < 0) {
        // A socket cannot be opened, a device perhaps not: what it is tells more than the reason.
        if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
            refuse(name_, status.st_mode);
        }
        FACET_CHECK(reason != ENOENT, "cannot read {}: no such file", name_);
        throw Error(fmt::format("cannot read {}: {}", name_, std::strerror(reason)));
    }
    stream_.reset(fdopen(handle, "rb"));
    if (!stream_) ::close(handle);
    FACET_CHECK(stream_ && fstat(handle, &status) == 0, "cannot read {}: {}", name_,
                std::strerror(errno));
    if (!S_ISREG(status.st_mode)) refuse(name_, status.st_mode);
    size_ = static_cast<uint64_t>(status.st_size);
}

void FileReader::need(uint64_t count, std::string_view what) const {
    FACET_CHECK(count <= left(),
                "{}: truncated at byte {}: {} needs {} bytes from byte {}, {} left", name_, size_,
                what, count, offset_, left());
}

void FileReader::read(std::span<std::byte> out, std::string_view what) {
    need(out.size(), what);
    errno = 0;
    const size_t read = std::fread(out.data(), 1, out.size(), stream_.get());
    FACET_CHECK(read == out.size(), "{}: reading {} at byte {} failed: {}", name_, what,
                offset_ + read, errno ? std::strerror(errno) : "the file became shorter");
    offset_ += out.size();
}

void FileReader::skip(uint64_t count, std::string_view what) {
    need(count, what);
    FACET_CHECK(fseeko(stream_.get(), static_cast<off_t>(count), SEEK_CUR) == 0,
                "{}: skipping {} at byte {} failed: {}", name_, what, offset_,
                std::strerror(errno));
    offset_ += count;
}

std::string FileReader::text(uint64_t count, std::string_view what) {
    need(count, what);
    std::string result(count, '\0');
    read(std::as_writable_bytes(std::span(result)), what);
    return result;
}

uint64_t FileReader::little_endian(int bytes, std::string_view what) {
    std::byte buffer[8];
    read(std::span(buffer).first(static_cast<size_t>(bytes)), what);
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; --i) value = value << 8 | std::to_integer<uint64_t>(buffer[i]);
    return value;
}

void FileReader::fail(uint64_t offset, std::string_view message, const std::string& hint) const {
    throw Error(fmt::format("{}: {} (byte {})", name_, message, offset), hint);
}

void FileReader::fail(uint64_t offset, const Error& error) const {
    fail(offset, error.what(), error.hint());
}

std::string read_file(const std::filesystem::path& path) {
    FileReader reader(path);
    return reader.text(reader.size(), "the file");
}

}  // namespace facet
