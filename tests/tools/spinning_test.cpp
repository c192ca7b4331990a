// How long the threads of oneDNN's own loops spin: not long, unless the person says so.
#include <gtest/gtest.h>

#include "tests/tools/command.h"

namespace facet::test {
namespace {

// What GNU's OpenMP runtime says of itself when a program is loaded.
std::string settings(const std::string& environment) {
    return run("--version 2>&1",
               "env -u OMP_WAIT_POLICY -u GOMP_SPINCOUNT OMP_DISPLAY_ENV=verbose " + environment)
        .text;
}

TEST(Spinning, IsLimitedUnlessThePersonChose) {
    if (settings("").find("GOMP_SPINCOUNT") == std::string::npos) {
        GTEST_SKIP() << "another OpenMP runtime than GNU's";
    }
    EXPECT_NE(settings("").find("GOMP_SPINCOUNT = '10000'"), std::string::npos);
    EXPECT_NE(settings("GOMP_SPINCOUNT=7").find("GOMP_SPINCOUNT = '7'"), std::string::npos);
    const std::string chosen = settings("OMP_WAIT_POLICY=active");
    EXPECT_EQ(chosen.find("GOMP_SPINCOUNT = '10000'"), std::string::npos) << chosen;
}

}  // namespace
}  // namespace facet::test
