// The explorer's page in a real browser: a copy of it with a script that moves things and writes
// down what is then shown.
//
// A program of its own, which tests/tools/lab/explorer_test.sh builds and starts: it needs the page
// and a browser, named by FACET_BROWSER.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/train/data_fixture.h"

namespace facet::test {

class ExplorerPage : public testing::Test {
protected:
    void SetUp() override;

    // The page with something at its beginning and at its end, as the browser leaves it.
    std::string opened(const std::string& first, const std::string& last) const;
    // What a script, the body of an async function, returns after the page has begun; the page
    // complains of nothing and asks for nothing. The script may call shown(): every loss that is
    // shown, with its command for `facet grad` and its numbers as texts, and what was refused.
    nlohmann::json examined(const std::string& script, const std::string& first = "") const;
    // Runs the command that the page prints, on the arrays that it prints under it, and compares
    // the numbers that it shows.
    void expect_equal(const nlohmann::json& loss) const;

    std::string html, browser;
    TemporaryFolder folder;
};

}  // namespace facet::test
