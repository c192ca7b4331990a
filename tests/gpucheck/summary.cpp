// Writes what `make gpu-check` found: gpu-check.json and gpu-check.md.
//
//   gpu-summary FOLDER GPU COMMIT       FOLDER holds `stages` and what the stages measured
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace facet {
namespace {

using Json = nlohmann::ordered_json;

void write(const std::filesystem::path& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    file.flush();
    FACET_CHECK(file.good(), "{} cannot be written", path.string());
}

// "NAME RESULT SECONDS" a line.
Json stages_of(const std::filesystem::path& folder) {
    std::ifstream file(folder / "stages");
    FACET_CHECK(file.good(), "{}/stages cannot be read", folder.string());
    Json stages = Json::array();
    std::string name, result;
    double seconds;
    while (file >> name >> result >> seconds)
        stages.push_back({{"stage", name}, {"result", result}, {"seconds", seconds}});
    return stages;
}

// What the stages whose name begins with `prefix` printed, in the order of the stages.
Json measurements(const std::filesystem::path& folder, const Json& stages,
                  const std::string& prefix) {
    Json found = Json::array();
    for (const Json& stage : stages) {
        const std::string name = stage.at("stage");
        std::ifstream file(folder / (name + ".json"));
        if (name.rfind(prefix, 0) != 0 || !file.good()) continue;
        const Json measured = Json::parse(file);
        if (measured.is_array()) {
            found.insert(found.end(), measured.begin(), measured.end());
        } else {
            found.push_back(measured);
        }
    }
    return found;
}

Json accuracy_of(const std::filesystem::path& folder) {
    std::ifstream card(folder / "run-1" / "card.json");
    if (!card.good()) return nullptr;
    return Json::parse(card).at("verification").at("accuracy").at("mean");
}

// Milliseconds that PyTorch took for the same; nothing where it was not there.
std::string peer_ms(const Json& peers, const Json& like, std::initializer_list<const char*> keys) {
    for (const Json& peer : peers) {
        bool same = true;
        for (const char* key : keys) same = same && peer.contains(key) && peer[key] == like.at(key);
        if (same) return fmt::format("{:.2f}", peer.at("ms").get<double>());
    }
    return "";
}

std::string markdown(const Json& report) {
    std::string text = fmt::format(
        "# facet on {}\n\nCommit {}. Written by `make gpu-check`.\n\n| stage | result | seconds |\n"
        "| --- | --- | ---: |\n",
        report.at("gpu").get<std::string>(), report.at("commit").get<std::string>());
    for (const Json& stage : report.at("stages"))
        text +=
            fmt::format("| {} | {} | {} |\n", stage.at("stage").get<std::string>(),
                        stage.at("result").get<std::string>(), stage.at("seconds").get<double>());
    if (!report.at("accuracy").is_null())
        text += fmt::format("\nTrained on procedural faces: accuracy {:.2f} %.\n",
                            100 * report.at("accuracy").get<double>());
    text +=
        "\n## One training step\n\nGPU time between CUDA events, median.\n\n"
        "| network | pixels | batch | precision | ms | images/s | PyTorch, ms |\n"
        "| --- | ---: | ---: | --- | ---: | ---: | ---: |\n";
    for (const Json& step : report.at("steps"))
        text += fmt::format(
            "| {} | {} | {} | {} | {:.2f} | {:.0f} | {} |\n",
            step.at("backbone").get<std::string>(), step.at("image").get<int>(),
            step.at("batch").get<int>(), step.at("precision").get<std::string>(),
            step.at("step_ms").at("median").get<double>(), step.at("images_per_s").get<double>(),
            peer_ms(report.at("peers"), step, {"backbone", "image", "batch", "precision"}));
    text +=
        "\n## Loss and gradients of a head\n\n| loss | classes | batch | D | ms | PyTorch, ms |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: |\n";
    for (const Json& head : report.at("heads"))
        text += fmt::format(
            "| {} | {} | {} | {} | {:.2f} | {} |\n", head.at("loss").get<std::string>(),
            head.at("classes").get<int64_t>(), head.at("batch").get<int>(),
            head.at("embedding").get<int>(), head.at("ms").get<double>(),
            peer_ms(report.at("peers"), head, {"loss", "classes", "batch", "embedding"}));
    return text;
}

void run(const std::filesystem::path& folder, const std::string& gpu, const std::string& commit) {
    Json report{{"format", "facet gpu-check 1"}, {"gpu", gpu}, {"commit", commit}};
    report["stages"] = stages_of(folder);
    report["accuracy"] = accuracy_of(folder);
    report["steps"] = measurements(folder, report["stages"], "step-");
    report["heads"] = measurements(folder, report["stages"], "head-");
    report["peers"] = measurements(folder, report["stages"], "peers");
    write(folder / "gpu-check.json", report.dump(1) + "\n");
    write(folder / "gpu-check.md", markdown(report));
    fmt::print("gpu-check: {0}/gpu-check.md and {0}/gpu-check.json\n", folder.string());
}

}  // namespace
}  // namespace facet

int main(int count, char** arguments) {
    try {
        FACET_USAGE(count == 4, "expected: gpu-summary FOLDER GPU COMMIT");
        facet::run(arguments[1], arguments[2], arguments[3]);
    } catch (const std::exception& error) {
        fmt::print(stderr, "gpu-summary: error: {}\n", error.what());
        return 2;
    }
}
