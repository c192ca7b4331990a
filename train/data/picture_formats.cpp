#include "train/data/picture_formats.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "engine/error.h"

namespace facet {
namespace {

using namespace std::string_view_literals;

// How a format that is not read begins.
struct Signature {
    size_t at;  // byte at which `bytes` stand
    std::string_view bytes;
    const char* what;  // "it is ..."
    const char* hint;
};

constexpr const char* kConvert = "convert it to JPEG or PNG, for example: magick OLD NEW.png";
constexpr const char* kOneFrame =
    "extract the picture that is meant as PNG, for example: ffmpeg -i OLD -frames:v 1 NEW.png";
constexpr const char* kDownload = "the download went wrong: fetch the picture again";
constexpr const char* kUnpack = "unpack it: the layout is DIR/<person>/<image>";
constexpr const char* kNoPicture = "remove it from the folder or give it another extension";

// More special ones first.
constexpr Signature kSignatures[] = {
    {0, "GIF8", "a GIF picture", kConvert},
    {8, "WEBP", "a WebP picture", kConvert},
    {4, "ftypavif", "an AVIF picture", kConvert},
    {4, "ftypavis", "an AVIF picture", kConvert},
    {4, "ftyphei", "a HEIC picture", kConvert},
    {4, "ftyphev", "a HEIC picture", kConvert},
    {4, "ftypmif1", "a HEIF picture", kConvert},
    {4, "ftypmsf1", "a HEIF picture", kConvert},
    {4, "ftypcrx", "a CR3 raw picture", kConvert},
    {4, "ftyp", "a film (MP4 or QuickTime)", kOneFrame},
    {0, "\0\0\0\x0cjP  \r\n\x87\n"sv, "a JPEG 2000 picture", kConvert},
    {0, "\xff\x4f\xff\x51", "a JPEG 2000 picture", kConvert},
    {0, "\0\0\0\x0cJXL \r\n\x87\n"sv, "a JPEG XL picture", kConvert},
    {0, "\xff\x0a", "a JPEG XL picture", kConvert},
    {0, "II\xbc", "a JPEG XR picture", kConvert},
    {0, "II*\0"sv, "a TIFF or raw camera picture", kConvert},
    {0, "MM\0*"sv, "a TIFF or raw camera picture", kConvert},
    {0, "II+\0"sv, "a BigTIFF picture", kConvert},
    {0, "MM\0+"sv, "a BigTIFF picture", kConvert},
    {0, "8BPS", "a Photoshop file", kConvert},
    {0, "#?R", "a Radiance HDR picture", kConvert},
    {0, "v/1\x01", "an OpenEXR picture", kConvert},
    {0, "\0\0\x01\0"sv, "an icon (ICO)", kConvert},
    {0, "qoif", "a QOI picture", kConvert},
    {0, "\x8aMNG", "an MNG film", kOneFrame},
    {0, "\x1a\x45\xdf\xa3", "a film (WebM or Matroska)", kOneFrame},
    {128, "DICM", "a DICOM picture", kConvert},
    {0, "P7\n", "a PAM picture", kConvert},
    {0, "\0\x05\x16\x07"sv, "an AppleDouble file, what macOS keeps beside a picture", kNoPicture},
    {0, "version https://git-lfs.github.com/spec/",
     "a pointer of Git LFS: the picture itself was not fetched", "in the repository: git lfs pull"},
    {0, "/annex/objects/", "a pointer of git-annex: the picture itself was not fetched",
     "in the repository: git annex get ."},
    {0, "\x93NUMPY", "a NumPy array", kNoPicture},
    {0, "\x0a\x23\xd7\xce", "a RecordIO file", kNoPicture},
    {0, "%PDF", "a PDF document", kConvert},
    {0, "PK\x03\x04", "a ZIP archive", kUnpack},
    {0, "\x1f\x8b", "compressed by gzip", "unpack it, for example: gzip -d < OLD > NEW"},
    {0, "7z\xbc\xaf\x27\x1c", "a 7-Zip archive", kUnpack},
    {257, "ustar", "a tar archive", kUnpack},
    {0, "BM", "a BMP picture", kConvert},
};

std::string_view as_text(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool has_at(std::string_view text, size_t at, std::string_view part) {
    return text.size() >= at && text.substr(at).starts_with(part);
}

// A netpbm picture whose samples are text, bits or floating-point numbers.
bool is_other_netpbm(std::string_view text) {
    return text.size() > 2 && text[0] == 'P' && "1234Ff"sv.find(text[1]) != text.npos &&
           std::isspace(static_cast<unsigned char>(text[2]));
}

// The text that a file begins with, at most 256 bytes of it, in lower case and without white space
// before it; `whole` tells whether no other byte is among those.
std::string beginning_of_text(std::string_view text, bool& whole) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // byte order mark
    std::string start;
    whole = true;
    for (const char c : text.substr(0, 256)) {
        const auto byte = static_cast<unsigned char>(c);
        whole = byte < 0x7f && (byte >= ' ' || std::isspace(byte));
        if (!whole) break;
        if (!start.empty() || !std::isspace(byte)) start += static_cast<char>(std::tolower(byte));
    }
    return start;
}

// What a text is; nullptr if the bytes are no text.
const Signature* text_kind(std::string_view text) {
    static constexpr Signature kHtml{0, "", "a page of HTML", kDownload};
    static constexpr Signature kSvg{0, "", "an SVG drawing", kConvert};
    static constexpr Signature kXml{0, "", "an XML document", kDownload};
    static constexpr Signature kText{0, "", "a text", kDownload};
    bool whole;
    const std::string start = beginning_of_text(text, whole);
    if (start.starts_with("<!doctype html") || start.find("<html") != start.npos) return &kHtml;
    if (start.find("<svg") != start.npos) return &kSvg;
    if (start.starts_with("<?xml")) return &kXml;
    return whole ? &kText : nullptr;
}

const Signature* foreign_kind(std::string_view text) {
    static constexpr Signature kZeros{0, "", "nothing but zero bytes",
                                      "the disk or the copy lost it: fetch the picture again"};
    static constexpr Signature kNetpbm{
        0, "", "a PNM picture of another kind than binary PGM or PPM", kConvert};
    if (std::all_of(text.begin(), text.end(), [](char c) { return c == 0; })) return &kZeros;
    for (const Signature& signature : kSignatures)
        if (has_at(text, signature.at, signature.bytes)) return &signature;
    if (is_other_netpbm(text)) return &kNetpbm;
    return text_kind(text);
}

}  // namespace

bool begins_with(std::span<const uint8_t> bytes, std::string_view text) {
    return as_text(bytes).starts_with(text);
}

PictureFormat picture_format(std::span<const uint8_t> bytes) {
    if (begins_with(bytes, "\xff\xd8")) return PictureFormat::Jpeg;
    if (begins_with(bytes, "\x89PNG")) return PictureFormat::Png;
    if (begins_with(bytes, "P5") || begins_with(bytes, "P6")) return PictureFormat::Pnm;
    return PictureFormat::Other;
}

void refuse_format(std::span<const uint8_t> bytes, std::string_view name) {
    if (bytes.empty())
        throw Error(
            fmt::format("{}: empty file, expected a picture", name),
            "a copy or a download was cut off: fetch the picture again, or remove the file");
    const Signature* kind = foreign_kind(as_text(bytes));
    throw Error(fmt::format("{}: it is {}, expected a JPEG, a PNG or a binary PGM/PPM", name,
                            kind ? kind->what : "of no kind that is known"),
                kind ? kind->hint : "fetch the picture again, or remove the file");
}

void check_dimensions(int64_t width, int64_t height, std::string_view name) {
    FACET_CHECK(width > 0 && height > 0, "{}: damaged, declares {} x {} pixels", name, width,
                height);
    if (width > kMaxPixels / height)
        throw Error(fmt::format("{}: declares {} x {} pixels, at most {} are read", name, width,
                                height, kMaxPixels),
                    "make it smaller, for example: magick OLD -resize 2048x2048 NEW.png");
}

}  // namespace facet
