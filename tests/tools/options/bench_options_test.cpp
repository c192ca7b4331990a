// The options of a training step that is measured: `facet bench step`, `bench ops` and `profile`
// have them in common. What was done is told by the shapes that the ledger saw, not by the title.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/conv_algorithm.h"
#include "engine/cpu/onednn.h"
#include "tests/tools/command.h"
#include "tests/tools/options/here.h"
#include "tests/train/data_fixture.h"

namespace facet::test {
namespace {

struct Measured {
    const char* name;
    AddCommand add;
    int steps_a_step;  // how many it makes for one of --steps
};

void PrintTo(const Measured& measured, std::ostream* out) { *out << measured.name; }

class BenchOptions : public testing::TestWithParam<Measured> {
protected:
    static std::string measure(const std::string& options) {
        return printed_here(GetParam().add, std::string(GetParam().name) + " " + options);
    }
};

const std::string kTiny = "--image 32 --batch 2 --embedding 8 --classes 5 --json ";

// The text of every "shape", wherever in the document.
std::set<std::string> shapes_of(const std::string& json) {
    std::set<std::string> shapes;
    const auto collect = [&](const auto& self, const nlohmann::json& value) -> void {
        if (value.is_object() && value.contains("shape")) shapes.insert(value["shape"]);
        if (value.is_structured()) {
            for (const auto& item : value) self(self, item);
        }
    };
    collect(collect, nlohmann::json::parse(json));
    return shapes;
}

// Convolutions of this process's forward passes.
int64_t convolutions() {
    int64_t calls = 0;
    for (const onednn::ConvUse& use : onednn::convolution_uses()) {
        if (use.direction == onednn::Direction::Forward) calls += use.calls;
    }
    return calls;
}

// r10 has 13 of them; at stride 2 each block has one besides.
constexpr int64_t kConvolutionsOfR10 = 13;

TEST_P(BenchOptions, TheShapesAreThoseOfTheOptions) {
    const std::set<std::string> shapes = shapes_of(measure(
        "--backbone r18 --image 32 --batch 3 --embedding 24 --classes 7 --steps 3 --warmup 1 "
        "--json"));
    EXPECT_TRUE(shapes.contains("x (3, 3, 32, 32) w (64, 3, 3, 3) stride 1"));  // r18, 3 pictures
    EXPECT_TRUE(shapes.contains("x (3, 64, 16, 16) w (64, 64, 3, 3) stride 1"));
    EXPECT_TRUE(shapes.contains("M 3 N 24 K 2048"));  // fc: 512 maps of 2 x 2 to the embedding
    EXPECT_TRUE(shapes.contains("B 3 C 7 D 24") || shapes.contains("M 3 N 7 K 24"));
}

TEST_P(BenchOptions, StepsAndThoseBeforeThemAreAsManyAsSaid) {
    const auto made = [&](int steps, int warmup) {
        const int64_t before = convolutions();
        measure(kTiny + fmt::format("--steps {} --warmup {}", steps, warmup));
        return convolutions() - before;
    };
    const int64_t few = made(3, 1);
    EXPECT_EQ(made(5, 1) - few, 2 * GetParam().steps_a_step * kConvolutionsOfR10);
    EXPECT_EQ(made(3, 5) - few, 4 * kConvolutionsOfR10);
}

TEST_P(BenchOptions, TheConvolutionsAreOfThatAlgorithm) {
    const ConvAlgorithm before = conv_algorithm();
    measure(kTiny + "--conv direct --steps 3 --warmup 1");
    EXPECT_EQ(conv_algorithm(), ConvAlgorithm::Direct);
    if (onednn::offers_winograd()) {
        measure(kTiny + "--conv winograd --steps 3 --warmup 1");
        EXPECT_EQ(conv_algorithm(), ConvAlgorithm::Winograd);
    }
    measure(kTiny + "--steps 3 --warmup 1");
    EXPECT_EQ(conv_algorithm(), ConvAlgorithm::Auto);
    set_conv_algorithm(before);
}

// A pair loss compares the batch with itself: there is no product with proxies.
TEST_P(BenchOptions, TheLossIsTheOneNamedWithItsParameters) {
    const std::string name = GetParam().name;
    const std::string pairs = measure(kTiny + "--loss supcon --steps 3 --warmup 1");
    EXPECT_TRUE(contains(pairs, "\"loss_anchors\""));
    EXPECT_FALSE(contains(pairs, "\"head_gemm\""));
    EXPECT_TRUE(contains(measure(kTiny + "--steps 3 --warmup 1"), "\"head_gemm\""));
    const auto refused = [&](const std::string& options, const std::string& says) {
        const Outcome outcome = errors_of(name + " --device cpu " + kTiny + options);
        EXPECT_EQ(outcome.status, 2) << options;
        EXPECT_TRUE(contains(outcome.text, says)) << outcome.text;
    };
    refused("--loss arcface --set m=-1", "loss arcface: parameter m");
    refused("--loss unpg --set lm=0.3", "it needs base=mag");
    refused("--precision tf32", "--precision");
}

std::string name_of(const testing::TestParamInfo<Measured>& info) {
    std::string name = info.param.name;
    std::replace(name.begin(), name.end(), ' ', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Of, BenchOptions,
                         testing::Values(Measured{"bench step", add_bench_command, 1},
                                         Measured{"bench ops", add_bench_command, 1},
                                         Measured{"profile", add_profile_command, 2}),
                         name_of);

TEST(BenchStepOptions, JsonAndTextNameWhatWasMeasured) {
    const std::string options = "bench step " + kTiny + "--loss arcface --steps 4 --warmup 1";
    const auto json = nlohmann::json::parse(printed_here(add_bench_command, options));
    EXPECT_EQ(json["backbone"], "r10");
    EXPECT_EQ(json["image"], 32);
    EXPECT_EQ(json["batch"], 2);
    EXPECT_EQ(json["embedding"], 8);
    EXPECT_EQ(json["classes"], 5);
    EXPECT_EQ(json["loss"], "arcface");
    EXPECT_EQ(json["conv"], "auto");
    EXPECT_EQ(json["steps"], 4);
    const auto& ms = json["step_ms"];
    EXPECT_LE(ms["min"], ms["median"]);
    EXPECT_LE(ms["median"], ms["max"]);
    EXPECT_NEAR(json["images_per_s"], 2e3 / ms["median"].get<double>(), 1e-6);
    EXPECT_NEAR(json["ratio"], ms["median"].get<double>() / json["bare_ms"].get<double>(), 1e-9);
    EXPECT_GT(json["peak_memory_mib"]["process"], json["peak_memory_mib"]["engine"]);
    double bare = 0;  // each primitive as often as a step calls it
    for (const auto& one : json["bare"])
        bare += one["best_ms"].get<double>() * one["calls"].get<double>();
    EXPECT_NEAR(json["bare_ms"], bare, 1e-9 * bare);
    const std::string text = printed_here(
        add_bench_command,
        "bench step --image 32 --batch 2 --embedding 8 --classes 5 --loss arcface --steps 4 "
        "--warmup 1");
    EXPECT_TRUE(text.starts_with("r10 at 32 px, batch 2, D 8, 5 classes, arcface\n")) << text;
    EXPECT_TRUE(contains(text, "ms, median of 4 (from "));
}

TEST(ProfileOptions, TheReportNamesWhatWasMeasured) {
    const std::string rest =
        "profile --image 32 --batch 2 --embedding 8 --classes 5 --loss arcface --steps 4 ";
    const std::string title = "r10 at 32 px, batch 2, D 8, 5 classes, arcface";
    const auto json = nlohmann::json::parse(printed_here(add_profile_command, rest + "--json"));
    EXPECT_EQ(json["title"], title);
    EXPECT_EQ(json["batch"], 2);
    EXPECT_EQ(json["steps"], 4);
    const std::string text = printed_here(add_profile_command, rest);
    EXPECT_TRUE(text.starts_with(title + "\n")) << text;
    EXPECT_TRUE(contains(text, "with the ledger, mean of 4\n")) << text;
}

TEST(ProfileOptions, LossRowsAreOfTheLossesRowsAndRepetitionsNamed) {
    const std::string rows =
        "profile --loss-rows --losses cosface,supcon --batch 6 --classes 9 --embedding 5 --steps "
        "4 ";
    const Outcome text = run(rows + "2>/dev/null"), json = run(rows + "--json 2>/dev/null");
    EXPECT_TRUE(text.text.starts_with(
        "One thread, 6 rows of 9 cosines or 6 pairs, median of 4. Instructions are "))
        << text.text;
    std::set<std::string> losses;
    const auto report = nlohmann::json::parse(json.text);
    for (const auto& kernel : report["kernels"]) {
        const std::string loss = kernel["loss"];
        losses.insert(loss);
        EXPECT_EQ(kernel["elements"], loss == "cosface" ? 6 * 9 : 6 * 6);
    }
    EXPECT_EQ(losses, (std::set<std::string>{"cosface", "supcon"}));
}

}  // namespace
}  // namespace facet::test
