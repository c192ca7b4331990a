// What an optimiser that is registered may be called, and its settings.
#include "train/optimiser/registry.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "train/config.h"
#include "train/optimiser/optimiser.h"

namespace facet::test {
namespace {

OptimiserInfo with_setting(const OptimiserSettings::Entry& entry) {
    OptimiserInfo info;
    info.name = "other";
    info.settings = {entry};
    return info;
}

TEST(OptimiserRegistryDeathTest, ASharedSettingIsTheSameButForItsMeaning) {
    const auto find = [](const std::string& name) {
        for (const OptimiserInfo* info : all_optimisers()) {
            for (const auto& entry : info->settings) {
                if (entry.name == name) return entry;
            }
        }
        throw Error("no optimiser has " + name);
    };
    const OptimiserSettings::Entry momentum = find("momentum"), nesterov = find("nesterov");
    const auto refuses = [](OptimiserSettings::Entry entry) {
        EXPECT_DEATH(register_optimiser(with_setting(entry), nullptr),
                     "have " + entry.name + " with another usual value, range or condition");
    };
    OptimiserSettings::Entry changed = momentum;
    changed.usual = 0.5;
    refuses(changed);
    changed = momentum;
    changed.allowed = "positive";
    refuses(changed);
    changed = nesterov;
    changed.where_positive = "";
    refuses(changed);
    changed = momentum;
    changed.meaning = "the same, said otherwise";
    EXPECT_EXIT((register_optimiser(with_setting(changed), nullptr), std::exit(0)),
                testing::ExitedWithCode(0), "");
}

TEST(OptimiserRegistryDeathTest, ASettingHasNotTheNameOfAnotherOfTheRun) {
    const auto start_with = [](const char* name) {
        register_optimiser(with_setting({name, "", 0.5, "positive", ""}), nullptr);
        RunConfig config;
        try {
            settings_of(config);
        } catch (const Error& error) {
            std::fprintf(stderr, "%s\n", error.what());
            std::exit(1);
        }
        std::exit(0);
    };
    EXPECT_EXIT(start_with("clip"), testing::ExitedWithCode(1),
                "an optimiser has a setting clip, which a run has already");
    EXPECT_EXIT(start_with("lr"), testing::ExitedWithCode(1), "setting lr, which");
    EXPECT_EXIT(start_with("alpha"), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace facet::test
