// `facet synth`: procedural faces on disk, and contact sheets of them.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "engine/error.h"
#include "tools/commands.h"
#include "tools/option_rules.h"
#include "tools/outputs.h"
#include "tools/synth/dataset.h"
#include "tools/synth/folder.h"
#include "tools/synth/sheet.h"
#include "tools/terminal.h"

namespace facet {
namespace {

struct Request {
    synth::SynthSet set;
    std::string out, sheet;
    std::string format = "png";
};

void check_request(const Request& request) {
    if (request.out.empty() && request.sheet.empty())
        throw UsageError("synth: where to write is missing",
                         "give --out DIR, --sheet F.png or both");
    if (std::filesystem::path(request.out).extension() == ".rec")
        throw UsageError(
            fmt::format("synth: --out writes a folder, not a record file, found {}", request.out),
            "give a folder, --out DIR; `facet train --data DIR` reads it as it is");
    synth::check(request.set);
    constexpr int64_t most_on_a_sheet = 4096;
    const int64_t pictures = int64_t{request.set.people} * request.set.images;
    FACET_USAGE(request.sheet.empty() || pictures <= most_on_a_sheet,
                "synth: a contact sheet holds at most {} pictures, found {}", most_on_a_sheet,
                pictures);
}

void run(Request request) {
    request.set.seed = globals().seed;
    check_request(request);
    if (!request.sheet.empty()) check_output_file("--sheet", request.sheet);
    if (!request.out.empty()) synth::check_new_folder(request.out);
    const int64_t pictures = int64_t{request.set.people} * request.set.images;
    if (!request.sheet.empty()) {
        const synth::Faces faces = synth::render(request.set);
        save_image(synth::contact_sheet(faces.images, request.set.images), request.sheet, 90);
        fmt::print("wrote {}: {} people in rows, {} pictures of each\n", request.sheet,
                   request.set.people, request.set.images);
    }
    if (!request.out.empty()) {
        {
            Progress progress("synth", pictures);
            synth::write_folder(request.set, request.out, "." + request.format,
                                [&](int64_t done) { progress.update(done); });
        }
        fmt::print("wrote {} pictures of {} people and their true factors to {}\n", pictures,
                   request.set.people, request.out);
    }
}

}  // namespace

void add_synth_command(CLI::App& app) {
    auto request = std::make_shared<Request>();
    synth::SynthSet& set = request->set;
    CLI::App* command = app.add_subcommand(
        "synth", "procedural faces with known identities and known factors of every picture");
    command
        ->add_option("--out", request->out,
                     "a new or empty folder: DIR/<person>/<image>, factors.json")
        ->type_name("DIR");
    command
        ->add_option("--sheet", request->sheet,
                     "a contact sheet, a new file: a row a person (.png, .jpg)")
        ->type_name("FILE");
    command->add_option("--people", set.people, "how many people")->capture_default_str();
    command->add_option("--images", set.images, "pictures of each person")->capture_default_str();
    command->add_option("--image", set.size, "pixels along a side, 32 to 512")
        ->capture_default_str();
    command
        ->add_option("--first-person", set.first_person,
                     "number of the first person: ranges that do not overlap share nobody")
        ->capture_default_str();
    command
        ->add_option("--look-alikes", set.look_alikes,
                     "share of people drawn near another one, 0 to 0.5")
        ->capture_default_str();
    command->add_option("--format", request->format, "png or jpg")
        ->check(CLI::IsMember({"png", "jpg"}))
        ->capture_default_str();
    for (const synth::KnobInfo& knob : synth::knob_table())
        command
            ->add_option(
                "--" + std::string(knob.name), set.knobs.*knob.value,
                fmt::format("{}: 0 off, 1 usual, at most {}", knob.meaning, synth::kLargestKnob))
            ->group("Knobs")
            ->capture_default_str();
    act_only(*command, {{"--format", "--out: the kind of a sheet is that of its name",
                         [request] { return !request->out.empty(); }}});
    command->footer(
        "Example: facet synth --people 8 --images 10 --image 112 --seed 7 --sheet faces.png\n"
        "         facet synth --out faces --people 100 --images 20 --light 1.5 --occlusion 0\n"
        "         facet train --data faces --loss cosface --out runs/faces");
    command->callback([request] { run(*request); });
}

}  // namespace facet
