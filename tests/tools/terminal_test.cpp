#include "tools/terminal.h"

#include <gtest/gtest.h>

#include "engine/error.h"

using namespace facet;

TEST(Terminal, DurationsReadLikeAClock) {
    EXPECT_EQ(format_duration(0), "0:00");
    EXPECT_EQ(format_duration(75.4), "1:15");
    EXPECT_EQ(format_duration(59.6), "1:00");
    EXPECT_EQ(format_duration(3700), "1:01:40");
    EXPECT_EQ(format_duration(200000), "2d 07:33");
    EXPECT_EQ(format_duration(-1), "?");
    EXPECT_EQ(format_duration(1.0 / 0.0), "?");
}

TEST(Terminal, ProgressShowsBarCountNoteAndTimeLeft) {
    EXPECT_EQ(progress_line("train", 40, 100, 0, "loss 1.23", 20, 200, true),
              "train [########............]  40%  40/100  loss 1.23  0:30 left");
    EXPECT_EQ(progress_line("train", 40, 100, 0, "", 20, 200, false),
              "train  40%  40/100  0:30 left");
    EXPECT_EQ(progress_line("train", 100, 100, 0, "", 50, 200, false),
              "train 100%  100/100  in 0:50");
}

TEST(Terminal, TimeLeftCountsOnlyWhatThisRunDid) {
    // 20 units in 20 s since the run was resumed at 40: the 40 units left take 40 s.
    EXPECT_EQ(progress_line("train", 60, 100, 40, "", 20, 200, false),
              "train  60%  60/100  0:40 left");
}

TEST(Terminal, ProgressWithoutATotalCounts) {
    EXPECT_EQ(progress_line("read", 7, 0, 0, "3 MB/s", 1, 200, true), "read  7  3 MB/s");
}

TEST(Terminal, ProgressIsCutBetweenCharacters) {
    EXPECT_EQ(progress_line("ααα", 7, 0, 0, "", 1, 2, true), "αα");
}

TEST(Terminal, TableAlignsNumbersRightAndTextLeft) {
    Table table({"loss", "m", "TAR"});
    table.row({"cosface", "0.35", "91.2 %"});
    table.row({"infonce", "-", "8.05 %"});
    EXPECT_EQ(table.str(),
              "loss        m     TAR\n"
              "-------  ----  ------\n"
              "cosface  0.35  91.2 %\n"
              "infonce     -  8.05 %\n");
}

TEST(Terminal, TableRefusesARowOfAnotherLength) {
    Table table({"a", "b"});
    EXPECT_THROW(table.row({"1"}), Error);
}

TEST(Terminal, TableMeasuresCharactersNotBytes) {
    Table table({"θ", "x"});
    table.row({"αβγ", "left"});
    EXPECT_EQ(table.str(), "θ    x\n---  ----\nαβγ  left\n");
}
