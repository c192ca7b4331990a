#include "train/data/png_checks.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "engine/error.h"
#include "train/data/picture_formats.h"

namespace facet {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr std::string_view kSignature("\x89PNG\r\n\x1a\n", 8);
constexpr size_t kFullPalette = 3 * 256;  // bytes
constexpr const char* kFetchAgain = "the file was damaged on its way: fetch it again";

uint32_t big_endian(Bytes bytes) {
    return static_cast<uint32_t>(bytes[0]) << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

void append_big_endian(std::vector<uint8_t>& to, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<uint8_t>(value >> shift));
}

void append(std::vector<uint8_t>& to, std::string_view text) {
    to.insert(to.end(), text.begin(), text.end());
}

// The chunk IHDR.
struct Header {
    uint32_t width, height;
    int depth;   // bits a sample
    int colour;  // 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha
    bool interlaced;

    int samples() const { return colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1; }

    // Bytes of the inflated pixels: each line begins with its filter's number; an interlaced
    // picture is seven pictures of their own (PNG specification, 8.2).
    uint64_t inflated_size() const {
        const auto picture = [this](uint64_t w, uint64_t h) {
            return w == 0 ? 0 : h * (1 + (w * samples() * depth + 7) / 8);
        };
        if (!interlaced) return picture(width, height);
        struct Pass {
            uint32_t x, y, dx, dy;  // its first pixel, and the steps to the next ones
        };
        constexpr Pass kPasses[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                    {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
        uint64_t size = 0;
        for (const Pass& p : kPasses)
            size += picture((width + p.dx - 1 - p.x) / p.dx, (height + p.dy - 1 - p.y) / p.dy);
        return size;
    }
};

Header read_header(Bytes data, std::string_view name) {
    FACET_CHECK(data.size() == 13, "{}: damaged, its IHDR has {} bytes, expected 13", name,
                data.size());
    const Header h{big_endian(data), big_endian(data.subspan(4)), data[8], data[9], data[12] == 1};
    check_dimensions(h.width, h.height, name);
    const bool low = h.depth == 1 || h.depth == 2 || h.depth == 4;
    const bool known = h.colour == 0   ? low || h.depth == 8 || h.depth == 16
                       : h.colour == 3 ? low || h.depth == 8
                       : h.colour == 2 || h.colour == 4 || h.colour == 6
                           ? h.depth == 8 || h.depth == 16
                           : false;
    FACET_CHECK(
        known && data[10] == 0 && data[11] == 0 && data[12] <= 1,
        "{}: its IHDR names colour type {} of {} bits, compression {}, filter {}, interlace "
        "{}, which is no PNG",
        name, h.colour, h.depth, data[10], data[11], data[12]);
    return h;
}

struct Chunk {
    std::string_view type;
    Bytes data;
};

// The chunk that begins at byte `at`, which is moved behind it.
Chunk read_chunk(Bytes bytes, size_t& at, std::string_view name) {
    FACET_CHECK(bytes.size() - at >= 12, "{}: truncated at byte {}, a PNG ends with IEND", name,
                bytes.size());
    const uint32_t length = big_endian(bytes.subspan(at));
    const std::string_view type(reinterpret_cast<const char*>(&bytes[at + 4]), 4);
    const bool is_word = std::all_of(type.begin(), type.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    });
    if (!is_word)
        throw Error(fmt::format("{}: damaged, no chunk begins at byte {}", name, at), kFetchAgain);
    FACET_CHECK(length <= bytes.size() - at - 12,
                "{}: truncated at byte {}: chunk {} needs {} bytes from byte {}", name,
                bytes.size(), type, length, at + 8);
    const Bytes checked = bytes.subspan(at + 4, 4 + size_t{length});
    const uint32_t found = big_endian(bytes.subspan(at + 8 + length));
    const uint32_t computed = crc32_z(0, checked.data(), checked.size());
    if (found != computed)
        throw Error(fmt::format("{}: damaged, chunk {} at byte {} has the checksum {:08x}, its "
                                "content {:08x}",
                                name, type, at, found, computed),
                    kFetchAgain);
    at += 12 + size_t{length};
    return {type, checked.subspan(4)};
}

struct Content {
    std::optional<Header> header;
    Bytes palette;  // (n, 3)
    std::vector<Bytes> pixels;
    Bytes exif;
};

Content read_chunks(Bytes bytes, std::string_view name) {
    Content content;
    for (size_t at = kSignature.size();;) {
        const auto [type, data] = read_chunk(bytes, at, name);
        if (type == "CgBI")
            throw Error(
                fmt::format("{}: a PNG of Apple's own kind (CgBI), which is not read", name),
                "convert it on a Mac: xcrun pngcrush -revert-iphone-optimizations OLD NEW");
        FACET_CHECK(content.header || type == "IHDR",
                    "{}: damaged, its first chunk is {}, expected IHDR", name, type);
        if (type == "IEND") return content;
        if (type == "IHDR") {
            FACET_CHECK(!content.header, "{}: damaged, a second IHDR", name);
            content.header = read_header(data, name);
        } else if (type == "PLTE") {
            FACET_CHECK(data.size() % 3 == 0 && data.size() <= kFullPalette && !data.empty(),
                        "{}: damaged, a palette of {} bytes, expected 3 to {} and whole colours",
                        name, data.size(), kFullPalette);
            content.palette = data;
        } else if (type == "IDAT") {
            content.pixels.push_back(data);
        } else if (type == "eXIf") {
            content.exif = data;
        } else if (type[0] <= 'Z') {
            throw Error(fmt::format("{}: it needs the chunk {}, which is not read", name, type),
                        "write it anew as a plain PNG, for example: magick OLD NEW.png");
        }
    }
}

// The pixels inflated, and their checksum at the end compared.
class Inflater {
public:
    Inflater(const std::vector<Bytes>& parts, std::string_view name) : parts_(parts), name_(name) {
        FACET_CHECK(inflateInit(&stream_) == Z_OK, "{}: zlib cannot begin to inflate", name_);
    }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    // Fills `to`; throws Error if the pixels end before.
    void read(std::span<uint8_t> to) {
        FACET_CHECK(inflate_into(to) == to.size(), "{}: damaged, pixels are missing", name_);
    }

