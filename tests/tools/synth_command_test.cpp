// `facet synth` as a person meets it: what it writes, what it refuses, with which status.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "train/data/image.h"

namespace fs = std::filesystem;

namespace {

struct Outcome {
    int status = -1;
    std::string errors;
};

// Runs `facet synth <arguments>` from the binary named by FACET_BINARY or beside the tests.
Outcome synth(const std::string& arguments) {
    const char* named = std::getenv("FACET_BINARY");
    const std::string binary =
        named ? named : fs::read_symlink("/proc/self/exe").replace_filename("facet").string();
    FILE* pipe = popen(("'" + binary + "' synth " + arguments + " 2>&1 >/dev/null").c_str(), "r");
    if (pipe == nullptr) return {};
    Outcome outcome;
    for (int byte; (byte = std::fgetc(pipe)) != EOF;) outcome.errors += static_cast<char>(byte);
    const int status = pclose(pipe);
    if (WIFEXITED(status)) outcome.status = WEXITSTATUS(status);
    return outcome;
}

class SynthCommand : public testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("facet_synth_command_" + std::to_string(getpid()));
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }

    fs::path folder_;
};

}  // namespace

TEST_F(SynthCommand, WritesAFolderAndAContactSheet) {
    const Outcome outcome = synth("--people 2 --images 2 --image 32 --first-person 7 --out " +
                                  path("faces") + " --sheet " + path("sheet.png"));
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_TRUE(fs::exists(folder_ / "faces/person_00008/0001.png"));
    EXPECT_TRUE(fs::exists(folder_ / "faces/factors.json"));
    EXPECT_EQ(facet::load_image(folder_ / "sheet.png").width, 2 * 35 + 3);
}

TEST_F(SynthCommand, TheSeedDecidesThePictures) {
    const std::string rest = " --people 1 --images 1 --image 32 --out ";
    ASSERT_EQ(synth("--seed 1" + rest + path("a")).status, 0);
    ASSERT_EQ(synth("--seed 1" + rest + path("b")).status, 0);
    ASSERT_EQ(synth("--seed 2" + rest + path("c")).status, 0);
    const auto pixels = [&](const std::string& name) {
        return facet::load_image(folder_ / name / "person_00000/0000.png").rgb;
    };
    EXPECT_EQ(pixels("a"), pixels("b"));
    EXPECT_NE(pixels("a"), pixels("c"));
}

TEST_F(SynthCommand, SaysWhatToDoAboutAWrongRequest) {
    const auto refuses = [](const std::string& arguments, const std::string& words) {
        const Outcome outcome = synth(arguments);
        EXPECT_EQ(outcome.status, 2) << arguments;
        EXPECT_NE(outcome.errors.find(words), std::string::npos) << outcome.errors;
    };
    refuses("", "give --out DIR");
    refuses("--out " + path("faces.rec"), "give a folder");
    refuses("--out " + path("x") + " --light 3", "the knob light");
    refuses("--out " + path("x") + " --image 16", "image size");
    refuses("--out " + path("x") + " --people 0", "number of people");
    refuses("--out " + path("x") + " --look-alikes 0.9", "look-alikes");
    EXPECT_FALSE(fs::exists(folder_ / "x"));
}

TEST_F(SynthCommand, FailsOnAFolderInUse) {
    std::ofstream(folder_ / "mine.txt") << "keep";
    const Outcome outcome = synth("--people 1 --images 1 --out " + folder_.string());
    EXPECT_EQ(outcome.status, 1);
    EXPECT_NE(outcome.errors.find("is not empty"), std::string::npos) << outcome.errors;
}
