#include "train/files/json_lines.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/message_of.h"
#include "tests/train/data_fixture.h"

namespace facet::test {
namespace {

TEST(JsonLines, ReadsEveryLineButAnUnfinishedLastOne) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "log.jsonl";
    std::ofstream(file) << "{\"step\": 1}\n{\"step\": 2}\n{\"step\": 3}";
    const auto lines = json_lines(file);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[1].at("step"), 2);
    std::ofstream(file, std::ios::trunc).close();
    EXPECT_TRUE(json_lines(file).empty());
}

TEST(JsonLines, NamesTheFileAndTheLine) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "log.jsonl";
    for (const std::string wrong : {"nonsense", "", "[1]", "{\"step\": 2} 3"}) {
        std::ofstream(file) << "{\"step\": 1}\n" << wrong << "\n{\"step\": 3}\n";
        expect_error([&] { json_lines(file); }, {"log.jsonl", "line 2"});
    }
    expect_error([&] { json_lines(folder.path() / "none"); }, {"none"});
}

}  // namespace
}  // namespace facet::test
