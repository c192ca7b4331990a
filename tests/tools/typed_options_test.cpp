// What is typed is what a run records, in its config.toml: every option of `facet train`, paths,
// and the parameters of the loss.
#include <gtest/gtest.h>
#include <omp.h>

#include <map>
#include <set>
#include <sstream>

#include "tests/tools/command.h"
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

// Command lines that name every option between them; what was typed is what the run records.
TEST(TypedOptions, EveryOptionOfTrainIsRecordedAsTyped) {
    const TemporaryFolder folder;
    write_faces(folder);
    const std::string faces = folder.path() / "faces", pairs = folder.path() / "pairs.txt";
    const std::string list = folder.write("people.txt", "2\nAnn\t4\nBob\t3\n");
    const std::string small = "--image 32 --embedding 16 --steps 2 ";
    const std::vector<std::string> lines = {
        small +
            "--data synth --eval-data synth --synth-people 4 --synth-images 5 --synth-seed 3 "
            "--synth-difficulty 0.5 --synth-eval-people 3 --synth-eval-images 4 --resolution 16 "
            "--eval-resolution 8 --conv direct --per-person 2 --batch 8 --checkpoint-every 3 "
            "--workers 2 --eval-every 1 --backbone r18 --dropout 0.125 --loss arcface --head "
            "streamed --optimizer sgd --momentum 0.5 --nesterov false --weight-decay 0.25 --clip "
            "1.5 --schedule poly --lr 0.01 --warmup 1 --final-lr 0.001 --power 1.5 --mirror 0.25 "
            "--rotation 7 --scale 0.25 --shift 0.125 --brightness 0.375 --contrast 0.4375 --grey "
            "0.5625 --erase 0.625 --threads 2 --seed 5",
        small + "--data " + faces + " --people " + list + " --min-images 3 --pairs " + pairs +
            " --batch 4 --epochs 2 --optimizer adamw --beta1 0.625 --beta2 0.75 --eps 0.125 "
            "--schedule step --milestones 0.25,0.5 --factor 0.5 --precision float32 --sample-rate "
            "0.5",
    };
    std::set<std::string> typed;
    for (size_t i = 0; i < lines.size(); ++i) {
        const fs::path out = folder.path() / fmt::format("typed{}", i);
        const Outcome outcome = errors_of("train " + lines[i] + " --out '" + out.string() + "'");
        ASSERT_EQ(outcome.status, 0) << outcome.text;
        RunConfig config;
        read_config(out / "config.toml", config);
        if (i == 0) {
            EXPECT_EQ(config.threads, 2);
            EXPECT_EQ(config.seed, 5);
        }
        EXPECT_EQ(config.data_hash, data_hash(training_data(config)));
        std::map<std::string, std::string> given;
        std::istringstream words(lines[i]);
        for (std::string option, text; words >> option >> text;) given[option] = text;
        for (const Setting& setting : settings_of(config)) {
            const auto word = given.find(setting.option);
            if (word == given.end()) continue;
            typed.insert(setting.option);
            RunConfig expected = config;
            for (const Setting& one : settings_of(expected)) {
                if (one.option != setting.option) continue;
                assign(one, word->second);
                EXPECT_EQ(toml_text(setting), toml_text(one)) << setting.option;
            }
        }
    }
    RunConfig config;
    for (const Setting& setting : settings_of(config)) {
        if (setting.option.empty()) continue;
        EXPECT_TRUE(typed.contains(setting.option)) << setting.option << " is in no command line";
    }
}

}  // namespace
}  // namespace facet::test
