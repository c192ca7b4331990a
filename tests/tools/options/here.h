// Commands run inside the test, which can then look at what they leave in the process.
#pragma once

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <string>

#include "tools/commands.h"

namespace facet::test {

using AddCommand = void (*)(CLI::App&);

// What it prints, on the CPU. Not for commands that change how many threads the process has.
inline std::string printed_here(AddCommand add, const std::string& arguments) {
    const std::string device = globals().device;
    globals_to_fill().device = "cpu";
    CLI::App app("facet");
    add(app);
    testing::internal::CaptureStdout();
    std::string failure;
    try {
        app.parse(arguments);
    } catch (const std::exception& error) {
        failure = error.what();
    }
    globals_to_fill().device = device;
    EXPECT_EQ(failure, "") << arguments;
    return testing::internal::GetCapturedStdout();
}

}  // namespace facet::test
