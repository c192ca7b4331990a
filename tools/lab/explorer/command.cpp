// `facet explorer`: the page in which the losses run live, with pictures of the atlas for where
// they cannot.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <filesystem>

#include "engine/error.h"
#include "tools/commands.h"
#include "tools/lab/atlas/studies.h"
#include "tools/lab/charts/page.h"
#include "tools/outputs.h"
#include "train/files/atomic.h"
#include "train/files/file_reader.h"

namespace facet {
namespace {

namespace fs = std::filesystem;
using namespace atlas;

struct Options {
    std::string live, out;
};

const char* const kIntroduction =
    "<p>What a loss does to one sample, computed on this page by the losses themselves: the "
    "headers "
    "that train, compiled to WebAssembly, in float64.</p>\n"
    "<noscript><p>This page runs no scripts here: below are pictures of every loss with its "
    "defaults.</p></noscript>\n";

const std::vector<StudyText>& study_texts() {
    static const std::vector<StudyText> texts = {
        {"curves", "Value and gradient over the angle",
         "How hard a sample is pulled to its class, for every angle it may stand at: the gradient "
         "is 0 where the loss is content with it.",
         true},
        {"circle", "Force on the circle",
         "Where a sample of the first of three classes is pushed, at any place on the circle. "
         "Dashed rays are the decision boundaries; orange is the margin region."}};
    return texts;
}

PagePart pictures_of(const LossSpec& spec, const fs::path& out) {
    const fs::path folder = out / spec.folder();
    fs::create_directories(folder);
    std::vector<double> thumbnail;
    return {spec.label(), {study_curves(spec, folder, thumbnail), study_circle(spec, folder)}};
}

void run(const Options& options) {
    const std::vector<LossSpec> specs = parse_specs({"all"}, {});
    std::vector<std::string> names{"explorer.html"};
    for (const LossSpec& spec : specs) names.push_back(spec.folder());
    const OutputFolder output("--out", options.out, std::move(names));
    Page page{"Loss explorer", kIntroduction, read_file(options.live), study_texts(), {}};
    const fs::path& out = output.make();
    page.parts.resize(specs.size());
    std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t k = 0; k < specs.size(); ++k) {
        try {
            page.parts[k] = pictures_of(specs[k], out);
        } catch (...) {
#pragma omp critical
            failure = std::current_exception();
        }
    }
    if (failure) std::rethrow_exception(failure);
    const std::string html = html_page(page);
    write_file_atomically(out / "explorer.html", std::string_view(html));
    fmt::print("{} losses in {}\n", specs.size(), (out / "explorer.html").string());
}

}  // namespace

void add_explorer_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("explorer", "the page in which the losses run live");
    command->add_option("--live", options->live, "its live part, compiled by make explorer")
        ->required()
        ->type_name("LIVE.html");
    command
        ->add_option(
            "--out", options->out,
            "folder for explorer.html and its numbers; replaces only what facet wrote there")
        ->required()
        ->type_name("DIR");
    command->footer(
        "Example: make explorer\n"
        "  compiles the losses to WebAssembly and writes build/explorer/explorer.html with this "
        "command.");
    command->callback([options] { run(*options); });
}

}  // namespace facet
