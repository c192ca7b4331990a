// What a message tells to do can be done, and what it prints can be read.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "losses/head/loss.h"
#include "tests/tools/command.h"
#include "tests/train/data_fixture.h"
#include "tools/commands.h"
#include "tools/memory_hint.h"
#include "train/files/npy.h"

namespace facet::test {
namespace {

void write_array(const std::filesystem::path& path, std::vector<int64_t> shape) {
    int64_t count = 1;
    for (const int64_t n : shape) count *= n;
    write_npy(path, npy_from<double>(std::vector<double>(static_cast<size_t>(count), 0.5), shape));
}

void expect_options_exist(const CLI::App& command, const std::string& hint) {
    for (size_t at = hint.find("--"); at != std::string::npos; at = hint.find("--", at + 2)) {
        const size_t end = hint.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
        const std::string option = hint.substr(at, end - at);
        EXPECT_NE(command.get_option_no_throw(option), nullptr)
            << command.get_name() << " has no " << option << ": " << hint;
    }
}

}  // namespace

// numpy's float16, as an array that is wrong only in its type.
TEST(Messages, TheHintOfAnElementTypeArrives) {
    const TemporaryFolder folder;
    write_array(folder.path() / "w.npy", {2, 3});
    std::string bytes = content(folder.path() / "w.npy");
    bytes.replace(bytes.find("<f8"), 3, "<f2");
    folder.write("x.npy", bytes);
    const std::string in = folder.path().string() + "/";
    const std::string commands[] = {
        "inspect " + in + "x.npy",
        "grad --loss npt --x " + in + "x.npy --w " + in + "w.npy --y y --out " + in + "g"};
    for (const std::string& command : commands) {
        const Outcome outcome = errors_of(command);
        EXPECT_EQ(outcome.status, 1) << outcome.text;
        EXPECT_NE(outcome.text.find("x.npy: array of unsupported type '<f2'"), std::string::npos)
            << outcome.text;
        EXPECT_NE(outcome.text.find("facet: hint: convert it in Python with array.astype('<f4')"),
                  std::string::npos)
            << outcome.text;
    }
}

TEST(Messages, TheNearestNameIsThatOfTheOtherCase) {
    EXPECT_EQ(closest_name("M", {"s", "m"}), "m");
    EXPECT_EQ(closest_name("t", {"s", "m"}), "");  // of one letter nothing is left
    EXPECT_EQ(closest_name("ARCFACE", {"adaface", "arcface"}), "arcface");
    EXPECT_EQ(closest_name("t", {"k", "T"}), "T");
    EXPECT_EQ(closest_name("arcfase", {"cosface", "arcface"}), "arcface");
    const Outcome outcome = errors_of("grad --loss cosface --set M=0.5 --x x --w w --y y --out o");
    EXPECT_NE(outcome.text.find("did you mean m?"), std::string::npos) << outcome.text;
}

TEST(Messages, RangesWithoutAnEndAreSaidInWords) {
    const std::string start = "grad --loss npt --x x --w w --y y --out o ";
    for (const std::string end :
         {"--head streamed --tile 0", "--head streamed --tile -3", "--head streamed --tile 1.5",
          "--method numeric --step 0", "--method numeric --step nan"}) {
        const Outcome outcome = errors_of(start + end);
        EXPECT_EQ(outcome.status, 2) << end;
        EXPECT_NE(outcome.text.find("expected a"), std::string::npos) << outcome.text;
        EXPECT_LT(outcome.text.size(), 200u) << outcome.text;
    }
}

TEST(Messages, WhatToDoWithoutMemoryNamesOptionsOfTheCommand) {
    CLI::App app("facet");
    add_all_commands(app);
    for (const CLI::App* command : app.get_subcommands(nullptr)) {
        expect_options_exist(*command, memory_hint(*command));
        for (const CLI::App* inner : command->get_subcommands(nullptr)) {
            expect_options_exist(*inner, memory_hint(*inner));
        }
    }
    EXPECT_TRUE(memory_hint(*app.get_subcommand("train")).starts_with("a smaller --batch or"));
    EXPECT_TRUE(memory_hint(*app.get_subcommand("grad")).starts_with("--head streamed"));
}

// The command is limited to less memory than the cosines of its arrays would take.
TEST(Messages, GradWithoutMemorySpeaksOfItsOwnOptions) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the address sanitizer needs more addresses than any limit leaves";
#endif
    const TemporaryFolder folder;
    const std::string in = folder.path().string() + "/";
    write_array(in + "x.npy", {4096, 2});
    write_array(in + "w.npy", {65536, 2});
    write_npy(in + "y.npy", npy_from<int64_t>(std::vector<int64_t>(4096, 0), {4096}));
    const Outcome outcome = errors_of("grad --loss cosface --threads 1 --x " + in + "x.npy --w " +
                                          in + "w.npy --y " + in + "y.npy --out " + in + "g",
                                      "ulimit -v 1500000;");
    EXPECT_EQ(outcome.status, 1) << outcome.text;
    EXPECT_NE(outcome.text.find("facet: error: out of memory"), std::string::npos) << outcome.text;
    EXPECT_NE(outcome.text.find("--head streamed"), std::string::npos) << outcome.text;
    EXPECT_EQ(outcome.text.find("--batch"), std::string::npos) << outcome.text;
}

