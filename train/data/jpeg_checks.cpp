#include "train/data/jpeg_checks.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "engine/error.h"
#include "train/data/picture_formats.h"

namespace facet {
namespace {

constexpr const char* kReencode =
    "write it anew as a plain JPEG or PNG, for example: magick OLD -colorspace sRGB NEW.png";

struct Component {
    int id = 0;
    int horizontal = 0, vertical = 0;  // sampling factors
    bool scanned = false;
};

// Markers (ITU-T T.81, table B.1).
enum Marker : int {
    kDht = 0xC4,
    kJpg = 0xC8,
    kDac = 0xCC,
    kEnd = 0xD9,
    kScan = 0xDA,
    kHierarchical = 0xDE,
    kApp0 = 0xE0,
    kApp1 = 0xE1,
    kApp14 = 0xEE,
    kJpegLs = 0xF7
};

bool is_frame(int marker) {
    return (marker >= 0xC0 && marker <= 0xCF && marker != kDht && marker != kJpg &&
            marker != kDac) ||
           marker == kJpegLs;
}

// Why a frame of this kind is not read; nullptr if it is.
const char* unread_kind(int marker) {
    if (marker == 0xC3) return "a lossless JPEG";
    if (marker >= 0xC5 && marker <= 0xC7) return "a hierarchical JPEG";
    if (marker >= 0xC9 && marker <= 0xCB) return "an arithmetic-coded JPEG";
    if (marker >= 0xCD && marker <= 0xCF) return "a hierarchical, arithmetic-coded JPEG";
    if (marker == kHierarchical) return "a hierarchical JPEG";
    if (marker == kJpegLs) return "a JPEG-LS";
    return nullptr;
}

class JpegCheck {
public:
    explicit JpegCheck(std::string_view name) : name_(name) {}

    // `rest` is the file behind the segment's length, of which `content` bytes belong to it.
    void segment(int marker, std::span<const uint8_t> rest, size_t content) {
        const std::span<const uint8_t> segment = rest.first(std::min(content, rest.size()));
        if (components_.empty()) {
            if (const char* kind = unread_kind(marker)) refuse(kind);
            if (is_frame(marker)) frame(segment);
        }
        if (marker == kDht) huffman_tables(rest, static_cast<int64_t>(content));
        if (marker == kScan) scan(segment);
        if (marker == kApp0 && begins_with(segment, std::string_view("JFIF\0", 5))) jfif_ = true;
        if (marker == kApp1 && exif_.empty() && begins_with(segment, "Exif")) exif_ = segment;
        if (marker == kApp14 && segment.size() >= 12 &&
            begins_with(segment, std::string_view("Adobe\0", 6)))
            adobe_transform_ = segment[11];
    }

    // `ended`: the file has an end marker.
    std::span<const uint8_t> end(bool ended) const {
        FACET_CHECK(!components_.empty(), "{}: damaged or truncated, a JPEG without a frame",
                    name_);
        for (const Component& c : components_)
            FACET_CHECK(c.scanned, "{}: damaged or truncated, component {} of {} has no scan",
                        name_, &c - components_.data() + 1, components_.size());
        FACET_CHECK(ended, "{}: truncated, a JPEG without its end marker", name_);
        check_sampling();
        check_colours();
        return exif_;
    }

private:
    [[noreturn]] void refuse(std::string_view kind) const {
        throw Error(fmt::format("{}: {}, which is not read", name_, kind), kReencode);
    }

    // A DHT segment holds Huffman tables one after the other: class and index (1 byte), the number
    // of codes of each length 1 to 16 (16 bytes), that many symbols (ITU-T T.81, B.2.4.2). A table
    // has at most 256 symbols; stb_image writes past its own for more, reads a table to its end
    // where the segment is shorter, and makes up what the file lacks.
    void huffman_tables(std::span<const uint8_t> tables, int64_t left) const {
        while (left > 0) {
            FACET_CHECK(tables.size() >= 17, "{}: truncated in a Huffman table", name_);
            size_t codes = 0;
            for (int bits = 1; bits <= 16; ++bits) codes += tables[bits];
            FACET_CHECK(codes <= 256,
                        "{}: damaged, a Huffman table of {} codes, at most 256 expected", name_,
                        codes);
            tables = tables.subspan(std::min(tables.size(), 17 + codes));
            left -= static_cast<int64_t>(17 + codes);
        }
    }

