#include "train/files/file_reader.h"

#include <cerrno>
#include <cstring>

#include "engine/error.h"

namespace facet {

FileReader::FileReader(const std::filesystem::path& path) : name_(path.string()) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    FACET_CHECK(std::filesystem::exists(status), "cannot read {}: no such file", name_);
    FACET_CHECK(std::filesystem::is_regular_file(status), "cannot read {}: not a regular file",
                name_);
    stream_.open(path, std::ios::binary);
    FACET_CHECK(stream_.is_open(), "cannot read {}: {}", name_, std::strerror(errno));
    size_ = std::filesystem::file_size(path);
}

void FileReader::need(uint64_t count, std::string_view what) const {
    FACET_CHECK(count <= left(),
                "{}: truncated at byte {}: {} needs {} bytes from byte {}, {} left", name_, size_,
                what, count, offset_, left());
}

void FileReader::read(std::span<std::byte> out, std::string_view what) {
    need(out.size(), what);
    stream_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
    FACET_CHECK(stream_.good(), "{}: reading {} at byte {} failed", name_, what, offset_);
    offset_ += out.size();
}

void FileReader::skip(uint64_t count, std::string_view what) {
    need(count, what);
    stream_.seekg(static_cast<std::streamoff>(count), std::ios::cur);
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

void FileReader::fail(uint64_t offset, std::string_view message) const {
    throw Error(fmt::format("{}: {} (byte {})", name_, message, offset));
}

std::string read_file(const std::filesystem::path& path) {
    FileReader reader(path);
    return reader.text(reader.size(), "the file");
}

}  // namespace facet
