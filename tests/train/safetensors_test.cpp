#include "train/files/safetensors.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "train/files/atomic.h"

namespace facet {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

class Files : public testing::Test {
protected:
    Files() : folder_(fs::temp_directory_path() / fmt::format("facet-files-{}", ::getpid())) {
        fs::create_directories(folder_);
    }
    ~Files() override { fs::remove_all(folder_); }

    size_t files_in_folder() const {
        return static_cast<size_t>(
            std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
    }

    fs::path folder_;
};

class SafeTensorsFile : public Files {
protected:
    std::string error(const std::string& bytes) const {
        const fs::path path = folder_ / "given.safetensors";
        std::ofstream(path, std::ios::binary) << bytes;
        try {
            read_safetensors(path);
        } catch (const Error& error) {
            EXPECT_NE(std::string(error.what()).find("given.safetensors"), std::string::npos);
            return error.what();
        }
        return "no error";
    }
};

std::string safetensors(const std::string& header, const std::string& data) {
    const uint64_t length = header.size();
    return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

SafeTensors example() {
    const float weight[] = {1, 2, 3, 4, 5, 6};
    const int64_t step[] = {7};
    const uint8_t mask[] = {0, 1, 255};
    SafeTensors content;
    content.tensors["b.weight"] = stored_tensor<float>(weight, {2, 3});
    content.tensors["a.mask"] = stored_tensor<uint8_t>(mask, {3});
    content.tensors["step"] = stored_tensor<int64_t>(step, {});
    content.tensors["empty"] = stored_tensor<float>({}, {0, 4});
    content.metadata = {{"format", "facet"}, {"note", "süß \"quoted\"\n"}};
    return content;
}

TEST_F(SafeTensorsFile, EverythingComesBack) {
    const SafeTensors before = example();
    write_safetensors(folder_ / "m.safetensors", before);
    const SafeTensors after = read_safetensors(folder_ / "m.safetensors");
    EXPECT_EQ(after.metadata, before.metadata);
    ASSERT_EQ(after.tensors.size(), before.tensors.size());
    for (const auto& [name, tensor] : before.tensors) {
        EXPECT_EQ(after.at(name).dtype, tensor.dtype) << name;
        EXPECT_EQ(after.at(name).shape, tensor.shape) << name;
        EXPECT_EQ(after.at(name).bytes, tensor.bytes) << name;
    }
    EXPECT_EQ(tensor_values<float>(after.at("b.weight")), (std::vector<float>{1, 2, 3, 4, 5, 6}));
    EXPECT_THROW(tensor_values<double>(after.at("b.weight")), Error);
    EXPECT_THROW(after.at("missing"), Error);
}

TEST_F(SafeTensorsFile, WritesTheBytesTheFormatDemands) {
    // As the reference implementation writes it: wide elements first, then by name.
    const int64_t step[] = {7};
    const uint8_t mask[] = {1, 2};
    SafeTensors content;
    content.tensors["a"] = stored_tensor<uint8_t>(mask, {2});
    content.tensors["z"] = stored_tensor<int64_t>(step, {});
    write_safetensors(folder_ / "m.safetensors", content);
    const std::string written = facet::content(folder_ / "m.safetensors");
    const size_t sum = written.find("\"facet_checksum\":\"") + 18;
    std::string header = R"({"__metadata__":{"facet_checksum":")" + written.substr(sum, 16) +
                         R"(","facet_checksum_kind":"hash64"},)"
                         R"("z":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                         R"("a":{"dtype":"U8","shape":[2],"data_offsets":[8,10]}})";
    while (header.size() % 8 != 0) header += ' ';
    const std::string data("\x07\0\0\0\0\0\0\0\x01\x02", 10);
    EXPECT_EQ(written, safetensors(header, data));
}

TEST_F(SafeTensorsFile, AnEmptyFileOfTensorsIsValid) {
    write_safetensors(folder_ / "m.safetensors", {});
    EXPECT_TRUE(read_safetensors(folder_ / "m.safetensors").tensors.empty());
}

TEST_F(SafeTensorsFile, RefusesEveryTruncation) {
    write_safetensors(folder_ / "m.safetensors", example());
    const std::string whole = facet::content(folder_ / "m.safetensors");
    for (size_t length = 0; length < whole.size(); ++length) {
        const std::string message = error(whole.substr(0, length));
        EXPECT_NE(message.find("truncated"), std::string::npos) << length << ": " << message;
        EXPECT_NE(message.find("byte"), std::string::npos) << length << ": " << message;
    }
    EXPECT_EQ(error(whole), "no error");
    EXPECT_NE(error(whole + "x").find("1 bytes after the last tensor"), std::string::npos);
}