    // Reads what is behind the pixels, which some writers leave there, and the checksum.
    void finish() {
        std::array<uint8_t, 1 << 14> surplus;
        while (inflate_into(surplus) > 0) {
        }
    }

private:
    // Returns the number of bytes: fewer than `to` has only when the stream has ended.
    size_t inflate_into(std::span<uint8_t> to) {
        stream_.next_out = to.data();
        stream_.avail_out = static_cast<uInt>(to.size());
        while (stream_.avail_out > 0 && !ended_) {
            if (stream_.avail_in == 0 && next_ < parts_.size()) {
                stream_.next_in = const_cast<uint8_t*>(parts_[next_].data());
                stream_.avail_in = static_cast<uInt>(parts_[next_++].size());
                continue;
            }
            const int status = inflate(&stream_, Z_NO_FLUSH);
            ended_ = status == Z_STREAM_END;
            if (status != Z_OK && status != Z_STREAM_END) fail(status);
        }
        return to.size() - stream_.avail_out;
    }

    [[noreturn]] void fail(int status) const {
        const std::string why = status == Z_BUF_ERROR ? "they end too early"
                                : stream_.msg         ? stream_.msg
                                                      : "zlib refuses them";
        throw Error(fmt::format("{}: damaged pixels: {}", name_, why), kFetchAgain);
    }

    const std::vector<Bytes>& parts_;
    size_t next_ = 0;
    bool ended_ = false;
    z_stream stream_{};
    std::string_view name_;
};

// Deflate's blocks of bytes as they are: whether it is the last (1 byte), their number and its
// complement (2 bytes each, the lower one first), the bytes (RFC 1951, 3.2.4).
constexpr uint64_t kBlockHead = 5, kBlock = 65535;

uint64_t stored_size(uint64_t inflated) {
    return 2 + inflated + (inflated + kBlock - 1) / kBlock * kBlockHead;
}

// A zlib stream of `size` bytes of pixels that need no inflating.
void append_stored(std::vector<uint8_t>& to, uint64_t size, Inflater& pixels) {
    append(to, "\x78\x01");
    for (uint64_t done = 0; done < size; done += kBlock) {
        const uint64_t n = std::min(kBlock, size - done);
        const bool last = done + n == size;
        to.insert(to.end(), {last, static_cast<uint8_t>(n), static_cast<uint8_t>(n >> 8),
                             static_cast<uint8_t>(~n), static_cast<uint8_t>(~n >> 8)});
        to.resize(to.size() + n);
        pixels.read(std::span(to).last(n));
    }
    pixels.finish();
}

void begin_chunk(std::vector<uint8_t>& to, uint64_t length, std::string_view type) {
    append_big_endian(to, static_cast<uint32_t>(length));
    append(to, type);
}

// A checksum that stb_image does not look at.
void end_chunk(std::vector<uint8_t>& to) { append_big_endian(to, 0); }

std::vector<uint8_t> plain_png(const Content& content, std::string_view name) {
    const Header& h = *content.header;
    const uint64_t size = h.inflated_size();
    std::vector<uint8_t> to;
    to.reserve(1024 + stored_size(size));
    append(to, kSignature);

    begin_chunk(to, 13, "IHDR");
    append_big_endian(to, h.width);
    append_big_endian(to, h.height);
    to.insert(to.end(),
              {static_cast<uint8_t>(h.depth), static_cast<uint8_t>(h.colour), 0, 0, h.interlaced});
    end_chunk(to);

    if (h.colour == 3) {
        begin_chunk(to, kFullPalette, "PLTE");
        to.insert(to.end(), content.palette.begin(), content.palette.end());
        to.resize(to.size() + kFullPalette - content.palette.size());
        end_chunk(to);
    }

    begin_chunk(to, stored_size(size), "IDAT");
    Inflater inflater(content.pixels, name);
    append_stored(to, size, inflater);
    end_chunk(to);

    begin_chunk(to, 0, "IEND");
    end_chunk(to);
    return to;
}

}  // namespace

CheckedPng check_png(Bytes bytes, std::string_view name) {
    if (!begins_with(bytes, kSignature))
        throw Error(
            fmt::format("{}: damaged, a PNG whose first 8 bytes are not those of a PNG", name),
            "transfers as text change line ends: fetch it again as a binary file");
    const Content content = read_chunks(bytes, name);
    FACET_CHECK(content.header->colour != 3 || !content.palette.empty(),
                "{}: damaged, its palette is missing", name);
    // Deflate makes at most 1,032 bytes of one: memory is asked for only where they can come.
    uint64_t compressed = 0;
    for (const Bytes part : content.pixels) compressed += part.size();
    FACET_CHECK(content.header->inflated_size() / 1032 <= compressed,
                "{}: damaged, {} bytes cannot hold {} x {} pixels", name, compressed,
                content.header->width, content.header->height);
    return {plain_png(content, name), content.exif};
}

}  // namespace facet
