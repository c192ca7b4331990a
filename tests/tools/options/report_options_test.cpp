// `facet diff`, `inspect`, `losses` and `doctor`: their JSON and their text, field by field,
// against what they report on.
#include <gtest/gtest.h>
#include <omp.h>

#include <nlohmann/json.hpp>

#include "losses/head/loss.h"
#include "tests/tools/command.h"
#include "tests/tools/options/here.h"
#include "tests/train/data_fixture.h"
#include "tools/inspect.h"
#include "tools/versions.h"
#include "train/files/npy.h"
#include "train/files/safetensors.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;

// A run of two steps with a checkpoint; what differs between two of them is given.
fs::path write_run(const TemporaryFolder& folder, const std::string& name, const std::string& lr,
                   const std::string& hash, const std::vector<float>& w) {
    folder.write(name + "/config.toml", "[schedule]\nlr = " + lr + "\n");
    folder.write(name + "/log.jsonl", R"({"step":1,"loss":2.5,"hash":"x"})"
                                      "\n"
                                      R"({"step":2,"loss":2.25,"hash":")" +
                                          hash + "\"}\n");
    SafeTensors content;
    content.tensors["w"] = stored_tensor<float>(w, {2, std::ssize(w) / 2});
    content.tensors["v" + name] = stored_tensor<float>(w, {std::ssize(w)});
    content.metadata = {{"steps", "2"}};
    write_safetensors(folder.path() / name / "checkpoint.safetensors", content);
    return folder.path() / name;
}

TEST(DiffOptions, JsonAndTextSayWhichRunHasWhich) {
    const TemporaryFolder folder;
    const fs::path a = write_run(folder, "a", "0.1", "y", {1, 2, 3, 4, 5, 6}),
                   b = write_run(folder, "b", "0.2", "Y", {1, 2, 3.5, 4, 5.25, 7.5});
    const std::string both = "'" + a.string() + "' '" + b.string() + "'";
    const auto json = nlohmann::json::parse(run("diff " + both + " --json").text);
    EXPECT_EQ(json, nlohmann::json::parse(R"json({
        "same": false, "common_steps": 2,
        "settings": [{"name": "schedule.lr", "a": "0.1", "b": "0.2"}],
        "step": {"step": 2, "what": "hash", "a": "y", "b": "Y"},
        "tensors": [
            {"tensor": "va", "shape": "(6)", "what": "only in the first run",
             "elements": 0, "of": 0, "first": 0, "largest": 0.0},
            {"tensor": "vb", "shape": "(6)", "what": "only in the second run",
             "elements": 0, "of": 0, "first": 0, "largest": 0.0},
            {"tensor": "w", "shape": "(2, 3)", "what": "",
             "elements": 3, "of": 6, "first": 2, "largest": 1.5
}]
})json"));
    const std::string text = run("diff " + both).text;
    EXPECT_TRUE(
        text.starts_with("setting schedule.lr: 0.1 and 0.2\n"
                         "step 2 is the first to differ, in its parameters' hash: y and Y\n"))
        << text;
    EXPECT_TRUE(contains(text, "\nw       (2, 3)")) << text;
    const std::string row = text.substr(text.find("\nw "));
    std::istringstream words(row);
    std::vector<std::string> cells(std::istream_iterator<std::string>(words), {});
    EXPECT_EQ(cells, (std::vector<std::string>{"w", "(2,", "3)", "3", "6", "2", "1.5"}));
    EXPECT_TRUE(contains(run("diff '" + a.string() + "' '" + a.string() + "'").text,
                         "2 steps are in both logs: no loss and no parameter differs\n"
                         "all tensors of checkpoint.safetensors are the same, bit for bit\n"));
}

TEST(InspectOptions, TheFileNamedIsDescribedInWordsOrJson) {
    const TemporaryFolder folder;
    const std::vector<float> values = {1, 2, 4};
    const fs::path array = folder.path() / "a.npy";
    write_npy(array, npy_from<float>(std::span<const float>(values), {3}));
    write_run(folder, "run", "0.1", "y", {1, 2});
    for (const fs::path& path :
         {array, folder.path() / "run", folder.path() / "run/checkpoint.safetensors"}) {
        const std::string file = "inspect '" + path.string() + "'";
        EXPECT_EQ(run(file).text, description_text(describe(path)));
        EXPECT_EQ(run(file + " --json").text, describe(path).dump(2) + "\n");
    }
}

