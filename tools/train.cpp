// facet train: from pictures to a run folder.
#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>

#include "losses/class_sampling.h"
#include "tools/commands.h"
#include "tools/devices.h"
#include "tools/microscope_page.h"
#include "tools/profile/train_profile.h"
#include "tools/run_options.h"
#include "tools/sources.h"
#include "tools/terminal.h"
#include "train/files/atomic.h"
#include "train/microscope.h"
#include "train/trainer.h"

namespace facet {
namespace {

struct Request {
    GivenSettings given;
    std::string config_file, out, resume;
    std::vector<std::string> loss_parameters;  // k=v
    bool summary = false;
    std::string profile;  // folder, or empty
    bool microscope = false;
    MicroscopeOptions look;
};

// Defaults, then the file, then the command line.
RunConfig resolve(const Request& request) {
    RunConfig config;
    if (!request.config_file.empty()) read_config(request.config_file, config);
    for (const auto& [option, text] : request.given) {
        for (const Setting& setting : settings_of(config)) {
            if (setting.option != option) continue;
            // Parameters of another loss would not fit.
            if (option == "--loss" && text != config.loss) config.loss_parameters.clear();
            assign(setting, text);
        }
    }
    for (const std::string& assignment : request.loss_parameters) {
        auto parameter = split_assignment(assignment);
        std::erase_if(config.loss_parameters,
                      [&](const auto& known) { return known.first == parameter.first; });
        config.loss_parameters.push_back(std::move(parameter));
    }
    if (globals().seed_given) config.seed = static_cast<int64_t>(globals().seed);
    if (globals().threads > 0) config.threads = globals().threads;
    if (config.threads == 0) config.threads = omp_get_max_threads();
    config.per_person = images_per_person(config);
    // Stored as absolute paths, so that the run can be resumed from anywhere.
    for (std::string* path : {&config.data, &config.people, &config.eval_data, &config.pairs}) {
        if (!path->empty() && *path != "synth") *path = std::filesystem::absolute(*path).string();
    }
    omp_set_num_threads(static_cast<int>(config.threads));
    return config;
}

RunConfig resolve_resumed(const Request& request, const RunFolder& folder) {
    FACET_USAGE(request.given.empty() && request.loss_parameters.empty() &&
                    request.config_file.empty() && request.out.empty() && !globals().seed_given,
                "--resume goes on with the run as it is: no other setting may be given");
    RunConfig config;
    read_config(folder.config(), config);
    if (globals().threads > 0 && globals().threads != config.threads) {
        throw UsageError(fmt::format("{}: the run has {} threads, --threads {} would change its "
                                     "bits",
                                     folder.path().string(), config.threads, globals().threads),
                         "leave --threads out");
    }
    omp_set_num_threads(static_cast<int>(config.threads));
    return config;
}

void print_start(const RunConfig& config, Trainer& trainer, const Dataset& data) {
    fmt::print("device   {}\n", device_line(trainer.learner().device()));
    fmt::print("network  {} at {} pixels, D = {}\n", config.network.backbone, config.network.image,
               config.network.embedding);
    fmt::print("loss     {}\n", trainer.learner().loss().describe());
    if (config.sample_rate < 1) {
        const auto C = static_cast<int64_t>(data.people.size());
        fmt::print("classes  {} of {} a step\n", sampled_classes(C, config.sample_rate), C);
    }
    fmt::print("data     {} images of {} people, {} steps of {}{}\n", data.images.size(),
               data.people.size(), trainer.total_steps(), config.batch,
               config.per_person > 0 ? fmt::format(", {} of each person", config.per_person) : "");
    std::fflush(stdout);
}

// The floors are learned from the training pictures and judged on the same pairs as the model.
Floors floors_of(const RunConfig& config, const EvalSet& evaluation, const Dataset& data) {
    FloorOptions options;
    options.verify.seed = static_cast<uint64_t>(config.seed);
    return verification_floors(evaluation.images, evaluation.pairs, data.images, options);
}

std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }

// How many of the people judged were also learned from: 0 in an honest evaluation.
int64_t people_in_common(const Dataset& data, const EvalSet& evaluation) {
    const std::set<std::string> learned(data.people.begin(), data.people.end());
    return std::count_if(evaluation.people.begin(), evaluation.people.end(),
                         [&](const std::string& name) { return learned.contains(name); });
}

void warn_of_empty_batches(Trainer& trainer) {
    const StateArray* count = trainer.learner().loss().state().find("no_pairs");
    if (count == nullptr || count->value.at(0) == 0) return;
    fmt::print(stderr,
               "warning: {:.0f} of {} batches had no pair to learn from: see --per-person\n",
               count->value[0], trainer.total_steps());
}

void report(const RunConfig& config, const RunFolder& folder, const EvalSet& evaluation,
            const Dataset& data, const Verification& result) {
    const Floors floors = floors_of(config, evaluation, data);
    EvaluationCard card =
        card_of(folder.model(), config.network, evaluation, kEvaluateWithMirror, result);
    card.training_people =
        fmt::format("{} of the {} people evaluated on were trained on",
                    people_in_common(data, evaluation), evaluation.people.size());
    card.floors = floors;
    write_card(folder.card(), card);

    fmt::print("\n{}: {} same and {} different pairs\n", evaluation.source, result.same,
               result.different);
    Table table({"method", "accuracy", "sd", "EER", "AUC"});
    const auto row = [&](const std::string& name, const Verification& v) {
        table.row({name, percent(v.cross_validated.mean),
                   fmt::format("{:.2f}", 100 * v.cross_validated.std), percent(v.equal_error_rate),
                   fmt::format("{:.4f}", v.auc)});
    };
    row(fmt::format("{} + {}", config.network.backbone, config.loss), result);
    row(fmt::format("PCA, {} whitened components", floors.pca_dimensions), floors.whitened_pca);
    row("raw pixels", floors.raw_pixels);
    table.print();
}

constexpr int64_t profile_skip = 10, profile_steps = 20;

void train(const Request& request, const RunConfig& config, RunFolder& folder) {
    const bool resume = !request.resume.empty();
    check_config(config);
    make_loss(config.loss, config.loss_parameters);  // refuse before any picture is made
    if (!config.pairs.empty()) read_lfw_pairs(config.pairs);
    const Dataset data = training_data(config);
    const std::optional<EvalSet> evaluation = evaluation_data(config);
    if (resume && config.data_hash != data_hash(data)) {
        throw Error(fmt::format("{}: the training images have changed since (hash {}, then {})",
                                folder.path().string(), data_hash(data), config.data_hash),
                    "restore the images, or start a new run");
    }
    Device& device = chosen_device(precision_of(config));
    Trainer trainer(device, config, folder, data, evaluation ? &*evaluation : nullptr);
    print_start(config, trainer, data);
    if (config.schedule.warmup >= trainer.total_steps()) {
        fmt::print(stderr,
                   "warning: --warmup {} is as long as the run ({} steps): the learning rate "
                   "does not reach its peak\n",
                   config.schedule.warmup, trainer.total_steps());
    }
    if (const int64_t common = evaluation ? people_in_common(data, *evaluation) : 0; common > 0) {
        fmt::print(stderr, "warning: {} of the {} people evaluated on are also trained on\n",
                   common, evaluation->people.size());
    }
    if (!evaluation) {
        fmt::print(stderr, "no evaluation: give --pairs or --eval-data for one\n");
    }
    if (request.summary) fmt::print("{}", trainer.learner().network().summary(config.batch));
    if (resume) {
        trainer.resume();
        fmt::print("resumed  after step {} of {}\n", trainer.steps_done(), trainer.total_steps());
    } else {
        write_config(folder, config, trainer.learner(), data);
    }

    std::optional<profile::TrainProfile> profiled;
    if (!request.profile.empty()) {
        const int64_t left = trainer.total_steps() - trainer.steps_done();
        FACET_USAGE(left > profile_skip, "--profile skips {} steps, the run has {} to go",
                    profile_skip, left);
        profiled.emplace(request.profile, profile_skip, profile_steps);
    }
    std::optional<Microscope> microscope;
    if (request.microscope) {
        microscope.emplace(trainer.learner(), request.look, folder.path(), trainer.steps_done());
    }
    Progress progress("train", trainer.total_steps(), trainer.steps_done());
    TrainEvents events;
    events.step = [&](const StepReport& step) {
        if (profiled) profiled->after_step();
        progress.update(step.step,
                        fmt::format("epoch {} loss {:.3f} cos {:.3f} lr {:.4f} {:.0f} img/s",
                                    step.epoch + 1, step.result.loss, step.result.target_cosine,
                                    step.lr, step.images_per_second));
    };
    events.evaluation = [&](int64_t step, const Verification& result) {
        progress.say(
            fmt::format("step {}: accuracy {}", step, percent(result.cross_validated.mean)));
    };
    const std::atomic<bool>& interrupted = watch_for_interrupt();
    const Outcome outcome = trainer.run(interrupted, events);
    if (profiled && profiled->any()) {
        progress.say(profiled->finish(
            fmt::format("{} at {} px, batch {}, {}", config.network.backbone, config.network.image,
                        config.batch, trainer.learner().loss().describe()),
            device_line(device), trainer.learner(), config.batch));
    }
    if (outcome == Outcome::Interrupted || interrupted) {
        progress.say(fmt::format("interrupted after step {}; go on with: facet train --resume {}",
                                 trainer.steps_done(), folder.path().string()));
        set_exit_status(130);
        return;
    }
    stop_watching_for_interrupt();
    if (microscope && std::filesystem::file_size(microscope->file()) > 0) {
        fmt::print("the gradients: {}\n",
                   write_microscope_page(microscope->file(), trainer.learner().loss().describe())
                       .string());
    }
    warn_of_empty_batches(trainer);
    if (evaluation) report(config, folder, *evaluation, data, *trainer.last_evaluation());
    fmt::print("\nthe run is in {}\n", folder.path().string());
}

void run(const Request& request) {
    if (!request.resume.empty()) {
        RunFolder folder = RunFolder::open(request.resume);
        train(request, resolve_resumed(request, folder), folder);
        return;
    }
    const RunConfig config = resolve(request);
    FACET_USAGE(!config.data.empty(), "--data is needed: synth, or a folder DIR/<person>/<image>");
    FACET_USAGE(!request.out.empty(), "--out is needed: the folder of the new run");
    check_config(config);
    make_loss(config.loss, config.loss_parameters);
    RunFolder folder = RunFolder::create(request.out);
    train(request, config, folder);
}

}  // namespace

