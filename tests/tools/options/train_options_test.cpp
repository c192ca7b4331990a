// What `facet train` shows besides training: the layers, and the gradients beside other losses.
// The settings of a run are in wiring_test.cpp and typed_options_test.cpp.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "layers/resnet.h"
#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "train/files/json_lines.h"

namespace facet::test {
namespace {

const std::string kTiny =
    "train --data synth --image 32 --synth-people 4 --synth-images 2 --synth-eval-people 2 "
    "--synth-eval-images 2 --embedding 8 --batch 4 --warmup 0 ";

TEST(TrainOptions, TheSummaryIsThatOfTheNetworkAndBatch) {
    const TemporaryFolder folder;
    const Outcome outcome = run(kTiny + "--steps 1 --summary --out '" +
                                (folder.path() / "run").string() + "' 2>/dev/null");
    Initialiser init(cpu_device(), 1);
    const std::string summary = ResNet(init, {.image = 32, .embedding = 8}).summary(4);
    EXPECT_TRUE(contains(outcome.text, "\n" + summary)) << outcome.text;
}

TEST(TrainOptions, TheMicroscopeComparesTheLossesNamed) {
    const TemporaryFolder folder;
    const std::filesystem::path out = folder.path() / "run";
    const Outcome outcome =
        run(kTiny +
            "--steps 7 --microscope --microscope-every 3 --microscope-others npt,arcface "
            "--out '" +
            out.string() + "' 2>/dev/null");
    EXPECT_TRUE(contains(outcome.text, "the gradients: " + out.string() + "/microscope.html\n"));
    EXPECT_FALSE(contains(outcome.text, "layer4")) << "a summary that nobody asked for";
    std::vector<int64_t> steps;
    for (const auto& look : json_lines(out / "microscope.jsonl")) {
        steps.push_back(look["step"]);
        std::set<std::string> others;
        for (const auto& [loss, cosine] : look["others"].items()) others.insert(loss);
        EXPECT_EQ(others, (std::set<std::string>{"npt", "arcface"}));
    }
    EXPECT_EQ(steps, (std::vector<int64_t>{3, 6}));
}

}  // namespace
}  // namespace facet::test
