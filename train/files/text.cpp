#include "train/files/text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace facet {
namespace {

uint8_t byte_at(std::string_view bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

// The length of the character at `at`, 0 if none is encoded there: no surrogates, nothing longer
// than need be, nothing above U+10FFFF (Unicode 15, table 3-7).
size_t character_at(std::string_view bytes, size_t at) {
    const uint8_t lead = byte_at(bytes, at);
    if (lead < 0x80) return 1;
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || bytes.size() - at < length) return 0;
    for (size_t i = at + 1; i < at + length; ++i) {
        if ((byte_at(bytes, i) & 0xc0) != 0x80) return 0;
    }
    const uint8_t second = byte_at(bytes, at + 1);
    const bool wrong = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
                       (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
    return wrong ? 0 : length;
}

// The digit's value, -1 for any other character, capitals included.
int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

constexpr size_t kEscape = 4;  // characters of \xNN

// The byte that an escape at `at` stands for, -1 if there is none.
int escape_at(std::string_view text, size_t at) {
    if (text.size() - at < kEscape || text[at] != '\\' || text[at + 1] != 'x') return -1;
    const int high = hex_digit(text[at + 2]), low = hex_digit(text[at + 3]);
    return high < 0 || low < 0 ? -1 : 16 * high + low;
}

bool is_control(uint8_t byte) { return byte < 0x20 || byte == 0x7f; }

std::string escaped_text(std::string_view bytes, bool on_one_line) {
    std::string text;
    text.reserve(bytes.size());
    for (size_t at = 0; at < bytes.size();) {
        const size_t length = character_at(bytes, at);
        const uint8_t byte = byte_at(bytes, at);
        const bool breaks_line = on_one_line && is_control(byte) && byte != '\t';
        if (length == 0 || breaks_line || escape_at(bytes, at) >= 0) {
            text += fmt::format("\\x{:02x}", byte);
            ++at;
        } else {
            text += bytes.substr(at, length);
            at += length;
        }
    }
    return text;
}

template <class Json>
Json in_utf8(const Json& json) {
    if (json.is_string()) return text_of(json.template get_ref<const std::string&>());
    if (json.is_array()) {
        Json list = Json::array();
        for (const Json& item : json) list.push_back(in_utf8(item));
        return list;
    }
    if (!json.is_object()) return json;
    Json object = Json::object();
    for (const auto& [key, value] : json.items()) object[text_of(key)] = in_utf8(value);
    return object;
}

}  // namespace

std::string text_of(std::string_view bytes) { return escaped_text(bytes, false); }

std::string line_of(std::string_view bytes) { return escaped_text(bytes, true); }

std::string bytes_of(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const int byte = escape_at(text, at);
        bytes += byte < 0 ? text[at] : static_cast<char>(byte);
        at += byte < 0 ? 1 : kEscape;
    }
    return bytes;
}

std::string json_text(const nlohmann::json& json, int indent) { return in_utf8(json).dump(indent); }

std::string json_text(const nlohmann::ordered_json& json, int indent) {
    return in_utf8(json).dump(indent);
}

std::vector<std::string> lines_of_text(std::string_view content, const std::string& name) {
    if (content.starts_with("\xff\xfe") || content.starts_with("\xfe\xff"))
        throw Error(fmt::format("{}: it is UTF-16, expected UTF-8", name),
                    "save it as UTF-8: iconv -f UTF-16 -t UTF-8");
    if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);
    std::vector<std::string> lines;
    while (!content.empty()) {
        const size_t end = std::min(content.find('\n'), content.size());
        const std::string_view line = content.substr(0, end);
        lines.emplace_back(line.substr(0, line.find_last_not_of(" \t\r") + 1));
        content.remove_prefix(std::min(end + 1, content.size()));
    }
    return lines;
}

std::string csv_field(std::string_view bytes) {
    std::string text = text_of(bytes);
    if (text.find_first_of(",\"\r\n") == text.npos) return text;
    std::string field = "\"";
    for (const char c : text) field += c == '"' ? "\"\"" : std::string(1, c);
    return field + '"';
}

}  // namespace facet