void add_train_command(CLI::App& app) {
    CLI::App* command =
        app.add_subcommand("train", "train a network on faces and evaluate it on people unseen");
    auto request = std::make_shared<Request>();
    command->add_option("--config", request->config_file, "TOML file; options override it");
    command->add_option("--out", request->out, "folder of the new run");
    command->add_option("--resume", request->resume, "go on with the run in this folder");
    command->add_option("--set", request->loss_parameters,
                        "parameters of the loss, as k=v (see `facet losses NAME`)");
    command->add_flag("--summary", request->summary, "print the layers, their shapes and costs");
    command->add_option("--profile", request->profile,
                        "folder for tables, a trace and a roofline of steps 11 to 30");
    command->add_flag(
        "--microscope", request->microscope,
        "write what the gradients look like: microscope.jsonl and, at the end, .html");
    command->add_option("--microscope-every", request->look.every, "steps from look to look")
        ->capture_default_str();
    command
        ->add_option("--microscope-others", request->look.others,
                     "losses whose gradient it compares (default: three that fit)")
        ->delimiter(',');
    add_settings(*command, request->given);
    command->footer(
        "Example: facet train --data synth --loss npt --set delta=1 k=1 --epochs 5 --out runs/npt\n"
        "         facet train --resume runs/npt");
    command->callback([request] { run(*request); });
}

}  // namespace facet
