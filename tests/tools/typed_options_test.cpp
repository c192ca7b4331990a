// What is typed is what a run records, in its config.toml: every option of `facet train`, paths,
// and the parameters of the loss.
#include <gtest/gtest.h>
#include <omp.h>

#include <set>

#include "tests/tools/command.h"
#include "tests/tools/typed_settings.h"
#include "tests/train/small_run.h"
#include "tools/run_options.h"
#include "tools/sources.h"
#include "train/learner.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

TEST(TypedOptions, TheLossIsMadeOfItsParameters) {
    RunConfig config = noise_run();
    config.loss = "cosface";
    config.loss_parameters = {{"m", "0.2"}, {"s", "30"}};
    const Learner learner(cpu_device(), learner_config(config), 5);
    EXPECT_EQ(learner.loss().describe(), "cosface s=30 m=0.2");
}

TEST(TypedOptions, PathsAreStoredSoThatARunCanBeResumedFromAnywhere) {
    RunConfig config = noise_run();
    config.data = "faces";
    config.people = "list.txt";
    config.eval_data = "others";
    config.pairs = "pairs.txt";
    config.threads = omp_get_max_threads();
    settle(config);
    for (const std::string& path : {config.data, config.people, config.eval_data, config.pairs}) {
        EXPECT_TRUE(fs::path(path).is_absolute()) << path;
    }
    config = noise_run();
    config.data = config.eval_data = "synth";
    config.threads = omp_get_max_threads();
    settle(config);
    EXPECT_EQ(config.data, "synth");
    EXPECT_EQ(config.eval_data, "synth");
}

// The number of threads decides the bits: --threads overrides that of the recipe.
TEST(TypedOptions, ThreadsAreThoseTypedOrElseThoseOfTheRecipe) {
    const TemporaryFolder folder;
    write_faces(folder);
    const fs::path recipe = folder.write("recipe.toml", "[run]\nthreads = 1\nsteps = 1\n");
    const auto recorded = [&](const std::string& options, const char* name) {
        const fs::path out = folder.path() / name;
        const Outcome outcome = errors_of(fmt::format(
            "train --config '{}' --data '{}' --image 32 --embedding 8 --batch 4 "
            "--warmup 0 {} --out '{}'",
            recipe.string(), (folder.path() / "faces").string(), options, out.string()));
        EXPECT_EQ(outcome.status, 0) << outcome.text;
        RunConfig config;
        read_config(out / "config.toml", config);
        return config.threads;
    };
    EXPECT_EQ(recorded("", "as-the-recipe-says"), 1);
    EXPECT_EQ(recorded("--threads 3", "as-typed"), 3);
}

// What was typed is what the run records.
TEST(TypedOptions, EveryOptionOfTrainIsRecordedAsTyped) {
    const TemporaryFolder folder;
    write_faces(folder);
    std::set<std::string> typed;
    for (const std::string& line : typed_lines(folder)) {
        const fs::path out = folder.path() / fmt::format("typed{}", typed.size());
        const Outcome outcome =
            errors_of("train " + line + " --threads 2 --seed 5 --out '" + out.string() + "'");
        ASSERT_EQ(outcome.status, 0) << outcome.text;
        RunConfig config;
        read_config(out / "config.toml", config);
        EXPECT_EQ(config.threads, 2);
        EXPECT_EQ(config.seed, 5);
        EXPECT_EQ(config.data_hash, data_hash(training_data(config)));
        typed.merge(expect_recorded(words_of(line), config));
    }
    expect_all_typed(typed);
}

}  // namespace
}  // namespace facet::test
