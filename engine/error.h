// How facet says that something is wrong.
//
// Error      exit status 1: the world is not as needed (a corrupt file, a full disk)
// UsageError exit status 2: the request itself is wrong (unknown loss, parameter out of range)
//
// A message says what failed, where, what was found and what was expected; the hint says what to
// do. Neither ends with a full stop or a newline: `tools/main.cpp` prints
//   facet: error: <message>
//   facet: hint: <hint>
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace facet {

class Error : public std::runtime_error {
public:
    explicit Error(const std::string& message, std::string hint = "")
        : std::runtime_error(message), hint_(std::move(hint)) {}

    const std::string& hint() const { return hint_; }

private:
    std::string hint_;
};

class UsageError : public Error {
public:
    using Error::Error;
};

}  // namespace facet

// Throws facet::Error with a fmt-formatted message unless the condition holds.
//   FACET_CHECK(k > 0, "top-k: k must be positive, found {}", k);
#define FACET_CHECK(condition, ...)                                       \
    do {                                                                  \
        if (!(condition)) throw ::facet::Error(fmt::format(__VA_ARGS__)); \
    } while (false)

// The same for a request that is wrong in itself (exit status 2).
#define FACET_USAGE(condition, ...)                                            \
    do {                                                                       \
        if (!(condition)) throw ::facet::UsageError(fmt::format(__VA_ARGS__)); \
    } while (false)