    // Bits a sample (1 byte), height (2), width (2), components (1); for each its id (1), its
    // sampling factors (4 bits each) and its quantisation table (1).
    void frame(std::span<const uint8_t> f) {
        FACET_CHECK(f.size() >= 6, "{}: damaged or truncated, a JPEG without a frame", name_);
        if (f[0] != 8) refuse(fmt::format("a JPEG of {} bits a sample", f[0]));
        const int height = f[1] << 8 | f[2], width = f[3] << 8 | f[4];
        if (height == 0) refuse("a JPEG whose height only its end tells");
        check_dimensions(width, height, name_);
        const size_t count = f[5];
        if (count != 1 && count != 3 && count != 4)
            refuse(fmt::format("a JPEG of {} components", count));
        FACET_CHECK(f.size() >= 6 + 3 * count, "{}: damaged, a frame of {} bytes for {} components",
                    name_, f.size(), count);
        for (size_t i = 0; i < count; ++i) {
            const uint8_t* c = &f[6 + 3 * i];
            components_.push_back({c[0], c[1] >> 4, c[1] & 15});
        }
    }

    // The number of components (1 byte), for each its id (1) and its tables (1), ...
    void scan(std::span<const uint8_t> s) {
        for (size_t i = 0; !s.empty() && i < s[0] && 1 + 2 * i < s.size(); ++i)
            for (Component& c : components_)
                if (c.id == s[1 + 2 * i]) c.scanned = true;
    }

    void check_sampling() const {
        int across = 1, down = 1;
        for (const Component& c : components_) {
            FACET_CHECK(
                c.horizontal >= 1 && c.horizontal <= 4 && c.vertical >= 1 && c.vertical <= 4,
                "{}: damaged, sampling factors {} x {}, expected 1 to 4", name_, c.horizontal,
                c.vertical);
            across = std::max(across, c.horizontal);
            down = std::max(down, c.vertical);
        }
        for (const Component& c : components_)
            if (across % c.horizontal != 0 || down % c.vertical != 0)
                refuse(fmt::format("a JPEG that samples a component {} x {} times in {} x {}",
                                   c.horizontal, c.vertical, across, down));
    }

    // Grey, YCbCr or RGB are told apart as every decoder does: a JFIF marker says YCbCr, else an
    // Adobe marker what its transform is, else components called R, G and B are just that, and
    // others are YCbCr.
    void check_colours() const {
        const bool adobe = adobe_transform_.has_value();
        if (components_.size() == 4) {
            if (!adobe)
                refuse(
                    "a JPEG of 4 components without the Adobe marker that says which colours they "
                    "are");
            if (*adobe_transform_ != 0 && *adobe_transform_ != 2)
                refuse(fmt::format("a JPEG of 4 components with Adobe's colour transform {}",
                                   *adobe_transform_));
        }
        const bool called_rgb = components_.size() == 3 && components_[0].id == 'R' &&
                                components_[1].id == 'G' && components_[2].id == 'B';
        if (called_rgb && (jfif_ || (adobe && *adobe_transform_ != 0)))
            refuse(
                fmt::format("a JPEG of components called R, G and B beside {} marker that says "
                            "YCbCr",
                            jfif_ ? "a JFIF" : "an Adobe"));
    }

    std::string_view name_;
    std::vector<Component> components_;
    bool jfif_ = false;
    std::optional<int> adobe_transform_;  // 0: RGB or CMYK, 1: YCbCr, 2: YCCK
    std::span<const uint8_t> exif_;
};

}  // namespace

// Scan data is walked as well: in it, 0xFF is always followed by 0 or a restart marker.
std::span<const uint8_t> check_jpeg(std::span<const uint8_t> bytes, std::string_view name) {
    JpegCheck check(name);
    bool ended = false;
    for (size_t at = 2; at + 2 <= bytes.size() && !ended;) {
        const int marker = bytes[at + 1];
        if (bytes[at] != 0xFF || marker == 0xFF) {  // scan data or fill bytes
            ++at;
        } else if (marker == kEnd) {
            ended = true;
        } else if (marker <= 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {  // without a segment
            at += 2;
        } else if (at + 4 > bytes.size()) {
            break;
        } else {
            const size_t length = bytes[at + 2] << 8 | bytes[at + 3];  // counts itself
            check.segment(marker, bytes.subspan(at + 4), std::max<size_t>(length, 2) - 2);
            at += 2 + length;
        }
    }
    return check.end(ended);
}

}  // namespace facet
