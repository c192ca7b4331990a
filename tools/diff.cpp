// facet diff: the first step and tensor in which two runs differ.
#include "tools/diff.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/commands.h"
#include "tools/terminal.h"
#include "train/files/text.h"

namespace facet {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const RunDifference& d) {
    ordered_json json{{"same", d.same()}, {"common_steps", d.common_steps}};
    json["settings"] = ordered_json::array();
    for (const auto& s : d.settings)
        json["settings"].push_back({{"name", s.name}, {"a", s.a}, {"b", s.b}});
    json["step"] = nullptr;
    if (d.step) {
        json["step"] = {
            {"step", d.step->step}, {"what", d.step->what}, {"a", d.step->a}, {"b", d.step->b}};
    }
    if (d.file.empty()) {
        json["tensors_not_compared"] = d.why_not;
        return json;
    }
    json["tensors"] = ordered_json::array();
    for (const TensorDifference& t : d.tensors) {
        json["tensors"].push_back({{"tensor", t.name},
                                   {"shape", t.shape},
                                   {"what", t.what},
                                   {"elements", t.elements},
                                   {"of", t.total},
                                   {"first", t.first},
                                   {"largest", t.largest}});
    }
    return json;
}

void print_tensors(const RunDifference& d) {
    if (d.file.empty()) {
        fmt::print("tensors are not compared: {}\n", d.why_not);
        return;
    }
    if (d.tensors.empty()) {
        fmt::print("all tensors of {} are the same, bit for bit\n", d.file);
        return;
    }
    fmt::print("\ntensors of {} that differ, by name:\n", d.file);
    Table table({"tensor", "shape", "differ", "of", "first at", "largest |a - b|"});
    for (const TensorDifference& t : d.tensors) {
        if (!t.what.empty()) {
            table.row({t.name, t.what, "-", "-", "-", "-"});
            continue;
        }
        table.row({t.name, t.shape, std::to_string(t.elements), std::to_string(t.total),
                   std::to_string(t.first), fmt::format("{:.3g}", t.largest)});
    }
    table.print();
}

void print(const RunDifference& d) {
    for (const SettingDifference& s : d.settings) {
        fmt::print("setting {}: {} and {}\n", s.name, s.a.empty() ? "none" : s.a,
                   s.b.empty() ? "none" : s.b);
    }
    if (d.step) {
        fmt::print("step {} is the first to differ, in its {}: {} and {}\n", d.step->step,
                   d.step->what == "hash" ? "parameters' hash" : d.step->what, d.step->a,
                   d.step->b);
    } else {
        fmt::print("{} steps are in both logs: no loss and no parameter differs\n", d.common_steps);
    }
    print_tensors(d);
}

}  // namespace

void add_diff_command(CLI::App& app) {
    struct Options {
        std::string a, b;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("diff", "the first step and tensor in which two runs differ");
    command->add_option("RUN_A", options->a, "a run folder")->required();
    command->add_option("RUN_B", options->b, "another")->required();
    command->add_flag("--json", options->json, "machine-readable");
    command->footer(
        "Example: the same run twice is the same, bit for bit\n"
        "  facet diff runs/a runs/b\n\n"
        "The exit status is 0 if steps and tensors are the same, 1 if not.");
    command->callback([options] {
        const RunDifference difference = difference_of_runs(options->a, options->b);
        if (options->json) {
            fmt::print("{}\n", json_text(to_json(difference), 2));
        } else {
            print(difference);
        }
        if (!difference.same()) set_exit_status(1);
    });
}

}  // namespace facet
