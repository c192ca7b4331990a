// Names and paths in text files.
//
// A path on Linux is any bytes; JSON, TOML, HTML and the metadata of safetensors hold UTF-8 only.
// Every text that facet writes states such bytes in one way: a byte that is not part of valid UTF-8
// is written as \xNN, two lower-case hexadecimal digits, and the backslash of a text that would
// read as such an escape is written as \x5c. What is valid UTF-8 and holds no such text, that is,
// nearly everything, stays as it is. bytes_of() gives the bytes back exactly. (Each format's own
// escaping comes on top: in TOML and JSON the backslash is doubled.)
#pragma once

#include <charconv>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace facet {

// Valid UTF-8 that stands for any bytes.
std::string text_of(std::string_view bytes);

// The same on one line: control characters (below 0x20, and 0x7f) but the tab are \xNN too. For
// lists with a name a line and for messages.
std::string line_of(std::string_view bytes);

// The bytes that text_of() or line_of() wrote.
std::string bytes_of(std::string_view text);

// JSON with every string and key as text_of() has it; `indent` as in nlohmann's dump(). Never fails
// for what a string holds.
std::string json_text(const nlohmann::json& json, int indent = -1);
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

// The lines of a text file as editors on any system leave it: without byte-order mark, carriage
// returns, and blanks at their ends. `name` is the file's, for the Error that it is UTF-16.
std::vector<std::string> lines_of_text(std::string_view content, const std::string& name);

// What all of `text` is as a number, an integer of `base`; none if it is anything else.
template <class Number>
std::optional<Number> number_of(std::string_view text, int base = 10) {
    Number value{};
    const char* const end = text.data() + text.size();
    std::from_chars_result read;
    if constexpr (std::is_integral_v<Number>) {
        read = std::from_chars(text.data(), end, value, base);
    } else {
        read = std::from_chars(text.data(), end, value);
    }
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return value;
}

// A field of a CSV file, in quotes where it needs them (RFC 4180).
std::string csv_field(std::string_view bytes);

}  // namespace facet