// Over two classes its scale is 0: said, before anything is written.
TEST(Messages, ALossThatCannotLearnOverSoFewClassesSaysWhy) {
    const TemporaryFolder folder;
    const std::string in = folder.path().string() + "/", out = in + "out";
    write_array(in + "x.npy", {2, 3});
    write_array(in + "w.npy", {2, 3});
    write_npy(in + "y.npy", npy_from<int64_t>(std::vector<int64_t>{0, 1}, {2}));
    const std::string arrays =
        " --x " + in + "x.npy --w " + in + "w.npy --y " + in + "y.npy --out " + out;
    const std::string commands[] = {
        "grad --loss adacos" + arrays, "grad --loss adacos --method tape" + arrays,
        "atlas --loss adacos" + arrays, "bench head --loss adacos --classes 2 --batch 2",
        "train --loss adacos --data synth --synth-people 2 --synth-images 4 --batch 4 --image 32 "
        "--out " +
            out};
    for (const std::string& command : commands) {
        const Outcome outcome = errors_of(command);
        EXPECT_EQ(outcome.status, 2) << command << "\n" << outcome.text;
        EXPECT_NE(outcome.text.find("loss adacos: 2 classes, expected at least 3: its scale"),
                  std::string::npos)
            << outcome.text;
        EXPECT_FALSE(std::filesystem::exists(out)) << command;
    }
}

// build/flags is what every object depends on.
TEST(Messages, DoctorTellsTheFlagsOfTheArithmetic) {
    const auto file = std::filesystem::path(facet_binary()).parent_path() / "flags";
    if (!std::filesystem::exists(file)) GTEST_SKIP() << "no " << file << " beside the command";
    const std::string told = nlohmann::json::parse(run("doctor --json").text).at("flags");
    EXPECT_NE(content(file).find(told), std::string::npos) << told << "\n" << content(file);
}

// Twelve people; a batch of eight pictures holds up to eight of them, or four with two of each.
TEST(Messages, ClassesOfAStepAreAtLeastThoseOfItsBatch) {
    const TemporaryFolder folder;
    const auto classes_of = [&](const std::string& options, const std::string& out) {
        return run("train --data synth --synth-people 12 --synth-images 2 --synth-eval-people 2 "
                   "--synth-eval-images 2 --image 32 --batch 8 --embedding 8 --steps 1 " +
                   options + " --out '" + (folder.path() / out).string() + "' 2>/dev/null")
            .text;
    };
    EXPECT_NE(classes_of("--sample-rate 0.75", "a").find("classes  9 of 12 a step\n"),
              std::string::npos);
    EXPECT_NE(classes_of("--sample-rate 0.2", "b")
                  .find("classes  up to 8 of 12 a step: those of the batch, --sample-rate 0.2 "
                        "alone is 2\n"),
              std::string::npos);
    EXPECT_NE(classes_of("--sample-rate 0.2 --per-person 2", "c")
                  .find("classes  the 4 of 12 a step: those of the batch"),
              std::string::npos);
}

}  // namespace facet::test
