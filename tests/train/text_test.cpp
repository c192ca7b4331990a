#include "train/files/text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "tests/train/data_fixture.h"
#include "train/config.h"
#include "train/eval/card.h"
#include "train/files/safetensors.h"

namespace facet::test {
namespace {

// What people's folders are called somewhere.
const std::vector<std::string> names = {
    "plain",
    "caf\xc3\xa9 \xe4\xba\xba \xf0\x9f\x98\x80",            // UTF-8, an emoji among it
    "caf\xe9",                                              // Latin-1
    "\xe9",                                                 // nothing else
    "\xc3",                                                 // a character cut short
    "\xc3\xa9\xc3",                                         // the same behind a whole one
    "\xc0\x80 \xed\xa0\x80 \xf4\x90\x80\x80 \xe0\x80\xaf",  // encoded, but no characters
    "quote \" and ' and \\ and \\\"",
    "tab\tfeed\nreturn\rbell\x07 del\x7f",
    "looks escaped: \\xe9 \\x5c \\x4 \\xG0 \\\\xe9",
    "\\\xe9\\",
    "<a href=\"x\">&amp;</a>, and more",
};

// As a parser of JSON that takes no other bytes sees it.
bool is_utf8(const std::string& text) {
    try {
        return !nlohmann::json(text).dump().empty();
    } catch (const nlohmann::json::exception&) {
        return false;
    }
}

}  // namespace

TEST(Text, AnyBytesComeBack) {
    std::set<std::string> texts;
    for (const std::string& name : names) {
        EXPECT_TRUE(is_utf8(text_of(name))) << text_of(name);
        EXPECT_EQ(bytes_of(text_of(name)), name) << text_of(name);
        EXPECT_EQ(bytes_of(line_of(name)), name) << line_of(name);
        EXPECT_EQ(line_of(name).find_first_of("\n\r\x07\x7f"), std::string::npos);
        EXPECT_TRUE(texts.insert(text_of(name)).second);
    }
    // All pairs of bytes, each before and behind what an escape is made of.
    for (int a = 0; a < 256; ++a) {
        for (int b = 0; b < 256; ++b) {
            const std::string bytes = std::string("\\x") + static_cast<char>(a) +
                                      static_cast<char>(b) + "\\" + static_cast<char>(a);
            ASSERT_TRUE(is_utf8(text_of(bytes))) << a << " " << b;
            ASSERT_EQ(bytes_of(text_of(bytes)), bytes) << a << " " << b;
            ASSERT_EQ(bytes_of(line_of(bytes)), bytes) << a << " " << b;
        }
    }
}

TEST(Text, OnlyWhatHasToBeIsEscaped) {
    EXPECT_EQ(text_of(names[1]), names[1]);
    EXPECT_EQ(text_of("caf\xe9"), "caf\\xe9");
    EXPECT_EQ(text_of("C:\\xylophone\\a\nb"), "C:\\xylophone\\a\nb");
    EXPECT_EQ(text_of("\\xe9"), "\\x5cxe9");
    EXPECT_EQ(line_of("a\tb\nc\x7f"), "a\tb\\x0ac\\x7f");
    EXPECT_EQ(text_of("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate is no character
}

TEST(Text, JsonHoldsAnyName) {
    for (const std::string& name : names) {
        const nlohmann::ordered_json written{{name, {1, name, {{"b", name}, {"a", nullptr}}}}};
        const std::string text = json_text(written);
        const auto read = nlohmann::ordered_json::parse(text);
        EXPECT_EQ(bytes_of(read.begin().key()), name) << text;
        EXPECT_EQ(bytes_of(std::string(read.front()[1])), name) << text;
        EXPECT_EQ(bytes_of(std::string(read.front()[2].begin().value())), name) << text;
    }
    EXPECT_EQ(json_text(nlohmann::json{{"a", 1.5}}, 2), "{\n  \"a\": 1.5\n}");
}

TEST(Text, ConfigurationHoldsAnyPath) {
    const TemporaryFolder folder;
    for (const std::string& name : names) {
        RunConfig config, back;
        for (const Setting& setting : settings_of(config)) {
            if (auto* text = std::get_if<std::string*>(&setting.value)) **text = name;
        }
        const auto loss = make_loss("cosface", {});
        const auto file = folder.write("c.toml", to_toml(config, *loss, {{name, name}}));
        read_config(file, back);
        EXPECT_EQ(back.data, name);
        EXPECT_EQ(back.people, name);
        EXPECT_EQ(back.eval_data, name);
        EXPECT_EQ(back.pairs, name);
    }
}

TEST(Text, MetadataOfTensorsHoldAnyName) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "t.safetensors";
    for (const std::string& name : names) {
        SafeTensors content;
        content.metadata = {{name, name}};
        write_safetensors(file, content);
        EXPECT_EQ(read_safetensors(file).metadata, content.metadata) << text_of(name);
    }
}

TEST(Text, TheCardHoldsAnyName) {
    const TemporaryFolder folder;
    for (const std::string& name : names) {
        EvaluationCard card;
        card.model = card.data = name;
        write_card(folder.path() / "card.json", card);
        std::ifstream in(folder.path() / "card.json");
        EXPECT_EQ(bytes_of(std::string(nlohmann::json::parse(in)["data"])), name);
    }
}

TEST(Text, FieldsOfCsvAreQuotedWhereTheyNeedIt) {
    EXPECT_EQ(csv_field("plain text"), "plain text");
    EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
    EXPECT_EQ(csv_field("say \"a\"\n"), "\"say \"\"a\"\"\n\"");
    EXPECT_EQ(csv_field("caf\xe9"), "caf\\xe9");
}

}  // namespace facet::test
