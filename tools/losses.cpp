// `facet losses`: what every loss computes, from the text and the description in its own file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "losses/head/loss.h"
#include "tools/commands.h"
#include "tools/loss_pages.h"
#include "tools/option_rules.h"
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
    return {{"name", info.name},
            {"group", info.group},
            {"file", info.file},
            {"paper", info.paper},
            {"text", info.text},
            {"formula", info.formula},
            {"gradient", info.gradient},
            {"gradient_modes", modes},
            {"detached", info.detached},
            {"state", info.state},
            {"fewest_classes", info.fewest_classes},
            {"parameters", parameters}};
}

void print_one(const LossInfo& info) {
    fmt::print("{}\n", info.text);
    if (!info.parameters.empty()) {
        Table table({"parameter", "default", "allowed", "meaning"});
        for (const ParameterInfo& p : info.parameters) {
            table.row({p.name, p.default_text.empty() ? "(not set)" : p.default_text, p.allowed(),
                       p.doc});
        }
        table.print();
        fmt::print("\n");
    }
    for (const ParameterInfo* mode : info.gradient_modes()) {
        fmt::print("modes     {}={}\n", mode->name, join_names(mode->choices, "|"));
    }
    if (!info.detached.empty()) fmt::print("constant  for the gradient: {}\n", info.detached);
    fmt::print("state     {}\n", info.state.empty() ? "none" : info.state);
    if (info.fewest_classes > 1)
        fmt::print("classes   at least {}: {}\n", info.fewest_classes, info.too_few);
    fmt::print("paper     {}\n", info.paper);
    fmt::print("file      {}\n", info.file);
}

// Words joined by blanks into lines of at most `width` characters, one longer word a line.
std::vector<std::string> wrapped(const std::vector<std::string>& words, size_t width) {
    std::vector<std::string> lines(1);
    for (const std::string& word : words) {
        if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) {
            lines.emplace_back();
        }
        lines.back() += (lines.back().empty() ? "" : " ") + word;
    }
    return lines;
}

// 100 columns wide.
void print_group(const ListedLosses& group) {
    fmt::print("{}\n", group.name);
    for (const LossInfo* info : group.losses) {
        std::vector<std::string> parameters;
        for (const ParameterInfo& p : info->parameters) {
            parameters.push_back(p.name + "=" + p.default_text);
        }
        const auto lines = wrapped(parameters, 44);
        fmt::print(" {:<16} {}\n", info->name,
                   lines[0].empty() ? short_paper(*info)
                                    : fmt::format("{:<36} {}", short_paper(*info), lines[0]));
        for (size_t k = 1; k < lines.size(); ++k) fmt::print("{:55}{}\n", "", lines[k]);
    }
    fmt::print("\n");
}

void print_all() {
    for (const ListedLosses& group : listed_losses()) print_group(group);
    fmt::print("facet losses NAME tells everything about one.\n");
}

struct Options {
    std::string name, docs;
    bool json = false;
};

void run(const Options& options) {
    const auto& [name, docs, json] = options;
    if (!docs.empty()) {
        fmt::print("{} losses described in {}\n", write_loss_pages(docs), docs);
        return;
    }
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
    for (const ListedLosses& group : listed_losses()) {
        for (const LossInfo* info : group.losses) list.push_back(to_json(*info));
    }
    fmt::print("{}\n", list.dump(2));
}

}  // namespace

void add_losses_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "losses", "every loss: paper, formula, gradient, parameters with defaults");
    command->add_option("name", options->name, "one loss only")->type_name("NAME");
    command->add_flag("--json", options->json, "print JSON");
    command
        ->add_option(
            "--docs", options->docs,
            "write a page and a picture of every loss there; replaces only what facet wrote")
        ->type_name("DIR");
    const auto prints = [options] { return options->docs.empty(); };
    act_only(*command, {{"name", "no --docs, which writes the pages of all losses", prints},
                        {"--json", "no --docs, which prints nothing", prints}});
    command->footer(
        "Example: facet losses arcface\n"
        "  prints the formula, the gradient, where it comes from and the parameters of ArcFace.");
    command->callback([options] { run(*options); });
}

}  // namespace facet
