// `facet atlas`: the gradients of any losses as pictures, with the numbers behind every picture.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <filesystem>
#include <string_view>

#include "engine/error.h"
#include "tools/arrays.h"
#include "tools/commands.h"
#include "tools/lab/atlas/replay.h"
#include "tools/lab/atlas/studies.h"
#include "tools/lab/charts/chart.h"
#include "tools/lab/charts/page.h"
#include "tools/outputs.h"
#include "tools/terminal.h"
#include "train/files/atomic.h"

namespace facet {
namespace {

namespace fs = std::filesystem;
using namespace atlas;

struct Options {
    std::vector<std::string> losses = {"all"}, set;
    ArrayFiles frozen;
    std::string out;
};

const std::vector<StudyText>& study_texts() {
    static const std::vector<StudyText> texts = {
        {"a", "a. Value and gradient over the angle",
         "How hard a sample is pulled to its class, for every angle it may stand at: the gradient "
         "is "
         "0 where the loss is content with it.",
         true},
        {"b", "b. Over both angles",
         "Every pair of angles at once: θy to its own class, θj to one other. Below the dotted "
         "diagonal the sample is nearer to the other class. Lines are where the gradient "
         "jumps: "
         "masks, hinges and fallbacks, found by search."},
        {"c", "c. Force on the circle",
         "Where a sample of the first of three classes is pushed, at any place on the circle. "
         "Dashed "
         "rays are the decision boundaries; orange is the margin region."},
        {"d", "d. Who gets the gradient",
         "How the negatives share the push: the cosines of the others are spread as random "
         "directions "
         "in 512 dimensions are, the sample stands at 60° from its class.",
         true},
        {"e", "e. Modes and public variants",
         "The gradient of the loss as it was asked for, divided by that of a mode or a public "
         "variant: "
         "1 is no difference, below 0 they pull in opposite directions.",
         true},
        {"f", "f. Faults",
         "Where the gradient vanishes, explodes or has the wrong sign: searched over the plane of "
         "both "
         "angles, borders refined by halving."}};
    return texts;
}

struct Chapter {
    PagePart part;
    Faults faults;
    std::vector<double> thumbnail;
};

Chapter chapter_of(const LossSpec& spec, const fs::path& out) {
    const fs::path folder = out / spec.folder();
    fs::create_directories(folder);
    Chapter chapter{{spec.label(), {}}, {}, {}};
    auto& html = chapter.part.studies;
    html.push_back(study_curves(spec, folder, chapter.thumbnail));
    Probe probe(spec, plane_rest(spec));
    const Plane plane = compute_plane(probe);
    html.push_back(study_plane(probe, plane, folder));
    html.push_back(study_circle(spec, folder));
    html.push_back(study_share(spec, folder));
    html.push_back(study_variants(spec, folder));
    chapter.faults = study_faults(probe, plane, folder);
    html.push_back(chapter.faults.html);
    return chapter;
}

std::string percent(double part) {
    if (part == 0) return "–";
    return fmt::format("<span class=\"bad\">{:.1f} %</span>", 100 * part);
}

// All losses in a table, each with a small picture of its gradient.
std::string glance(const std::vector<Chapter>& chapters) {
    std::string html =
        "<section id=\"glance\">\n<h2>At a glance</h2>\n<p class=\"lead\">The small picture is the "
        "gradient dL/dθy from 0° to 180°, the hardest other class at 70°. Percentages are parts of "
        "the plane of θy and θj (study b).</p>\n<div class=\"scroll\"><table class=\"glance\">\n"
        "<thead><tr><th>loss</th><th>gradient</th><th class=\"n\">largest dL/dθy</th>"
        "<th class=\"n\">pushed away<br/>from its class</th><th class=\"n\">pulled "
        "to<br/>another</th>"
        "<th class=\"n\">misplaced,<br/>not pulled</th><th class=\"n\">dL/dcos "
        "θy<br/>unbounded</th>"
        "<th class=\"n\">steps of<br/>the value</th></tr></thead><tbody>\n";
    for (const Chapter& chapter : chapters) {
        const Faults& f = chapter.faults;
        html += fmt::format(
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
            "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
            "<td class=\"n\">{}</td></tr>\n",
            loss_link(chapter.part.label), sparkline(chapter.thumbnail), number_text(f.peak),
            percent(f.wrong_target), percent(f.wrong_negative), percent(f.vanishing),
            f.growth > 0.1 ? fmt::format("like θ<sup>−{:.2g}</sup>", f.growth) : "–",
            f.steps > 0 ? fmt::format("{}", f.steps) : "–");
    }
    return html + "</tbody></table></div>\n</section>\n";
}

const char* const kIntroduction =
    "<p>What the gradient of each loss does to one sample, drawn from the losses themselves: every "
    "number is an evaluation of <code>Loss::forward_backward</code> in float64, at angles that "
    "were "
    "chosen. Beside this page a folder for each loss has the numbers behind every picture, as CSV "
    "and as .npy.</p>\n";

// Each loss on one thread; what they find does not depend on how many there are.
std::vector<Chapter> chapters_of(const std::vector<LossSpec>& specs, const fs::path& out) {
    std::vector<Chapter> chapters(specs.size());
    std::exception_ptr failure;
    Progress progress("atlas", int64_t(specs.size()));
    int finished = 0;
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t k = 0; k < specs.size(); ++k) {
        std::exception_ptr caught;
        try {
            chapters[k] = chapter_of(specs[k], out);
        } catch (...) {
            caught = std::current_exception();
        }
#pragma omp critical
        {
            if (caught) failure = caught;
            progress.update(++finished, specs[k].label());
        }
    }
    if (failure) std::rethrow_exception(failure);
    return chapters;
}

void run(const Options& options) {
    const std::vector<LossSpec> specs = parse_specs(options.losses, options.set);
    const bool frozen =
        !options.frozen.x.empty() || !options.frozen.w.empty() || !options.frozen.y.empty();
    std::vector<std::string> names{"index.html"};
    for (const LossSpec& spec : specs) names.push_back(spec.folder());
    if (frozen)
        names.insert(names.end(), {"angles.csv", "angles.npy", "cosines.csv", "cosines.npy"});
    const OutputFolder output("--out", options.out, std::move(names));
    const fs::path& out = output.path();
    Page page;
    if (frozen) {
        page = replay(specs, options.frozen, output);
    } else {
        output.make();
        const std::vector<Chapter> chapters = chapters_of(specs, out);
        page = {"Gradient atlas", kIntroduction, glance(chapters), study_texts(), {}};
        for (const Chapter& chapter : chapters) page.parts.push_back(chapter.part);
    }
    const std::string html = html_page(page);
    write_file_atomically(out / "index.html", std::string_view(html));
    fmt::print("{} {} in {}\n", specs.size(), specs.size() == 1 ? "loss" : "losses",
               (out / "index.html").string());
}

}  // namespace

