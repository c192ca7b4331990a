#include "train/files/npy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>

namespace facet {
namespace {

namespace fs = std::filesystem;

class Npy : public testing::Test {
protected:
    Npy() : folder_(fs::temp_directory_path() / fmt::format("facet-npy-{}", ::getpid())) {
        fs::create_directories(folder_);
    }
    ~Npy() override { fs::remove_all(folder_); }

    fs::path file(const std::string& bytes) const {
        const fs::path path = folder_ / "given.npy";
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }
    std::string error(const std::string& bytes) const {
        try {
            read_npy(file(bytes));
        } catch (const Error& error) {
            EXPECT_NE(std::string(error.what()).find("given.npy"), std::string::npos);
            return error.what();
        }
        return "no error";
    }

    fs::path folder_;
};

std::string content(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

// A file of version `major`.0 whose header is padded as NumPy does.
std::string npy(const std::string& dict, const std::string& data, int major = 1) {
    std::string result = std::string("\x93NUMPY") + static_cast<char>(major) + '\0';
    const size_t length_bytes = major == 1 ? 2 : 4;
    std::string text = dict;
    while ((result.size() + length_bytes + text.size() + 1) % 64 != 0) text += ' ';
    text += '\n';
    for (size_t i = 0; i < length_bytes; ++i) result += static_cast<char>(text.size() >> (8 * i));
    return result + text + data;
}

std::string dict(const std::string& dtype, const std::string& shape, bool fortran = false) {
    return "{'descr': '" + dtype + "', 'fortran_order': " + (fortran ? "True" : "False") +
           ", 'shape': " + shape + ", }";
}

template <class T>
std::string raw(std::initializer_list<T> values) {
    return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

template <class T>
NpyArray array(std::initializer_list<T> values, std::vector<int64_t> shape) {
    return npy_from<T>(std::span<const T>(values.begin(), values.size()), std::move(shape));
}

TEST_F(Npy, WritesTheBytesNumPyWrites) {
    // numpy.save of numpy.array([1, 2, 3], '<f4'): 128 bytes of header, then the values.
    const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
    const std::string expected = std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header +
                                 std::string(117 - header.size(), ' ') + "\n" +
                                 raw<float>({1, 2, 3});
    write_npy(folder_ / "a.npy", array<float>({1, 2, 3}, {3}));
    EXPECT_EQ(content(folder_ / "a.npy"), expected);
}

TEST_F(Npy, EveryTypeAndShapeComesBack) {
    const NpyArray arrays[] = {array<float>({1.5f, -2}, {2}),
                               array<double>({0.1}, {}),
                               array<int32_t>({-1, 2, 3, 4, 5, 6}, {3, 2}),
                               array<int64_t>({1ll << 40, -7}, {1, 2, 1}),
                               array<uint8_t>({255}, {1, 1}),
                               array<bool>({true, false, true}, {3}),
                               array<float>({}, {0, 512})};
    for (const NpyArray& before : arrays) {
        write_npy(folder_ / "a.npy", before);
        const NpyArray after = read_npy(folder_ / "a.npy");
        EXPECT_EQ(after.shape, before.shape);
        EXPECT_EQ(after.dtype, before.dtype);
        EXPECT_EQ(after.bytes, before.bytes);
        EXPECT_EQ(content(folder_ / "a.npy").find('\n') % 64, 63u);
    }
}

TEST_F(Npy, ReadsVersionsTwoAndThree) {
    for (const int version : {1, 2, 3}) {
        const NpyArray a = read_npy(file(npy(dict("<i4", "(2,)"), raw<int32_t>({7, 8}), version)));
        EXPECT_EQ(npy_as<int64_t>(a), (std::vector<int64_t>{7, 8}));
    }
}

TEST_F(Npy, TransposesFortranOrder) {
    // Element (i, j, k) of a (2, 3, 2) array holds 100 i + 10 j + k; the first index runs fastest.
    std::string data;
    for (int k = 0; k < 2; ++k)
        for (int j = 0; j < 3; ++j)
            for (int i = 0; i < 2; ++i) data += raw<int32_t>({100 * i + 10 * j + k});
    const NpyArray a = read_npy(file(npy(dict("<i4", "(2, 3, 2)", true), data)));
    EXPECT_EQ(npy_as<int32_t>(a),
              (std::vector<int32_t>{0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121}));
}

TEST_F(Npy, AcceptsAnyKeyOrderQuotesAndPythonTwoIntegers) {
    const NpyArray a = read_npy(file(
        npy("{\"shape\":(1L,2L),'fortran_order':False,'descr':\"|u1\"}", std::string("\x05\x06"))));
    EXPECT_EQ(a.shape, (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(npy_as<int32_t>(a), (std::vector<int32_t>{5, 6}));
}

TEST_F(Npy, RefusesAnObjectArray) {
    const std::string message = error(npy(dict("|O", "(1,)"), "whatever"));
    EXPECT_NE(message.find("object array"), std::string::npos) << message;
    EXPECT_NE(message.find("(byte 20)"), std::string::npos) << message;
}

TEST_F(Npy, RefusesOtherTypesByName) {
    for (const std::string type : {"<f2", ">f4", "<c8", "<U3", "|i1", "|V4"}) {
        const std::string message = error(npy(dict(type, "(1,)"), std::string(12, '\0')));
        EXPECT_NE(message.find("unsupported type '" + type + "'"), std::string::npos) << message;
    }
    EXPECT_NE(error(npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }",
                        std::string(4, '\0')))
                  .find("structured"),
              std::string::npos);
}

TEST_F(Npy, RefusesEveryTruncation) {
    const std::string whole = npy(dict("<f4", "(3,)"), raw<float>({1, 2, 3}));
    for (size_t length = 0; length < whole.size(); ++length) {
        const std::string message = error(whole.substr(0, length));
        EXPECT_NE(message.find("truncated"), std::string::npos) << length << ": " << message;
    }
    EXPECT_EQ(error(whole), "no error");
    EXPECT_NE(error(whole + "x").find("1 bytes after the end"), std::string::npos);
}

TEST_F(Npy, NeverTrustsALength) {
    // Sizes that overflow 64 bits, or would ask for exabytes, fail before anything is allocated.
    for (const std::string shape : {"(4611686018427387904,)", "(4294967296, 4294967296)",
                                    "(99999999999999999999,)", "(1152921504606846976, 4)"}) {
        EXPECT_NE(error(npy(dict("<f4", shape), std::string(4, '\0'))), "no error") << shape;
    }
    std::string header_too_long = npy(dict("<f4", "()"), std::string(4, '\0'), 2);
    header_too_long[11] = '\x7f';  // the header claims two gigabytes
    EXPECT_NE(error(header_too_long).find("truncated"), std::string::npos);
}

TEST_F(Npy, RefusesBrokenHeaders) {
    const std::string four(4, '\0');
    EXPECT_NE(error("PK\x03\x04 is a zip file, not an array"), "no error");
    EXPECT_NE(error(npy(dict("<f4", "()"), four, 4)).find("version 4.0"), std::string::npos);
    for (const std::string broken :
         {"", "{", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': 0, 'shape': (), }",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (1), }",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1, }",
          "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (), }",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (), } + f()",
          "{'descr': '<f4, 'fortran_order': False, 'shape': (), }"}) {
        EXPECT_NE(error(npy(broken, four)), "no error") << broken;
    }
    EXPECT_NE(error(npy(dict("<f4", "()") + std::string(1, '\0'), four)), "no error");
}

TEST_F(Npy, NamesAMissingFileAndAFolder) {
    EXPECT_THROW(read_npy(folder_ / "missing.npy"), Error);
    EXPECT_THROW(read_npy(folder_), Error);
}

TEST_F(Npy, ConvertsBetweenTypes) {
    EXPECT_EQ(npy_as<float>(array<double>({0.1, 2}, {2})), (std::vector<float>{0.1f, 2.f}));
    EXPECT_EQ(npy_as<int32_t>(array<float>({-3, 4}, {2})), (std::vector<int32_t>{-3, 4}));
    EXPECT_EQ(npy_as<double>(array<bool>({true, false}, {2})), (std::vector<double>{1, 0}));
    NpyArray odd = array<bool>({true}, {1});
    odd.bytes[0] = std::byte{7};
    EXPECT_EQ(npy_as<int32_t>(odd), (std::vector<int32_t>{1}));
}

TEST_F(Npy, RefusesAConversionThatWouldLoseAnInteger) {
    EXPECT_THROW(npy_as<int32_t>(array<int64_t>({1ll << 31}, {1})), Error);
    EXPECT_THROW(npy_as<int32_t>(array<float>({0.5f}, {1})), Error);
    EXPECT_THROW(npy_as<int32_t>(array<double>({std::nan("")}, {1})), Error);
    EXPECT_THROW(npy_as<int64_t>(array<double>({0x1p63}, {1})), Error);
    EXPECT_THROW(npy_as<uint8_t>(array<int32_t>({-1}, {1})), Error);
    EXPECT_EQ(npy_as<int64_t>(array<double>({-0x1p63}, {1})),
              std::vector<int64_t>{std::numeric_limits<int64_t>::min()});
}

TEST_F(Npy, RefusesToWriteWhatDoesNotFit) {
    EXPECT_THROW(array<float>({1, 2}, {3}), Error);
    NpyArray wrong = array<float>({1, 2}, {2});
    wrong.shape = {3};
    EXPECT_THROW(write_npy(folder_ / "a.npy", wrong), Error);
    EXPECT_THROW(npy_as<float>(wrong), Error);
    wrong = array<float>({1, 2}, {2});
    wrong.dtype = "<f2";
    EXPECT_THROW(write_npy(folder_ / "a.npy", wrong), Error);
    EXPECT_FALSE(fs::exists(folder_ / "a.npy"));
}

}  // namespace
}  // namespace facet
