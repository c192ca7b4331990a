// `facet eval` on a folder of pictures, with a network that was never trained: pairs, floors and
// what it prints. Its options for procedural faces are in tests/tools/train_test.cpp.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/command.h"
#include "tests/train/small_run.h"
#include "tools/sources.h"
#include "train/model.h"

namespace facet::test {
namespace {

class EvalOptions : public testing::Test {
protected:
    void SetUp() override {
        write_faces(folder);
        write_model("m.safetensors", 3);
        config.eval_data = (folder.path() / "faces").string();
        config.network.image = 32;
        config.pairs = (folder.path() / "pairs.txt").string();
    }
    void write_model(const std::string& name, uint64_t seed) const {
        Initialiser init(cpu_device(), seed);
        const ResNet network(init, {.image = 32, .embedding = 8});
        write_safetensors(folder.path() / name, pack_model(network, {}));
    }
    std::string command(const std::string& options, const std::string& name = "m") const {
        return fmt::format(
            "eval --device cpu --model '{0}/{1}.safetensors' --data '{0}/faces' {2} 2>/dev/null",
            folder.path().string(), name, options);
    }
    std::string with_pairs(const std::string& options) const {
        return command("--pairs '" + config.pairs + "' " + options);
    }
    Verification judged(const VerifyOptions& options = {}) const {
        const auto network = load_model(cpu_device(), folder.path() / "m.safetensors");
        return evaluate(*network, *evaluation_data(config), true, options);
    }

    TemporaryFolder folder;
    RunConfig config;
};

TEST_F(EvalOptions, PairsAreThoseOfTheFile) {
    const auto card = nlohmann::json::parse(run(with_pairs("--json")).text);
    EXPECT_EQ(card["verification"], nlohmann::json(to_json(judged())));
    EXPECT_EQ(card["verification"]["pairs"]["same"], 2);
    EXPECT_EQ(card["images"], 6);  // of the eight, those that a pair names
    const auto drawn = nlohmann::json::parse(run(command("--json")).text);
    EXPECT_EQ(drawn["images"], 8);
    EXPECT_NE(drawn["verification"]["pairs"], card["verification"]["pairs"]);
}

TEST_F(EvalOptions, FloorsAreOfThesePicturesWithTheSameTargetsAndSeed) {
    const auto card =
        nlohmann::json::parse(run(with_pairs("--json --floors --far 0.5,0.25 --seed 9")).text);
    const EvalSet set = *evaluation_data(config);
    FloorOptions options;
    options.verify = {.far_targets = {0.5, 0.25}, .seed = 9};
    EXPECT_EQ(
        card["floors"],
        nlohmann::json(to_json(verification_floors(set.images, set.pairs, set.images, options))));
    EXPECT_FALSE(nlohmann::json::parse(run(with_pairs("--json")).text).contains("floors"));
}

TEST_F(EvalOptions, TheTextIsTheTableOfTheSameFigures) {
    const EvalSet set = *evaluation_data(config);
    const std::string plain = run(with_pairs("")).text;
    EXPECT_TRUE(plain.starts_with(set.source + "\n" + table(judged()) + "leak ")) << plain;
    const std::string with_floors = run(with_pairs("--floors")).text;
    EXPECT_TRUE(
        with_floors.ends_with(table(verification_floors(set.images, set.pairs, set.images))))
        << with_floors;
}

TEST_F(EvalOptions, TheModelIsTheOneNamed) {
    write_model("other.safetensors", 4);
    const auto one = nlohmann::json::parse(run(with_pairs("--json")).text);
    const auto other =
        nlohmann::json::parse(run(command("--json --pairs '" + config.pairs + "'", "other")).text);
    EXPECT_NE(one["verification"]["similarity"], other["verification"]["similarity"]);
    EXPECT_NE(one["model_hash"], other["model_hash"]);
    EXPECT_TRUE(contains(other["model"].get<std::string>(), "other.safetensors: r10 at 32 pixels"))
        << other["model"];
}

TEST_F(EvalOptions, PicturesAreScaledDownAndNeverUp) {
    config.eval_resolution = 8;
    const auto card = nlohmann::json::parse(run(with_pairs("--json --resolution 8")).text);
    EXPECT_EQ(card["verification"], nlohmann::json(to_json(judged())));
    for (const char* wrong : {"33", "-1"}) {
        const Outcome outcome = errors_of(command(fmt::format("--resolution {}", wrong)));
        EXPECT_EQ(outcome.status, 2);
        EXPECT_TRUE(contains(outcome.text, fmt::format("expected 0 to 32, the size of the model's "
                                                       "pictures, found {}",
                                                       wrong)))
            << outcome.text;
    }
}

}  // namespace
}  // namespace facet::test