void add_atlas_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("atlas", "the gradient atlas: pictures, tables and arrays");
    command
        ->add_option("--loss", options->losses,
                     "losses: NAME, NAME:k=v,k=v with parameters, NAME@k=v with a state, or all")
        ->type_name("NAME")
        ->capture_default_str();
    command->add_option("--set", options->set, "parameters of the only loss, k=v")
        ->type_name("k=v");
    command->add_option("--x", options->frozen.x, "replay: embeddings (B, D) of a frozen state")
        ->type_name("X.npy");
    command->add_option("--w", options->frozen.w, "replay: proxies (C, D); not read by pair losses")
        ->type_name("W.npy");
    command->add_option("--y", options->frozen.y, "replay: labels (B)")->type_name("Y.npy");
    command
        ->add_option("--out", options->out,
                     "folder for index.html and the numbers; replaces only what facet wrote there")
        ->required()
        ->type_name("DIR");
    command->footer(
        "Example: facet atlas --loss arcface arcface:grad=detached --out atlas\n"
        "  draws both gradients of ArcFace over angles into atlas/index.html, which needs no "
        "network.\n  With --x, --w and --y the losses are compared on saved embeddings, proxies "
        "and "
        "labels instead.");
    command->callback([options] { run(*options); });
}

}  // namespace facet
