#include "tools/inspect.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "train/files/npy.h"
#include "train/files/safetensors.h"

namespace facet {
namespace {

namespace fs = std::filesystem;

class Inspect : public testing::Test {
protected:
    Inspect() : folder_(fs::temp_directory_path() / fmt::format("facet-inspect-{}", ::getpid())) {
        fs::create_directories(folder_);
    }
    ~Inspect() override { fs::remove_all(folder_); }

    fs::path file(const std::string& name, const std::string& bytes) const {
        std::ofstream(folder_ / name, std::ios::binary) << bytes;
        return folder_ / name;
    }

    fs::path folder_;
};

TEST_F(Inspect, AnArrayWithNaN) {
    const float values[] = {1, -2, std::nanf(""), 4, std::numeric_limits<float>::infinity(), 5};
    write_npy(folder_ / "a.npy", npy_from<float>(values, {2, 3}));
    const auto d = describe(folder_ / "a.npy");
    EXPECT_EQ(d["dtype"], "<f4");
    EXPECT_EQ(d["shape"], (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(d["min"], -2.0);
    EXPECT_EQ(d["max"], 5.0);
    EXPECT_EQ(d["mean"], 2.0);
    EXPECT_EQ(d["nan"], 1);
    EXPECT_EQ(d["infinite"], 1);
    EXPECT_NE(description_text(d).find("mean                2\n"), std::string::npos);
}

TEST_F(Inspect, AnArrayWithoutElements) {
    write_npy(folder_ / "a.npy", npy_from<double>({}, {0, 3}));
    EXPECT_TRUE(describe(folder_ / "a.npy")["min"].is_null());
}

TEST_F(Inspect, TensorsWithNorms) {
    SafeTensors content;
    const float weight[] = {3, 4};
    const int64_t step[] = {-7};
    content.tensors["weight"] = stored_tensor<float>(weight, {1, 2});
    content.tensors["step"] = stored_tensor<int64_t>(step, {});
    content.tensors["half"] = {"F16", {2}, std::vector<std::byte>(4)};
    content.metadata["loss"] = "arcface";
    write_safetensors(folder_ / "m.safetensors", content);
    const auto d = describe(folder_ / "m.safetensors");
    EXPECT_EQ(d["elements"], 5);
    EXPECT_EQ(d["metadata loss"], "arcface");
    EXPECT_EQ(d["tensors"][0]["tensor"], "half");
    EXPECT_TRUE(d["tensors"][0]["norm"].is_null());
    EXPECT_EQ(d["tensors"][1]["norm"], 7.0);
    EXPECT_EQ(d["tensors"][2]["norm"], 5.0);
    EXPECT_NE(description_text(d).find("weight"), std::string::npos);
}

TEST_F(Inspect, ARunFolder) {
    file("config.toml",
         "# made by facet\n[run]\nepochs = 3\n[loss]\nname = \"arcface\"\n[a]\nname = 1\n");
    file("log.jsonl", "{\"step\":1}\n{\"step\":2}\n");
    const auto d = describe(folder_);
    EXPECT_EQ(d["config run.epochs"], "3");
    EXPECT_EQ(d["config loss.name"], "\"arcface\"");
    EXPECT_EQ(d["log lines"], 2);
    EXPECT_EQ(d["last log line"], "{\"step\":2}");
    EXPECT_EQ(d["files"].size(), 2u);
    fs::remove(folder_ / "config.toml");
    EXPECT_THROW(describe(folder_), Error);
}

std::string u32(uint32_t value) { return {reinterpret_cast<const char*>(&value), 4}; }
std::string f32(float value) { return {reinterpret_cast<const char*>(&value), 4}; }

std::string part(uint32_t kind, const std::string& payload) {
    return u32(0xced7230a) + u32(kind << 29 | static_cast<uint32_t>(payload.size())) + payload +
           std::string((4 - payload.size() % 4) % 4, '\0');
}
std::string image_header(float label) { return u32(0) + f32(label) + std::string(16, '\0'); }
std::string table_record(float first, float last) {
    return part(0, u32(2) + f32(0) + std::string(16, '\0') + f32(first) + f32(last));
}

TEST_F(Inspect, RecordsWithAnIdentityTable) {
    const std::string split = part(1, image_header(1) + "ABCD") + part(2, "EFGH") + part(3, "IJ");
    const auto d =
        describe(file("faces.rec", table_record(4, 6) + part(0, image_header(0) + "jpeg1") +
                                       part(0, image_header(0) + "x") + split + table_record(1, 3) +
                                       table_record(3, 4)));
    EXPECT_EQ(d["records"], 6);
    EXPECT_EQ(d["images"], 3);
    EXPECT_EQ(d["image bytes"], 5 + 1 + 10 + 8);  // 8: the magic left out at each split
    EXPECT_EQ(d["different labels"], 2);
    EXPECT_EQ(d["identities"], 2);
    EXPECT_EQ(d["table agrees"], true);
}

TEST_F(Inspect, RecordsWithoutATable) {
    const auto d = describe(file("faces.rec", part(0, image_header(5) + "a")));
    EXPECT_EQ(d["images"], 1);
    EXPECT_EQ(d["identity table"], false);
    EXPECT_EQ(d["largest label"], 5.0f);
}

TEST_F(Inspect, DamagedRecordsAreErrorsWithTheByte) {
    const std::string good = part(0, image_header(0) + "jpeg");
    const auto error = [&](const std::string& bytes) -> std::string {
        try {
            describe(file("faces.rec", bytes));
        } catch (const Error& error) {
            return error.what();
        }
        return "no error";
    };
    for (size_t length = 1; length < good.size(); ++length) {
        EXPECT_NE(error(good + good.substr(0, length)).find("truncated"), std::string::npos);
    }
    EXPECT_NE(error(good + "xxxx" + good.substr(4)).find("(byte 36)"), std::string::npos);
    EXPECT_NE(error(part(3, image_header(0))), "no error");
    EXPECT_NE(error(part(1, image_header(0)) + good), "no error");
    EXPECT_NE(error(part(0, "short")), "no error");
    EXPECT_NE(error(part(0, u32(1000000) + image_header(0).substr(4))), "no error");
    EXPECT_NE(error(part(0, image_header(std::nanf("")))), "no error");
    EXPECT_NE(error(part(0, image_header(0x1p24f))), "no error");
}

TEST_F(Inspect, NamesTheKindsItSupports) {
    try {
        describe(file("lfw.bin", "x"));
        FAIL();
    } catch (const UsageError& error) {
        EXPECT_NE(std::string(error.what()).find("'.bin' is not supported"), std::string::npos);
        EXPECT_NE(error.hint().find(".safetensors"), std::string::npos);
    }
    EXPECT_THROW(describe(folder_ / "missing.npy"), Error);
}

}  // namespace
}  // namespace facet
