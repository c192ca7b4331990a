// What ends a run, what is left of it then, and going on from what is left.
#include <gtest/gtest.h>

#include <map>

#include "tests/tools/training_runs.h"
#include "tests/train/data_fixture.h"
#include "train/files/safetensors.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

// Every file of a folder with its content.
std::map<std::string, std::string> contents_of(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
        files[entry.path().filename().string()] = content(entry.path());
    }
    return files;
}

std::string resume_of(const fs::path& out) { return "train --resume '" + out.string() + "'"; }

void expect_parts(const std::string& text, const std::vector<std::string>& parts) {
    for (const std::string& part : parts) {
        EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
    }
}

class InterruptedRun : public testing::Test {
protected:
    TemporaryFolder folder_;
    const fs::path out_ = folder_.path() / "run";
};

}  // namespace

TEST_F(InterruptedRun, TermAndHangUpFinishTheStepAsControlCDoes) {
    for (const int signal : {SIGTERM, SIGHUP, SIGINT}) {
        const fs::path out = folder_.path() / std::to_string(signal);
        const int status = interrupt(small_run, out, signal, 2);
        ASSERT_TRUE(WIFEXITED(status)) << signal;
        EXPECT_EQ(WEXITSTATUS(status), 128 + signal);
        // No step is lost, though every fourth only has a checkpoint of its own.
        const auto checkpoint = read_safetensors(out / "checkpoint.safetensors");
        EXPECT_EQ(checkpoint.metadata.at("steps"),
                  std::to_string(hashes_of(out / "log.jsonl").size()));
        EXPECT_FALSE(fs::exists(out / "facet.lock"));
    }
}

TEST_F(InterruptedRun, AHangUpThatIsIgnoredStaysIgnored) {
    BackgroundRun run(small_run + "--out '" + out_.string() + "'", "trap '' HUP; ");
    ASSERT_TRUE(run.await_lines(out_ / "log.jsonl", 2));
    run.send(SIGHUP);
    ASSERT_TRUE(run.await_lines(out_ / "log.jsonl", 6));
    const int status = run.end(SIGTERM);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
}

TEST_F(InterruptedRun, WithoutItsCheckpointItGoesOnFromTheOneBeforeOrIsRefused) {
    ASSERT_TRUE(WIFSIGNALED(interrupt(small_run, out_, SIGKILL, 10)));
    const auto before = hashes_of(out_ / "log.jsonl");
    fs::remove(out_ / "checkpoint.safetensors");
    const Outcome fallen_back = errors_of(resume_of(out_));
    EXPECT_EQ(fallen_back.status, 0);
    expect_parts(fallen_back.text,
                 {"checkpoint.safetensors: it is missing",
                  "going on from checkpoint-previous.safetensors, of step 4", "is cut back to it"});
    auto after = hashes_of(out_ / "log.jsonl");
    ASSERT_EQ(after.size(), 21u);
    after.resize(before.size());
    EXPECT_EQ(after, before);

    fs::remove(out_ / "checkpoint.safetensors");
    fs::remove(out_ / "checkpoint-previous.safetensors");
    const auto left = contents_of(out_);
    const Outcome refused = errors_of(resume_of(out_));
    EXPECT_EQ(refused.status, 1);
    expect_parts(refused.text, {"checkpoint.safetensors: it is missing", "tells of 21 steps",
                                "facet: hint: ", "facet train --config"});
    EXPECT_EQ(contents_of(out_), left);
}

TEST_F(InterruptedRun, ARunThatIsRunningIsNotJoined) {
    BackgroundRun run(small_run + "--out '" + out_.string() + "'");
    ASSERT_TRUE(run.await_lines(out_ / "log.jsonl", 1));
    run.send(SIGSTOP);
    const std::string owner = fmt::format("in use by process {} on ", run.process());
    const auto left = contents_of(out_);
    const Outcome resumed = errors_of(resume_of(out_));
    EXPECT_EQ(resumed.status, 1);
    expect_parts(resumed.text, {out_.string(), owner});
    EXPECT_EQ(errors_of(small_run + "--out '" + out_.string() + "'").status, 2);
    EXPECT_EQ(contents_of(out_), left);
    run.send(SIGCONT);
    run.end(SIGTERM);
    EXPECT_EQ(errors_of(resume_of(out_)).status, 0);
}

TEST_F(InterruptedRun, FilesThatWereBeingWrittenAreRemovedAndThePersonsAreNot) {
    interrupt(small_run, out_, SIGKILL, 5);
    folder_.write("run/checkpoint.safetensors.4711-3.partial", "half");
    folder_.write("run/notes.partial", "mine");
    EXPECT_EQ(errors_of(resume_of(out_)).status, 0);
    EXPECT_FALSE(fs::exists(out_ / "checkpoint.safetensors.4711-3.partial"));
    EXPECT_EQ(content(out_ / "notes.partial"), "mine");
    EXPECT_FALSE(fs::exists(out_ / "facet.lock"));
}

// A limit on the size of files ends the run with its reason and leaves what it had.
TEST_F(InterruptedRun, ALimitOnFilesIsAnErrorAndTheRunGoesOnWithoutIt) {
    interrupt(small_run, out_, SIGTERM, 5);
    const Outcome refused = errors_of(resume_of(out_), "ulimit -f 64;");
    EXPECT_EQ(refused.status, 1);
    expect_parts(refused.text, {"facet: error: ", "File too large", "ulimit -f"});
    EXPECT_EQ(errors_of(resume_of(out_)).status, 0);
    EXPECT_EQ(hashes_of(out_ / "log.jsonl").size(), 21u);
}

}  // namespace facet::test
