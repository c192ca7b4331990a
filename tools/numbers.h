// Checks of numbers on the command line that have no upper end: CLI11 would print the largest
// number there is, with all its digits.
#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <string>

namespace facet {

inline CLI::Validator above_zero() {
    const auto check = [](const std::string& text) -> std::string {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && value > 0 && std::isfinite(value)) return "";
        return "expected a number above 0, found " + text;
    };
    return {check, "above 0"};
}

inline CLI::Validator at_least_one() {
    const auto check = [](const std::string& text) -> std::string {
        int64_t value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= 1) return "";
        return "expected a whole number from 1, found " + text;
    };
    return {check, "from 1"};
}

}  // namespace facet