TEST(LossesOptions, JsonHasEveryFieldOfTheDescription) {
    const auto list = nlohmann::json::parse(run("losses --json").text);
    ASSERT_EQ(list.size(), all_losses().size());
    for (const auto& found : list) {
        const LossInfo info = loss_info(found["name"]);
        EXPECT_EQ(found["group"], info.group);
        EXPECT_EQ(found["file"], info.file);
        EXPECT_EQ(found["text"], info.text);
        EXPECT_EQ(found["paper"], info.paper);
        EXPECT_EQ(found["formula"], info.formula);
        EXPECT_EQ(found["gradient"], info.gradient);
        EXPECT_EQ(found["detached"], info.detached);
        EXPECT_EQ(found["state"], info.state);
        EXPECT_EQ(found["fewest_classes"], info.fewest_classes);
        EXPECT_EQ(found["gradient_modes"].size(), info.gradient_modes().size());
        ASSERT_EQ(found["parameters"].size(), info.parameters.size()) << info.name;
        for (size_t k = 0; k < info.parameters.size(); ++k) {
            const ParameterInfo& p = info.parameters[k];
            const auto& one = found["parameters"][k];
            EXPECT_EQ(one["name"], p.name);
            EXPECT_EQ(one["default"], p.default_text);
            EXPECT_EQ(one["allowed"], p.allowed());
            EXPECT_EQ(one["doc"], p.doc);
            EXPECT_EQ(one.contains("choices"), !p.choices.empty());
        }
    }
}

// The one that is named, as it is in the list.
TEST(LossesOptions, TheNameChoosesOne) {
    const auto list = nlohmann::json::parse(run("losses --json").text);
    for (const auto& one : list) {
        if (one["name"] != "adaface") continue;
        EXPECT_EQ(nlohmann::json::parse(run("losses adaface --json").text), one);
    }
    const std::string text = run("losses adaface").text;
    const LossInfo info = loss_info("adaface");
    EXPECT_TRUE(contains(text, "\nstate     " + info.state + "\n")) << text;
    EXPECT_TRUE(contains(text, "\npaper     " + info.paper + "\n")) << text;
    EXPECT_TRUE(contains(text, "\nfile      losses/adaface.h\n")) << text;
    EXPECT_TRUE(contains(text, "constant  for the gradient: " + info.detached + "\n")) << text;
}

TEST(DoctorOptions, JsonAndTextSayTheSameOfTheMachine) {
    const auto json = nlohmann::json::parse(run("doctor --json --threads 3").text);
    const std::string text = run("doctor --threads 3").text;
    EXPECT_EQ(json["cores"], omp_get_num_procs());
    EXPECT_EQ(json["threads"], 3);
    EXPECT_GT(json["memory_gib"], json["available_gib"]);
    const auto line = [&](const std::string& name, const std::string& value) {
        EXPECT_TRUE(contains("\n" + text, fmt::format("\n{:<15}{}", name, value)))
            << name << ": " << value << "\n"
            << text;
    };
    line("facet", kVersion);
    line("cores", fmt::format("{} (3 threads in use)\n", omp_get_num_procs()));
    line("memory", fmt::format("{:.1f} GiB, ", json["memory_gib"].get<double>()));
    line("instructions",
         fmt::format("{} (oneDNN uses {})\n", json["instructions"].get<std::string>(),
                     json["onednn_instructions"].get<std::string>()));
    for (const char* field : {"compiler", "flags"}) line(field, json[field]);
    line("CPU", json["cpu"]);
    line("GPU", json["gpu"]);
    for (const Library& library : libraries()) {
        EXPECT_EQ(json["libraries"][library.name], library.version);
        line(library.name, fmt::format("{} ({})\n", library.version, library.purpose));
    }
}

}  // namespace
}  // namespace facet::test
