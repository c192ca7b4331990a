// What a refused call says.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/error.h"

namespace facet::test {

// The message of the Error that `call` throws; a failure when it throws none.
inline std::string message_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
}

inline void expect_error(const std::function<void()>& call, const std::vector<std::string>& parts) {
    const std::string message = message_of(call);
    for (const std::string& part : parts)
        EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' in: " << message;
}

}  // namespace facet::test