// Blanks that fill up the header carry nothing; wherever else a bit is flipped, the file is
// refused.
TEST_F(SafeTensorsFile, RefusesEveryFlippedBit) {
    write_safetensors(folder_ / "m.safetensors", example());
    EXPECT_TRUE(read_safetensors(folder_ / "m.safetensors").checked);
    const std::string whole = facet::content(folder_ / "m.safetensors");
    const size_t data = whole.find('}', whole.rfind("data_offsets")) + 2;
    const size_t end_of_blanks = whole.find_first_not_of(' ', data);
    for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
        if (bit / 8 >= data && bit / 8 < end_of_blanks) continue;
        std::string damaged = whole;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        EXPECT_NE(error(damaged), "no error") << "bit " << bit % 8 << " of byte " << bit / 8;
    }
}

TEST_F(SafeTensorsFile, ReadsFilesFromElsewhereWithoutAChecksum) {
    const fs::path path = folder_ / "foreign.safetensors";
    std::ofstream(path, std::ios::binary)
        << safetensors(R"({"__metadata__":{"checksum":"theirs"},)"
                       R"("a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
                       "ab");
    const SafeTensors content = read_safetensors(path);
    EXPECT_FALSE(content.checked);
    EXPECT_EQ(content.metadata.at("checksum"), "theirs");
}

TEST_F(SafeTensorsFile, TensorsTileTheData) {
    const auto two = [](const char* first, const char* second) {
        return fmt::format(R"({{"a":{{"dtype":"U8","shape":[4],"data_offsets":{}}},)"
                           R"("b":{{"dtype":"U8","shape":[4],"data_offsets":{}}}}})",
                           first, second);
    };
    const std::string eight(8, 'x');
    EXPECT_EQ(error(safetensors(two("[4,8]", "[0,4]"), eight)), "no error");
    EXPECT_NE(error(safetensors(two("[0,4]", "[5,9]"), eight + "x")).find("holes"),
              std::string::npos);
    EXPECT_NE(error(safetensors(two("[0,4]", "[2,6]"), eight)).find("overlap"), std::string::npos);
    EXPECT_NE(error(safetensors(two("[0,4]", "[0,4]"), eight)).find("overlap"), std::string::npos);
    EXPECT_NE(error(safetensors(two("[1,5]", "[5,9]"), eight + "x")).find("holes"),
              std::string::npos);
}

TEST_F(SafeTensorsFile, RefusesBrokenHeaders) {
    const std::string four(4, 'x');
    const auto one = [](const std::string& dtype, const std::string& shape,
                        const std::string& offsets) {
        return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
               offsets + "}}";
    };
    EXPECT_EQ(error(safetensors(one("F32", "[1]", "[0,4]"), four)), "no error");
    for (const std::string& header :
         {one("F31", "[1]", "[0,4]"), one("F32", "[2]", "[0,4]"), one("F32", "[-1]", "[0,4]"),
          one("F32", "[1.0]", "[0,4]"), one("F32", "1", "[0,4]"), one("F32", "[1]", "[4,0]"),
          one("F32", "[1]", "[0]"), one("F32", "[1]", "[0,4,8]"),
          one("F32", "[4611686018427387904,4]", "[0,0]"),
          one("F32", "[18446744073709551616]", "[0,4]"), std::string("[]"), std::string("{"),
          std::string(" {}"), std::string(R"({"a":1})"), std::string(R"({"a":{"dtype":"F32"}})"),
          std::string(R"({"__metadata__":{"a":1}})"), std::string(R"({"__metadata__":[]})"),
          std::string(R"({"__metadata__":{"a":{"b":{}}}})"), "{}" + std::string(1, '\0') + "{}"}) {
        EXPECT_NE(error(safetensors(header, four)), "no error") << header;
    }
    EXPECT_NE(error("\x93NUMPY\x01\x01 an array, not tensors").find("no safetensors"),
              std::string::npos);
    const uint64_t too_long = 100'000'001;
    EXPECT_NE(error(std::string(reinterpret_cast<const char*>(&too_long), 8) + "{}").find("100000"),
              std::string::npos);
}

TEST_F(SafeTensorsFile, RefusesANameThatOccursTwice) {
    const std::string tensor = R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
    EXPECT_NE(error(safetensors(R"({"a":)" + tensor + R"(,"a":)" + tensor + "}", ""))
                  .find("'a' occurs twice"),
              std::string::npos);
    EXPECT_NE(error(safetensors(R"({"__metadata__":{"k":"1","k":"2"}})", "")).find("twice"),
              std::string::npos);
}

