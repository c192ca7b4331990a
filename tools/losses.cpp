// `facet losses`: what every loss computes, from the description in its own file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "losses/loss.h"
#include "tools/commands.h"
#include "tools/terminal.h"

namespace facet {
namespace {

using nlohmann::ordered_json;

const char* kind_name(ParameterInfo::Kind kind) {
    switch (kind) {
        case ParameterInfo::Kind::number:
            return "number";
        case ParameterInfo::Kind::count:
            return "count";
        case ParameterInfo::Kind::flag:
            return "flag";
        case ParameterInfo::Kind::choice:
            return "choice";
    }
    return "";
}

ordered_json to_json(const LossInfo& info) {
    ordered_json parameters = ordered_json::array(), modes = ordered_json::object();
    for (const ParameterInfo& p : info.parameters) {
        ordered_json entry = {{"name", p.name},
                              {"kind", kind_name(p.kind)},
                              {"default", p.default_text},
                              {"allowed", p.allowed()},
                              {"doc", p.doc}};
        if (!p.choices.empty()) entry["choices"] = p.choices;
        parameters.push_back(entry);
    }
    for (const ParameterInfo* p : info.gradient_modes()) modes[p->name] = p->choices;
    return {{"name", info.name},         {"paper", info.paper},     {"formula", info.formula},
            {"gradient", info.gradient}, {"gradient_modes", modes}, {"state", info.state},
            {"parameters", parameters}};
}

void print_one(const LossInfo& info) {
    fmt::print("{}\n  paper     {}\n  formula   {}\n  gradient  {}\n", info.name, info.paper,
               info.formula, info.gradient);
    if (!info.state.empty()) fmt::print("  state     {}\n", info.state);
    for (const ParameterInfo* mode : info.gradient_modes()) {
        fmt::print("  mode      {}={}\n", mode->name, join_names(mode->choices, "|"));
    }
    if (info.parameters.empty()) return;
    fmt::print("\n");
    Table table({"parameter", "default", "allowed", "meaning"});
    for (const ParameterInfo& p : info.parameters) {
        table.row(
            {p.name, p.default_text.empty() ? "(not set)" : p.default_text, p.allowed(), p.doc});
    }
    table.print();
}

void print_all() {
    Table table({"loss", "parameters", "formula"});
    for (const LossInfo* info : all_losses()) {
        std::string parameters;
        for (const ParameterInfo& p : info->parameters) {
            parameters +=
                fmt::format("{}{}={}", parameters.empty() ? "" : " ", p.name, p.default_text);
        }
        table.row({info->name, parameters, info->formula});
    }
    table.print();
    fmt::print("\nfacet losses NAME tells everything about one.\n");
}

void run(const std::string& name, bool json) {
    if (!name.empty()) {
        const LossInfo& info = loss_info(name);
        if (json) {
            fmt::print("{}\n", to_json(info).dump(2));
        } else {
            print_one(info);
        }
        return;
    }
    if (!json) return print_all();
    ordered_json list = ordered_json::array();
    for (const LossInfo* info : all_losses()) list.push_back(to_json(*info));
    fmt::print("{}\n", list.dump(2));
}

}  // namespace

void add_losses_command(CLI::App& app) {
    struct Options {
        std::string name;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "losses", "every loss: paper, formula, gradient, parameters with defaults");
    command->add_option("name", options->name, "one loss only")->type_name("NAME");
    command->add_flag("--json", options->json, "print JSON");
    command->footer(
        "Example: facet losses arcface\n"
        "  prints the formula, the gradient and the parameters of ArcFace.");
    command->callback([options] { run(options->name, options->json); });
}

}  // namespace facet
