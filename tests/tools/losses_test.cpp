// `facet losses`: the list, one loss, and the files that docs/losses keeps of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "losses/head/loss.h"
#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "tools/loss_pages.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

const fs::path kCommitted = "docs/losses";

std::set<std::string> names_in(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
        names.insert(entry.path().filename().string());
    }
    return names;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

// A text without its numbers, and the numbers.
std::pair<std::string, std::vector<double>> split_numbers(const std::string& text) {
    std::pair<std::string, std::vector<double>> parts;
    for (size_t at = 0; at < text.size();) {
        if (!std::isdigit(static_cast<unsigned char>(text[at]))) {
            parts.first += text[at++];
            continue;
        }
        size_t length = 0;
        parts.second.push_back(std::stod(text.substr(at, 24), &length));
        parts.first += '#';
        at += length;
    }
    return parts;
}

TEST(LossesCommand, ListFitsAHundredColumns) {
    const Outcome outcome = run("losses");
    ASSERT_EQ(outcome.status, 0);
    for (const std::string& line : lines_of(outcome.text)) EXPECT_LE(line.size(), 100u) << line;
    for (const LossInfo* info : all_losses()) {
        EXPECT_NE(outcome.text.find("\n " + info->name + " "), std::string::npos) << info->name;
    }
}

TEST(LossesCommand, EveryLossHasTheTextOfItsFile) {
    for (const LossInfo* info : all_losses()) {
        std::string name = info->name;
        std::replace(name.begin(), name.end(), '-', '_');
        EXPECT_EQ(info->file, "losses/" + name + ".h");
        const std::string file = content(info->file);
        for (const std::string& line : lines_of(info->text)) {
            const std::string words =
                line.substr(std::min(line.find_first_not_of(' '), line.size()));
            EXPECT_NE(file.find(words), std::string::npos) << info->name << ": " << words;
            EXPECT_LE(line.size(), 98u) << info->name << ": " << words;
        }
        EXPECT_NE(info->text.find("\nDerivation: "), std::string::npos) << info->name;
        EXPECT_NE(info->group, "Others") << info->name;
    }
}

TEST(LossesCommand, OneLossIsTextParametersModesAndWhatIsConstant) {
    const Outcome outcome = run("losses adaface");
    ASSERT_EQ(outcome.status, 0);
    for (const char* part : {"z_y = s (cos(", "t_alpha", "the quality q", "mean, std"}) {
        EXPECT_NE(outcome.text.find(part), std::string::npos) << part;
    }
    const Outcome json = run("losses adaface --json");
    const auto parsed = nlohmann::json::parse(json.text);
    EXPECT_EQ(parsed["file"], "losses/adaface.h");
    EXPECT_EQ(parsed["text"], loss_info("adaface").text);
    EXPECT_EQ(parsed["detached"], "the quality q");
}

TEST(LossesCommand, DocsGoWithNothingElse) {
    EXPECT_EQ(errors_of("losses arcface --docs /nowhere").status, 2);
    EXPECT_EQ(errors_of("losses --docs /dev/null/docs").status, 1);
}

TEST(LossPages, ShortPaperIsAuthorsAndVenue) {
    EXPECT_EQ(short_paper(loss_info("npt-lse")), "Khalid et al., TPAMI 2023");
    EXPECT_EQ(short_paper(loss_info("triplet")), "Schroff et al., CVPR 2015");
}

TEST(LossPages, FormulasAndProseAreToldApart) {
    const auto blocks = blocks_of("One\ntwo.\n\n  a = b\n    c\nthree\n");
    ASSERT_EQ(blocks.size(), 3u);
    EXPECT_FALSE(blocks[0].formulas);
    EXPECT_TRUE(blocks[1].formulas);
    EXPECT_EQ(blocks[1].lines, (std::vector<std::string>{"a = b", "  c"}));
    EXPECT_EQ(blocks[2].lines, std::vector<std::string>{"three"});
}

// `make docs` writes them. Pictures may differ by a last digit of their coordinates.
TEST(LossPages, CommittedPagesAreThoseOfTheLosses) {
    TemporaryFolder folder;
    ASSERT_EQ(run("losses --docs '" + folder.path().string() + "' > /dev/null").status, 0);
    ASSERT_EQ(names_in(folder.path()), names_in(kCommitted));
    for (const std::string& name : names_in(kCommitted)) {
        const std::string committed = content(kCommitted / name);
        const std::string fresh = content(folder.path() / name);
        if (!name.ends_with(".svg")) {
            EXPECT_TRUE(committed == fresh) << name << " is not what make docs writes";
            continue;
        }
        const auto [old_text, old_numbers] = split_numbers(committed);
        const auto [new_text, new_numbers] = split_numbers(fresh);
        EXPECT_TRUE(old_text == new_text) << name << " is not what make docs writes";
        ASSERT_EQ(old_numbers.size(), new_numbers.size()) << name;
        for (size_t k = 0; k < old_numbers.size(); ++k) {
            ASSERT_NEAR(old_numbers[k], new_numbers[k], 0.15) << name;
        }
    }
}

}  // namespace
}  // namespace facet::test