TEST_F(SafeTensorsFile, RefusesToWriteWhatItCouldNotRead) {
    SafeTensors wrong = example();
    wrong.tensors["step"].shape = {2};
    EXPECT_THROW(write_safetensors(folder_ / "m.safetensors", wrong), Error);
    wrong = example();
    wrong.tensors["step"].dtype = "I63";
    EXPECT_THROW(write_safetensors(folder_ / "m.safetensors", wrong), Error);
    wrong = example();
    wrong.tensors["__metadata__"] = wrong.tensors["step"];
    EXPECT_THROW(write_safetensors(folder_ / "m.safetensors", wrong), Error);
    wrong = example();
    wrong.tensors["\xe4"] = wrong.tensors["step"];  // no UTF-8, as a header must be
    EXPECT_THROW(write_safetensors(folder_ / "m.safetensors", wrong), Error);
    EXPECT_EQ(files_in_folder(), 0u);
}

class AtomicFile : public Files {
protected:
    std::string error(const fs::path& path, std::string_view text) const {
        try {
            write_file_atomically(path, text);
        } catch (const Error& error) {
            return std::string(error.what()) + " | " + error.hint();
        }
        return "no error";
    }
};

// Lets no file of this process grow beyond a size, as a full disk would, while it lives.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, handler_);
    }

private:
    void (*handler_)(int);
    rlimit before_{};
};

TEST_F(AtomicFile, ReplacesWhatWasThere) {
    const fs::path path = folder_ / "card.json";
    write_file_atomically(path, std::string_view("old and longer"));
    write_file_atomically(path, std::string_view("new"));
    EXPECT_EQ(facet::content(path), "new");
    EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(AtomicFile, AFailedWriteLeavesTheOldFile) {
    const fs::path path = folder_ / "card.json";
    write_file_atomically(path, std::string_view("old"));
    std::string message;
    {
        const FileSizeLimit limit(1000);
        message = error(path, std::string(5000, 'x'));
    }
    EXPECT_NE(message.find("card.json: writing failed: File too large"), std::string::npos)
        << message;
    EXPECT_EQ(facet::content(path), "old");
    EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(AtomicFile, KeepsWhatWasThereUnderAnotherName) {
    const fs::path path = folder_ / "new", previous = folder_ / "old";
    const auto write = [&](std::string_view text) {
        write_file_atomically(path, {std::as_bytes(std::span(text))}, previous);
    };
    write("1");
    EXPECT_FALSE(fs::exists(previous));
    write("2");
    write("3");
    EXPECT_EQ(facet::content(path) + facet::content(previous), "32");
    // Both names of one file, as a kill between the two steps leaves them.
    share_file(path, previous);
    share_file(path, previous);
    EXPECT_EQ(facet::content(path) + facet::content(previous), "33");
    write("4");
    EXPECT_EQ(facet::content(path) + facet::content(previous), "43");
    EXPECT_EQ(files_in_folder(), 2u);
}

TEST_F(AtomicFile, ItsLeftoversAreKnownByTheirNames) {
    for (const char* name : {"a.1-2.partial", "model.safetensors.4711-0.partial"}) {
        EXPECT_TRUE(is_partial_name(name)) << name;
    }
    for (const char* name : {"a.partial", ".1-2.partial", "a.1-.partial", "a.-2.partial",
                             "a.1-2.partial.txt", "a1-2.partial", "1-2.partial"}) {
        EXPECT_FALSE(is_partial_name(name)) << name;
    }
    for (const char* name : {"a.1-2.partial", "a.partial", "a"}) {
        write_file_atomically(folder_ / name, std::string_view("x"));
    }
    remove_partial_files(folder_);
    EXPECT_EQ(files_in_folder(), 2u);
}

TEST_F(AtomicFile, SaysWhyAFolderCannotBeWritten) {
    EXPECT_NE(error(folder_ / "missing" / "a", "x").find("No such file or directory"),
              std::string::npos);
    EXPECT_NE(error("/proc/self/a", "x"), "no error");  // refused even to the superuser
    EXPECT_NE(error(folder_, "x").find("not a regular file"), std::string::npos);
    EXPECT_NE(error("/dev/full", "x").find("not a regular file"), std::string::npos);
    EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(AtomicFile, FollowsASymbolicLink) {
    write_file_atomically(folder_ / "real", std::string_view("old"));
    fs::create_symlink("real", folder_ / "link");
    write_file_atomically(folder_ / "link", std::string_view("new"));
    EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
    EXPECT_EQ(facet::content(folder_ / "real"), "new");
}

}  // namespace
}  // namespace facet
