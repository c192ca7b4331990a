// A machine without Winograd: oneDNN is kept from AVX-512, for which alone it may have one.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/tools/command.h"

using facet::test::errors_of;
using facet::test::Outcome;
using facet::test::run;

namespace {

const std::string kWithout = "ONEDNN_MAX_CPU_ISA=AVX2";

}  // namespace

TEST(NoWinograd, DoctorSaysThatConvolutionsAreDirect) {
    const Outcome json = run("doctor --json", kWithout);
    ASSERT_EQ(json.status, 0);
    EXPECT_EQ(nlohmann::json::parse(json.text).at("winograd"), false);
    const Outcome text = run("doctor", kWithout);
    EXPECT_NE(text.text.find("direct convolutions only"), std::string::npos) << text.text;
}

TEST(NoWinograd, AskingForItIsRefusedBeforeAnythingIsMade) {
    const std::filesystem::path out =
        std::filesystem::path(testing::TempDir()) / "facet_no_winograd";
    for (const std::string& command :
         {"train --data synth --conv winograd --out " + out.string(),
          std::string("bench step --conv winograd"), std::string("profile --conv winograd")}) {
        const Outcome outcome = errors_of(command, kWithout);
        EXPECT_EQ(outcome.status, 2) << command;
        EXPECT_NE(outcome.text.find("facet: error: --conv winograd: oneDNN "), std::string::npos)
            << outcome.text;
        EXPECT_NE(outcome.text.find("facet: hint: say --conv auto"), std::string::npos)
            << outcome.text;
    }
    EXPECT_FALSE(std::filesystem::exists(out));
}
