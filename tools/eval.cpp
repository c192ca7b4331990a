// facet eval: how well a trained network tells people apart that it has not seen.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tools/commands.h"
#include "tools/devices.h"
#include "tools/option_rules.h"
#include "tools/outputs.h"
#include "tools/picture_notes.h"
#include "tools/sources.h"
#include "tools/terminal.h"
#include "train/files/text.h"
#include "train/model.h"
#include "train/trainer.h"

namespace facet {
namespace {

struct Request {
    std::string model, card;
    RunConfig config;  // the part of it that says what is judged on
    std::vector<double> far = {1e-1, 1e-2, 1e-3, 1e-4};
    bool no_mirror = false, floors = false, json = false;
};

void run(Request request) {
    if (!request.card.empty()) check_output_file("--card", request.card, is_card);
    const auto network = load_model(chosen_device(), request.model);
    const int64_t size = network->config().image;
    RunConfig& config = request.config;
    FACET_USAGE(config.eval_resolution >= 0 && config.eval_resolution <= size,
                "--resolution: expected 0 to {}, the size of the model's pictures, found {}", size,
                config.eval_resolution);
    FACET_USAGE(!config.eval_data.empty(), "--data is empty: give synth or a folder");
    config.network.image = size;
    config.seed = static_cast<int64_t>(globals().seed);
    const EvalSet set = *evaluation_data(config);
    VerifyOptions options;
    options.far_targets = request.far;
    options.seed = globals().seed;
    const Verification result = [&] {
        Progress progress("embed", static_cast<int64_t>(set.images.size()));
        return evaluate(*network, set, !request.no_mirror, options,
                        [&](int64_t done) { progress.update(done); });
    }();
    EvaluationCard card =
        card_of(request.model, network->config(), set, !request.no_mirror, result);
    if (const auto training = load_trained_on(request.model)) {
        card.common_with_training = overlap(*training, set.hashes, set.people);
        warn_of_overlap(*card.common_with_training);
    }
    if (request.floors) {
        FloorOptions floor_options;
        floor_options.verify = options;
        card.floors = verification_floors(set.images, set.pairs, set.images, floor_options);
    }
    if (!request.card.empty()) write_card(request.card, card);
    if (request.json) {
        fmt::print("{}\n", json_text(to_json(card), 2));
    } else {
        fmt::print("{}\n{}{:<24}{}\n{}", line_of(set.source), table(result), "leak",
                   card.common_with_training ? to_string(*card.common_with_training)
                                             : "not known: the model does not say what it was "
                                               "trained on",
                   card.floors ? table(*card.floors) : "");
    }
}

}  // namespace

void add_eval_command(CLI::App& app) {
    CLI::App* command = app.add_subcommand("eval", "verification accuracy of a trained network");
    auto request = std::make_shared<Request>();
    RunConfig& config = request->config;
    command->add_option("--model", request->model, "model.safetensors of a run")->required();
    command
        ->add_option("--data", config.eval_data,
                     "synth (unseen procedural people) or a folder DIR/<person>/<image>")
        ->required();
    command->add_option("--pairs", config.pairs,
                        "pairs as of LFW, CALFW or 'path path 0|1' (default: pairs are drawn)");
    command->add_option("--far", request->far, "false acceptance rates to report the TAR at")
        ->delimiter(',');
    command->add_option("--synth-people", config.synth_eval_people, "of --data synth");
    command->add_option("--synth-images", config.synth_eval_images, "of each of them");
    command->add_option("--synth-difficulty", config.synth_difficulty,
                        "of --data synth: 0 none, 1 usual, at most 2");
    command->add_option("--resolution", config.eval_resolution,
                        "scale the pictures down to so many pixels, and up again (0: as they are)");
    command->add_flag("--no-mirror", request->no_mirror,
                      "embed the picture alone instead of adding its mirror image");
    command->add_flag("--floors", request->floors,
                      "also raw pixels and PCA (of these pictures) on the same pairs");
    command->add_option("--card", request->card,
                        "write the evaluation card, JSON, to this file; replaces a card only");
    command->add_flag("--json", request->json, "print the card instead of a table");
    const auto synth = [request] { return source_kind(request->config.eval_data).page.procedural; };
    for (const char* option : {"--synth-people", "--synth-images", "--synth-difficulty"})
        act_only(*command, {{option, "--data synth", synth}});
    command->footer(
        "Example: facet eval --model runs/npt/model.safetensors --data lfw --pairs pairs.txt "
        "--far 1e-2,1e-3");
    command->callback([request] { run(*request); });
}

}  // namespace facet
