// What Debian 12's Emscripten lacks of the C++ library; included before every source of the
// explorer's WebAssembly. A newer library has a function of its own, and what is here steps aside.
#pragma once

#include <bit>
#include <charconv>
#include <cstdlib>
#include <string>

namespace std {

#ifndef __cpp_lib_bit_cast
template <class To, class From>
constexpr To bit_cast(const From& from) noexcept {
    return __builtin_bit_cast(To, from);
}
#endif

#ifndef __cpp_lib_to_chars
// As the standard asks: no leading space, no plus sign, no "0x"; the longest number at the
// beginning of the text. The locale of a page is always "C".
inline from_chars_result from_chars(const char* first, const char* last, double& value) {
    const string text(first, last);
    const bool sign = !text.empty() && text[0] == '-';
    const string digits = text.substr(sign, 2);
    const bool number =
        !digits.empty() && (digits[0] == '.' || (digits[0] >= '0' && digits[0] <= '9'));
    if (!number || digits == "0x" || digits == "0X") return {first, errc::invalid_argument};
    char* end = nullptr;
    const double parsed = strtod(text.c_str(), &end);
    if (end == text.c_str()) return {first, errc::invalid_argument};
    value = parsed;
    return {first + (end - text.c_str()), errc()};
}
#endif

}  // namespace std
