// facet study: claims of papers, tried on a small scale and written up as they come out.
#include <CLI/CLI.hpp>

#include "tools/commands.h"
#include "tools/lab/study/page.h"
#include "tools/option_rules.h"
#include "tools/outputs.h"
#include "tools/signals.h"
#include "tools/terminal.h"

namespace facet {
namespace {

struct Request {
    std::vector<std::string> names;
    study::RunRequest run;
    std::string runs = "runs/studies", out;
    bool all = false, list = false;
};

void print_list() {
    Table table({"study", "question"});
    for (const study::Study& study : study::all_studies()) table.row({study.name, study.question});
    table.print();
}

// What makes the page again, but for the folder of the runs.
std::string command_of(const Request& request, const std::string& name) {
    std::string text = "facet study " + name;
    if (!request.run.recipe.empty()) text += " --config " + request.run.recipe;
    for (const auto& [option, value] : request.run.given) text += " " + option + " " + value;
    if (request.run.seeds > 0) text += fmt::format(" --seeds {}", request.run.seeds);
    if (globals().seed_given) text += fmt::format(" --seed {}", globals().seed);
    return text + " --out " + request.out;
}

void run(Request request) {
    if (request.list) {
        FACET_USAGE(request.run.given.empty(), "study: {} has no meaning here: --list makes no run",
                    request.run.given.front().first);
        return print_list();
    }
    FACET_USAGE(request.all != !request.names.empty(),
                "name the studies to make, or --all: see "
                "facet study --list");
    FACET_USAGE(!request.out.empty(), "--out is needed: the folder of the pages");
    FACET_USAGE(request.run.seeds >= 0, "--seeds: expected 1 or more, found {}", request.run.seeds);
    std::vector<study::Study> studies;
    for (const std::string& name : request.names) studies.push_back(study::find_study(name));
    if (request.all) studies = study::all_studies();
    std::vector<std::string> pages{"README.md"};
    for (const study::Study& study : studies) {
        pages.insert(pages.end(), {study.name + ".md", study.name + "-*"});
    }
    const OutputFolder out("--out", request.out, std::move(pages));
    request.run.runs = request.runs;
    for (const study::Study& study : studies) {
        const std::optional<study::Results> results = study::make_runs(study, request.run);
        if (!results) {
            fmt::print(stderr, "interrupted; the same command goes on with {}\n", request.runs);
            set_exit_status(interrupted_status());
            return;
        }
        const study::Reading reading = study.read(*results);
        study::write_page(*results, reading, command_of(request, study.name), out.make());
        fmt::print("{}: {}\nthe page is {}/{}.md\n", study.name, reading.conclusion, request.out,
                   study.name);
    }
}

}  // namespace

void add_study_command(CLI::App& app) {
    CLI::App* command = app.add_subcommand(
        "study", "try a claim of a paper on a small scale and write the page of what came out");
    auto request = std::make_shared<Request>();
    command->add_option("name", request->names, "studies to make, see --list");
    command->add_flag("--all", request->all, "every study");
    command->add_flag("--list", request->list, "the studies and what they ask");
    command->add_option("--out", request->out,
                        "folder of the pages; pages of facet study are replaced");
    command
        ->add_option("--runs", request->runs, "folder of the runs; finished ones are not repeated")
        ->capture_default_str();
    command->add_option("--config", request->run.recipe,
                        "TOML file; studies and options override it");
    command->add_option("--seeds", request->run.seeds, "how many (default: what the study says)");
    add_settings(*command, request->run.given, "--loss");  // the study's arms say which
    const auto makes = [request] { return !request->list; };
    for (const char* option : {"name", "--all", "--out", "--runs", "--config", "--seeds"})
        act_only(*command, {{option, "studies to make, not --list", makes}});
    command->footer(
        "Example: facet study npt-range --config tools/recipes/study.toml --out docs/studies");
    command->callback([request] { run(*request); });
}

}  // namespace facet
