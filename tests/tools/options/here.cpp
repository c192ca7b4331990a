#include "tests/tools/options/here.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

namespace facet::test {

std::string printed_here(AddCommand add, const std::string& arguments) {
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
