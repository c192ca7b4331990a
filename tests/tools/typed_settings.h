// Command lines that between them name every setting of a run that has an option, each with a
// value that is not its default; and whether a run recorded what was typed.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/train/small_run.h"
#include "tools/run_options.h"

namespace facet::test {

// Options and texts in turns; the pictures of write_faces() are in the folder. Two steps.
inline std::vector<std::string> typed_lines(const TemporaryFolder& folder) {
    const std::string small = "--image 32 --embedding 16 --steps 2 ";
    const std::string faces = folder.path() / "faces", pairs = folder.path() / "pairs.txt";
    const std::string list = folder.write("people.txt", "2\nAnn\t4\nBob\t3\n");
    return {
        small +
            "--data synth --eval-data synth --synth-people 4 --synth-images 5 --synth-seed 3 "
            "--synth-difficulty 0.5 --synth-eval-people 3 --synth-eval-images 4 --resolution 16 "
            "--eval-resolution 8 --conv direct --per-person 2 --batch 8 --checkpoint-every 3 "
            "--workers 2 --eval-every 1 --backbone r18 --dropout 0.125 --loss arcface --head "
            "streamed --optimizer sgd --momentum 0.5 --nesterov false --weight-decay 0.25 --clip "
            "1.5 --schedule poly --lr 0.01 --warmup 1 --final-lr 0.001 --power 1.5 --mirror 0.25 "
            "--rotation 7 --scale 0.25 --shift 0.125 --brightness 0.375 --contrast 0.4375 --grey "
            "0.5625 --erase 0.625",
        small + "--data " + faces + " --people " + list + " --min-images 3 --pairs " + pairs +
            " --batch 4 --epochs 2 --optimizer adamw --beta1 0.625 --beta2 0.75 --eps 0.125 "
            "--schedule step --milestones 0.25,0.5 --factor 0.5 --precision float32 --sample-rate "
            "0.5",
    };
}

// (option, text) in their order.
inline GivenSettings words_of(const std::string& line) {
    GivenSettings given;
    std::istringstream words(line);
    for (std::string option, text; words >> option >> text;) given.emplace_back(option, text);
    return given;
}

// Returns the options that were.
inline std::set<std::string> expect_recorded(const GivenSettings& given, RunConfig config) {
    std::set<std::string> typed;
    RunConfig expected = config;
    const std::vector<Setting> recorded = settings_of(config), wanted = settings_of(expected);
    for (const auto& [option, text] : given) {
        for (size_t k = 0; k < recorded.size(); ++k) {
            if (recorded[k].option != option) continue;
            typed.insert(option);
            assign(wanted[k], text);
            EXPECT_EQ(toml_text(recorded[k]), toml_text(wanted[k])) << option;
        }
    }
    return typed;
}

// `left_out`: the option that the command does not have.
inline void expect_all_typed(const std::set<std::string>& typed, const std::string& left_out = "") {
    RunConfig config;
    for (const Setting& setting : settings_of(config)) {
        if (setting.option.empty() || setting.option == left_out) continue;
        EXPECT_TRUE(typed.contains(setting.option)) << setting.option << " is in no command line";
    }
}

}  // namespace facet::test
