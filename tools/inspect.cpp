#include "tools/inspect.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tools/commands.h"
#include "tools/terminal.h"
#include "train/files/text.h"

namespace facet {
namespace {

using nlohmann::ordered_json;

std::string cell(const ordered_json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
    if (value.is_null()) return "-";
    return value.dump();
}

std::string list_text(const ordered_json& list) {
    std::vector<std::string> columns;
    for (const auto& [key, value] : list.front().items()) columns.push_back(key);
    Table table(columns);
    for (const ordered_json& item : list) {
        std::vector<std::string> cells;
        for (const auto& [key, value] : item.items()) cells.push_back(cell(value));
        table.row(cells);
    }
    return table.str();
}

}  // namespace

ordered_json describe(const std::filesystem::path& path) {
    if (std::filesystem::is_directory(path)) return describe_run(path);
    const std::string extension = path.extension().string();
    if (extension == ".npy") return describe_npy(path);
    if (extension == ".safetensors") return describe_safetensors(path);
    if (extension == ".rec") return describe_rec(path);
    FACET_CHECK(std::filesystem::exists(path), "cannot read {}: no such file", path.string());
    throw UsageError(
        fmt::format("cannot inspect {}: the kind '{}' is not supported", path.string(), extension),
        "supported are .npy, .safetensors, .rec and run folders");
}

std::string description_text(const ordered_json& description) {
    std::string text, tables;
    for (const auto& [key, value] : description.items()) {
        if (value.is_array() && !value.empty() && value.front().is_object()) {
            tables += "\n" + list_text(value);
        } else {
            text += fmt::format("{:<20}{}\n", key, cell(value));
        }
    }
    return text + tables;
}

void add_inspect_command(CLI::App& app) {
    struct Options {
        std::string path;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "inspect", "what is in a .npy, .safetensors or .rec file or a run folder");
    command->add_option("FILE", options->path, "the file or run folder")->required();
    command->add_flag("--json", options->json, "machine-readable");
    command->footer(
        "Example: what a training run wrote, and the norms of its weights\n"
        "  facet inspect runs/synth\n"
        "  facet inspect runs/synth/model.safetensors");
    command->callback([options] {
        const ordered_json description = describe(options->path);
        fmt::print(
            "{}", options->json ? json_text(description, 2) + "\n" : description_text(description));
    });
}

}  // namespace facet
