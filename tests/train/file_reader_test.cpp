// Only regular files are read, and nothing is waited for.
#include "train/files/file_reader.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

#include "tests/train/data_fixture.h"

namespace facet {
namespace {

using namespace test;

std::string refusal(const std::filesystem::path& path) {
    const auto error = thrown_by<Error>([&] { read_file(path); });
    EXPECT_TRUE(contains(error.what(), path.string()));
    return error.what();
}

// Ends the program where a test would wait for ever.
struct Deadline {
    Deadline() { alarm(20); }
    ~Deadline() { alarm(0); }
};

TEST(FileReader, WhatIsNoRegularFileIsRefusedAtOnceAndNamed) {
    const Deadline deadline;
    const TemporaryFolder folder;
    const auto pipe = folder.path() / "pipe.jpg";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_TRUE(contains(refusal(pipe), "not a regular file but a pipe (FIFO)"));
    EXPECT_THROW(load_image(pipe), Error);
    EXPECT_TRUE(contains(refusal(folder.path()), "not a regular file but a folder"));
    EXPECT_TRUE(contains(refusal("/dev/zero"), "not a regular file but a device"));

    const auto socket_path = folder.path() / "socket.jpg";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(socket_path.string().size(), sizeof address.sun_path);
    std::strcpy(address.sun_path, socket_path.c_str());
    const int handle = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(bind(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_TRUE(contains(refusal(socket_path), "not a regular file but a socket"));
    close(handle);
}

TEST(FileReader, LinksCountAsWhatTheyPointTo) {
    const Deadline deadline;
    const TemporaryFolder folder;
    folder.write("file", "content");
    std::filesystem::create_symlink("file", folder.path() / "link");
    std::filesystem::create_symlink("absent", folder.path() / "dangling");
    ASSERT_EQ(mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
    std::filesystem::create_symlink("pipe", folder.path() / "to-pipe");
    EXPECT_EQ(read_file(folder.path() / "link"), "content");
    EXPECT_TRUE(contains(refusal(folder.path() / "dangling"), "no such file"));
    EXPECT_TRUE(contains(refusal(folder.path() / "to-pipe"), "a pipe (FIFO)"));
}

TEST(FileReader, ReadsAndSkipsToTheEnd) {
    const TemporaryFolder folder;
    FileReader file(folder.write("a", "0123456789"));
    EXPECT_EQ(file.size(), 10u);
    EXPECT_EQ(file.text(2, "digits"), "01");
    file.skip(3, "digits");
    EXPECT_EQ(file.text(1, "digits"), "5");
    EXPECT_EQ(file.offset(), 6u);
    EXPECT_THROW(file.text(5, "digits"), Error);
    EXPECT_EQ(file.text(4, "digits"), "6789");
    EXPECT_EQ(file.left(), 0u);
}

}  // namespace
}  // namespace facet
