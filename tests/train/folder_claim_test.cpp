// Whose a folder is: nobody's, a process's, or a person's.
#include "train/files/folder_claim.h"

#include <gtest/gtest.h>

#include "tests/train/data_fixture.h"
#include "train/run_folder.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

TEST(FolderClaim, OnlyWhatFacetLeavesIsNothing) {
    const TemporaryFolder folder;
    const fs::path path = folder.path() / "run";
    EXPECT_TRUE(is_vacant(path));
    fs::create_directory(path);
    EXPECT_TRUE(is_vacant(path));
    folder.write("run/facet.lock", "process 4711 on host\n");
    folder.write("run/config.toml.4711-0.partial", "see");
    EXPECT_TRUE(is_vacant(path));
    for (const char* name : {"mine.partial", "a.4711.partial", ".4711-0.partial", "log.jsonl"}) {
        const fs::path file = folder.write(std::string("run/") + name, "mine");
        EXPECT_FALSE(is_vacant(path)) << name;
        fs::remove(file);
    }
    EXPECT_FALSE(is_vacant(folder.write("file", "mine")));
}

TEST(FolderClaim, TellsBeforehandWhatCannotBeMade) {
    const TemporaryFolder folder;
    const fs::path file = folder.write("file", "mine");
    check_can_be_made(folder.path() / "a/b/c", "the run folder");
    EXPECT_FALSE(fs::exists(folder.path() / "a"));
    const Error error = thrown_by<Error>([&] { check_can_be_made(file / "a", "the run folder"); });
    EXPECT_TRUE(contains(error.what(), "file is no folder")) << error.what();
    if (geteuid() == 0) return;  // may write anywhere
    fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
    EXPECT_THROW(check_can_be_made(folder.path() / "a", "the run folder"), Error);
    fs::permissions(folder.path(), fs::perms::owner_all);
}

TEST(FolderClaim, OneOwnerAtATimeWhoIsNamed) {
    const TemporaryFolder folder;
    const fs::path path = folder.path() / "a/run";
    {
        FolderLock first(path);
        const FolderLock held(std::move(first));
        const Error error = thrown_by<Error>([&] { const FolderLock second(path); });
        EXPECT_TRUE(contains(error.what(), fmt::format("in use by process {} on ", getpid())))
            << error.what();
        EXPECT_TRUE(contains(error.hint(), "SIGTERM"));
    }
    EXPECT_FALSE(fs::exists(path / FolderLock::name));
    folder.write("a/run/facet.lock", "process 4711 on host\n");  // of a killed process
    EXPECT_NO_THROW(FolderLock{path});
}

TEST(FolderClaim, ANewRunTakesNothingThatIsSomebodys) {
    const TemporaryFolder folder;
    const fs::path path = folder.path() / "run";
    const fs::path mine = folder.write("run/model.safetensors", "mine");
    const UsageError error = thrown_by<UsageError>([&] { RunFolder::planned(path); });
    EXPECT_TRUE(contains(error.what(), "not empty")) << error.what();
    EXPECT_TRUE(contains(error.hint(), "--out") && contains(error.hint(), "--resume"));
    EXPECT_THROW(RunFolder::planned(mine), UsageError);

    // Somebody comes first between the look and the claim.
    fs::remove(mine);
    RunFolder planned = RunFolder::planned(path);
    folder.write("run/config.toml", "");
    EXPECT_THROW(planned.claim(), UsageError);
    EXPECT_FALSE(fs::exists(path / FolderLock::name));
}

TEST(FolderClaim, ARunFolderIsOneProcesssUntilItIsDone) {
    const TemporaryFolder folder;
    const fs::path path = folder.path() / "run";
    {
        RunFolder first = RunFolder::create(path);
        EXPECT_THROW(RunFolder::create(path), Error);
        folder.write("run/config.toml", "");
        RunFolder second = RunFolder::open(path);  // may read
        EXPECT_THROW(second.claim(), Error);
    }
    RunFolder third = RunFolder::open(path);
    EXPECT_NO_THROW(third.claim());
}

}  // namespace
}  // namespace facet::test
