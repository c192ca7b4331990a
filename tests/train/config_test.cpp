#include "train/config.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/message_of.h"
#include "tests/train/data_fixture.h"

namespace facet::test {
namespace {

// Every setting away from its default and from all others.
RunConfig unusual() {
    RunConfig config;
    int64_t number = 1000;
    for (const Setting& setting : settings_of(config)) {
        ++number;
        std::visit(
            [&](auto* value) {
                using Value = std::remove_pointer_t<decltype(value)>;
                if constexpr (std::is_same_v<Value, std::string>) {
                    *value = fmt::format("a \"quoted\" \\ path\n\t{}", number);
                } else if constexpr (std::is_same_v<Value, bool>) {
                    *value = !*value;
                } else if constexpr (std::is_same_v<Value, std::vector<double>>) {
                    *value = {0.125, static_cast<double>(number)};
                } else if constexpr (std::is_same_v<Value, double>) {
                    *value = static_cast<double>(number) / 3;
                } else {
                    *value = number;
                }
            },
            setting.value);
    }
    return config;
}

std::string refusal(const std::string& toml) {
    const TemporaryFolder folder;
    RunConfig config;
    return message_of([&] { read_config(folder.write("c.toml", toml), config); });
}

}  // namespace

// Setting by setting, over a configuration whose settings all differ from what is read.
TEST(Config, EverySettingIsWrittenAndReadUnderItsKey) {
    const auto loss = make_loss("arcface", {{"s", "32"}, {"grad", "detached"}});
    RunConfig config = unusual(), back;
    back.loss_parameters = {{"m", "0.9"}};
    const TemporaryFolder folder;
    read_config(folder.write("config.toml", to_toml(config, *loss, {{"toml++", "1"}})), back);
    const std::vector<Setting> written = settings_of(config), read = settings_of(back);
    ASSERT_EQ(written.size(), read.size());
    for (size_t i = 0; i < written.size(); ++i) {
        const bool same = std::visit(
            [&](auto* a) { return *a == *std::get<decltype(a)>(read[i].value); }, written[i].value);
        EXPECT_TRUE(same) << written[i].section << "." << written[i].key;
    }
    EXPECT_EQ(back.schedule.lr, config.schedule.lr);
    EXPECT_EQ(back.people, config.people);
    // The loss's parameters come back resolved and alone, so the same loss can be made from them.
    EXPECT_EQ(make_loss("arcface", back.loss_parameters)->describe(), loss->describe());
    EXPECT_EQ(loss->describe(), "arcface s=32 m=0.5 beyond=linear grad=detached compat=none");
}

// One setting at a time: its key names it and no other.
TEST(Config, AKeyMovesItsOwnSettingAlone) {
    const TemporaryFolder folder;
    RunConfig usual, moved = unusual();
    const std::vector<Setting> defaults = settings_of(usual), values = settings_of(moved);
    for (size_t i = 0; i < values.size(); ++i) {
        RunConfig config;
        read_config(folder.write("one.toml", fmt::format("[{}]\n{} = {}\n", values[i].section,
                                                         values[i].key, toml_text(values[i]))),
                    config);
        const std::vector<Setting> found = settings_of(config);
        for (size_t k = 0; k < found.size(); ++k) {
            EXPECT_EQ(toml_text(found[k]), toml_text(k == i ? values[k] : defaults[k]))
                << values[i].key << " moved " << found[k].key;
        }
    }
}

TEST(Config, EverySettingHasItsOwnKeyAndOption) {
    RunConfig config;
    std::set<std::string> keys, options;
    for (const Setting& setting : settings_of(config)) {
        EXPECT_TRUE(keys.insert(setting.section + "." + setting.key).second) << setting.key;
        if (setting.option.empty()) continue;
        EXPECT_TRUE(options.insert(setting.option).second) << setting.option;
    }
}

TEST(Config, LossParametersMayBeNumbersBooleansOrStrings) {
    const TemporaryFolder folder;
    RunConfig config;
    read_config(folder.write("c.toml",
                             "[loss]\nname = \"sv-softmax\"\nt = 1.5\ns = 16\n"
                             "easy = true\nmargin = \"am\"\n"),
                config);
    EXPECT_EQ(make_loss(config.loss, config.loss_parameters)->settings().text("margin"), "am");
    EXPECT_EQ(config.loss_parameters.size(), 4u);
}

TEST(Config, RefusesWhatItDoesNotKnowAndSaysWhere) {
    EXPECT_NE(refusal("[run]\nseed = 1\nspeed = 2\n").find("line 3: unknown setting run.speed"),
              std::string::npos);
    EXPECT_NE(refusal("[rum]\nseed = 1\n").find("unknown section [rum]"), std::string::npos);
    EXPECT_NE(refusal("[schedule]\nlr = \"big\"\n").find("schedule.lr must be a number"),
              std::string::npos);
    EXPECT_NE(refusal("[run]\nbatch = 1.5\n").find("run.batch must be a whole number"),
              std::string::npos);
    EXPECT_NE(refusal("[run\n").find("line 1"), std::string::npos);
}

TEST(Config, TextFromTheCommandLineIsParsedStrictly) {
    RunConfig config;
    const auto assign_to = [&](const std::string& option, const std::string& text) {
        for (const Setting& setting : settings_of(config)) {
            if (setting.option == option) assign(setting, text);
        }
    };
    assign_to("--lr", "1e-3");
    EXPECT_EQ(config.schedule.lr, 1e-3);
    assign_to("--milestones", "0.25,0.5");
    EXPECT_EQ(config.schedule.milestones, (std::vector<double>{0.25, 0.5}));
    assign_to("--nesterov", "false");
    EXPECT_FALSE(std::get<bool>(config.optimiser.settings.at("nesterov")));
    EXPECT_THROW(assign_to("--lr", "1e-3x"), UsageError);
    EXPECT_THROW(assign_to("--epochs", "1.5"), UsageError);
    EXPECT_THROW(assign_to("--milestones", "0.25,"), UsageError);
    EXPECT_THROW(assign_to("--nesterov", "yes"), UsageError);
}

TEST(Config, ChecksRangesBeforeAnythingIsMade) {
    const auto refused = [](auto change) {
        RunConfig config;
        change(config);
        EXPECT_THROW(check_config(config), UsageError);
    };
    const RunConfig usual;
    EXPECT_NO_THROW(check_config(usual));
    refused([](RunConfig& c) { c.batch = 1; });
    refused([](RunConfig& c) { c.epochs = 0; });
    refused([](RunConfig& c) { c.conv = "fast"; });
    refused([](RunConfig& c) { c.network.backbone = "r11"; });
    refused([](RunConfig& c) { c.network.image = 65; });
    refused([](RunConfig& c) { c.optimiser.settings.at("momentum") = 1.0; });
    refused([](RunConfig& c) { c.schedule.lr = -1; });
    refused([](RunConfig& c) { c.augment.mirror = 2; });
    refused([](RunConfig& c) { c.sample_rate = 0; });
    refused([](RunConfig& c) { c.sample_rate = 1.01; });
    refused([](RunConfig& c) { c.per_person = -2; });
    refused([](RunConfig& c) { c.per_person = 1; });
    refused([](RunConfig& c) { c.per_person = 3; });    // of a batch of 128
    refused([](RunConfig& c) { c.per_person = 128; });  // one person
    refused([](RunConfig& c) {
        c.loss = "triplet";
        c.batch = 30;
    });
}

TEST(Config, PairLossesSeeFourImagesOfEachPersonUnlessTold) {
    RunConfig config;
    EXPECT_EQ(images_per_person(config), 0);
    config.per_person = 2;
    EXPECT_EQ(images_per_person(config), 2);
    config.loss = "triplet";
    EXPECT_EQ(images_per_person(config), 2);
    config.per_person = 0;
    EXPECT_EQ(images_per_person(config), 0);
    config.per_person = -1;
    EXPECT_EQ(images_per_person(config), 4);
}

TEST(Config, TheLearnerIsToldTheSampleRate) {
    RunConfig config;
    EXPECT_EQ(learner_config(config).head.sample_rate, 1);
    config.sample_rate = 0.25;
    EXPECT_EQ(learner_config(config).head.sample_rate, 0.25);
}

}  // namespace facet::test
